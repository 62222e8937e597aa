package destination

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"slices"

	"winnow/segments"
)

// parcel is a run that is brought somewhere, as its manifest tells of it.
type parcel struct {
	segments.Delivery
	manifest []byte // as it was written
	files    []segments.File
}

// pack reads and checks the run's manifest. The file names in it become paths on
// another machine, so none is trusted.
func pack(d segments.Delivery) (*parcel, error) {
	switch {
	case !exportName.MatchString(d.Export):
		return nil, fmt.Errorf("%q is not the name of an export", d.Export)
	case !isRun(d.Run):
		return nil, fmt.Errorf("%q is not the name of a run", d.Run)
	case d.Keep < 1:
		return nil, fmt.Errorf("of its runs %d would be kept: at least 1 is", d.Keep)
	}
	text, err := fs.ReadFile(d.From, segments.ManifestName)
	if err != nil {
		return nil, unreadable(segments.ManifestName, err)
	}
	var m segments.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("the %s of the run here is damaged; make the run again", segments.ManifestName)
	}
	if m.Export != d.Export || m.Run != d.Run {
		return nil, fmt.Errorf("the %s of the run here is that of %s/%s", segments.ManifestName, m.Export, m.Run)
	}
	seen := map[string]bool{segments.ManifestName: true}
	for _, f := range m.Files {
		if !fileName.MatchString(f.Name) || seen[f.Name] {
			return nil, fmt.Errorf("the %s of the run here names a file %q", segments.ManifestName, f.Name)
		}
		seen[f.Name] = true
	}
	return &parcel{Delivery: d, manifest: text, files: m.Files}, nil
}

// open opens a file of the run, which is hashed while it is read.
func (p *parcel) open(f segments.File) (*content, error) {
	file, err := p.From.Open(f.Name)
	if err != nil {
		return nil, unreadable(f.Name, err)
	}
	return &content{name: f.Name, from: file, sum: sha256.New(), want: f, progress: p.Progress}, nil
}

// manifestContent is the manifest, to be written as the files are.
func (p *parcel) manifestContent() *content {
	return &content{
		name: segments.ManifestName, from: io.NopCloser(bytes.NewReader(p.manifest)), sum: sha256.New(), want: p.manifestFile(),
	}
}

// manifestFile is the manifest as a file of the run.
func (p *parcel) manifestFile() segments.File {
	sum := sha256.Sum256(p.manifest)
	return segments.File{Name: segments.ManifestName, Bytes: int64(len(p.manifest)), SHA256: hex.EncodeToString(sum[:])}
}

// all are the files of the run, the manifest last.
func (p *parcel) all() []segments.File { return append(slices.Clone(p.files), p.manifestFile()) }

// content is a file of a run while it is read.
type content struct {
	name string
	from io.ReadCloser
	sum  hash.Hash
	read int64
	want segments.File

	progress func(bytes int64) // nil for nobody
}

// Read implements [io.Reader].
func (c *content) Read(b []byte) (int, error) {
	n, err := c.from.Read(b)
	c.sum.Write(b[:n])
	c.read += int64(n)
	if c.progress != nil {
		c.progress(int64(n))
	}
	if err != nil && err != io.EOF {
		err = unreadable(c.name, err)
	}
	return n, err
}

// verify tells, at the end, whether what was read is what the manifest tells of.
func (c *content) verify() error {
	if sum := hex.EncodeToString(c.sum.Sum(nil)); c.read != c.want.Bytes || sum != c.want.SHA256 {
		return fmt.Errorf("%s here is not what the run's manifest tells of (%d bytes with sha256 %s; it has %d with %s), so it was changed or is damaged; make the run again",
			c.name, c.want.Bytes, c.want.SHA256, c.read, sum)
	}
	return nil
}

// hereError marks errors about the local files of the run, as opposed to the
// server.
type hereError struct{ error }

func (e hereError) Unwrap() error { return e.error }

func unreadable(name string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return hereError{fmt.Errorf("%s of the run here can't be read: %w", name, err)}
}
