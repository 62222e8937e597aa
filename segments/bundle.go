package segments

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"slices"
)

// Bundle is a published run on this machine, as its manifest describes it. The
// names in it are checked: they are safe to use as paths elsewhere. The files are
// checked by [Bundle.Verify], and while they are read with [Delivery.Open].
type Bundle struct {
	Export, Run string

	from     fs.FS
	manifest []byte
	files    []File
}

// OpenBundle reads and checks the manifest of a run. from is the run's folder,
// and stays open as long as the bundle is used.
func OpenBundle(from fs.FS, export, run string) (*Bundle, error) {
	switch {
	case !IsExportName(export):
		return nil, fmt.Errorf("%q is not the name of an export", export)
	case !IsRunName(run):
		return nil, fmt.Errorf("%q is not the name of a run", run)
	}
	text, err := fs.ReadFile(from, ManifestName)
	if err != nil {
		return nil, unreadable(ManifestName, err)
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("%s of the local run is damaged; make the run again", ManifestName)
	}
	if m.Export != export || m.Run != run {
		return nil, fmt.Errorf("%s of the local run is that of %s/%s", ManifestName, m.Export, m.Run)
	}
	seen := map[string]bool{ManifestName: true}
	for _, f := range m.Files {
		if !IsFileName(f.Name) || seen[f.Name] {
			return nil, fmt.Errorf("%s of the local run names a file %q; make the run again", ManifestName, f.Name)
		}
		seen[f.Name] = true
	}
	return &Bundle{Export: export, Run: run, from: from, manifest: text, files: m.Files}, nil
}

// Manifest is the text of the manifest. It is not to be changed.
func (b *Bundle) Manifest() []byte { return b.manifest }

// Files lists all files of the run: those that the manifest names, and last the
// manifest itself, so that it arrives last too.
func (b *Bundle) Files() []File {
	sum := sha256.Sum256(b.manifest)
	manifest := File{Name: ManifestName, Bytes: int64(len(b.manifest)), SHA256: hex.EncodeToString(sum[:])}
	return append(slices.Clone(b.files), manifest)
}

// Verify reads all files and compares them with the manifest.
func (b *Bundle) Verify(ctx context.Context) error {
	for _, f := range b.files {
		file, err := b.open(f)
		if err != nil {
			return err
		}
		if err := file.CopyTo(ctx, io.Discard); err != nil {
			return err
		}
	}
	return nil
}

// IsIn reports whether the folder holds this very run: the same manifest, and
// all files as it describes them.
func (b *Bundle) IsIn(ctx context.Context, folder fs.FS) bool {
	other, err := OpenBundle(folder, b.Export, b.Run)
	return err == nil && bytes.Equal(other.manifest, b.manifest) && other.Verify(ctx) == nil
}

// Open opens a file of the run, one of [Bundle.Files]. Progress is called while
// it is read.
func (d Delivery) Open(f File) (*BundleFile, error) {
	file, err := d.open(f)
	if err == nil && f.Name != ManifestName {
		file.progress = d.Progress
	}
	return file, err
}

func (b *Bundle) open(f File) (*BundleFile, error) {
	if f.Name == ManifestName {
		return &BundleFile{File: f, from: io.NopCloser(bytes.NewReader(b.manifest)), sum: sha256.New()}, nil
	}
	from, err := b.from.Open(f.Name)
	if err != nil {
		return nil, unreadable(f.Name, err)
	}
	return &BundleFile{File: f, from: from, sum: sha256.New()}, nil
}

// BundleFile is a file of a run while it is read. What is read is counted and
// hashed.
type BundleFile struct {
	File // as the manifest describes it

	from     io.ReadCloser
	sum      hash.Hash
	read     int64
	progress func(bytes int64) // may be nil
}

// Read implements [io.Reader]. An error of the file is a [LocalError].
func (f *BundleFile) Read(b []byte) (int, error) {
	n, err := f.from.Read(b)
	f.sum.Write(b[:n])
	f.read += int64(n)
	if f.progress != nil {
		f.progress(int64(n))
	}
	if err != nil && err != io.EOF {
		err = unreadable(f.Name, err)
	}
	return n, err
}

// Close closes the file.
func (f *BundleFile) Close() error { return f.from.Close() }

// Verify compares what was read, which is all of the file, with the manifest.
func (f *BundleFile) Verify() error {
	if sum := hex.EncodeToString(f.sum.Sum(nil)); f.read != f.Bytes || sum != f.SHA256 {
		return fmt.Errorf("local file %s does not match the run's manifest (%d bytes with sha256 %s; it has %d with %s), so it was changed or is damaged; make the run again",
			f.Name, f.Bytes, f.SHA256, f.read, sum)
	}
	return nil
}

// CopyTo copies the file to to, closes it, and compares it with the manifest. It
// stops when ctx ends.
func (f *BundleFile) CopyTo(ctx context.Context, to io.Writer) error {
	_, err := io.Copy(to, untilDone{ctx, f})
	return cmp.Or(err, f.Close(), f.Verify())
}

// untilDone reads until ctx ends.
type untilDone struct {
	ctx context.Context
	io.Reader
}

// Read implements [io.Reader].
func (r untilDone) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}

// LocalError marks errors of reading the run's own files on this machine, as
// opposed to errors of the destination.
type LocalError struct{ error }

// Unwrap returns the cause.
func (e LocalError) Unwrap() error { return e.error }

func unreadable(name string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return LocalError{fmt.Errorf("can't read %s of the local run: %w", name, err)}
}
