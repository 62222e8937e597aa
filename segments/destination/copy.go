package destination

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"winnow/segments"
)

// Open opens the folder of a published run. It stays what it is while it is
// open, whatever becomes of its name. The error is [fs.ErrNotExist] when the run
// is not there.
func (d Directory) Open(export, run string) (*os.Root, error) {
	doing := "opening run " + export + "/" + run
	folder, err := d.open(export, false)
	if err != nil {
		return nil, err
	}
	if folder == nil || !isRun(run) {
		return nil, d.problem(doing, fs.ErrNotExist)
	}
	defer folder.Close()
	files, err := folder.OpenRoot(run)
	return files, d.problem(doing, err)
}

// Whole reads all files of a run and tells whether they are what its manifest
// says; nil when they are.
func Whole(ctx context.Context, from fs.FS, export, run string) error {
	p, err := pack(segments.Delivery{Export: export, Run: run, From: from, Keep: 1})
	if err != nil {
		return err
	}
	for _, f := range p.files {
		c, err := p.open(f)
		if err == nil {
			err = c.pour(ctx, io.Discard)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pour copies the content to to, closes the source, and checks size and hash
// against the manifest.
func (c *content) pour(ctx context.Context, to io.Writer) error {
	_, err := io.Copy(to, untilEnd{ctx, c})
	return cmp.Or(err, c.from.Close(), c.verify())
}

// untilEnd reads until ctx ends.
type untilEnd struct {
	ctx context.Context
	io.Reader
}

// Read implements [io.Reader].
func (r untilEnd) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}

// Deliver implements [segments.Remote], so that an existing run can be copied
// into a directory. It prunes nothing, because the copied run may be older than
// all that are kept. The caller holds the run lock.
func (d Directory) Deliver(ctx context.Context, r segments.Delivery) error {
	p, err := pack(r)
	if err != nil {
		return d.problem("copying run "+r.Export+"/"+r.Run, err)
	}
	if there, err := d.Open(r.Export, r.Run); err == nil {
		is := p.liesIn(ctx, there.FS())
		there.Close()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case is && r.Newest:
			return d.show(r.Export, r.Run)
		case is:
			return nil
		}
	}
	return d.copy(ctx, p)
}

// liesIn tells whether the whole run is there, and not another of its name.
func (p *parcel) liesIn(ctx context.Context, folder fs.FS) bool {
	manifest, err := fs.ReadFile(folder, segments.ManifestName)
	return err == nil && bytes.Equal(manifest, p.manifest) && Whole(ctx, folder, p.Export, p.Run) == nil
}

// show points readers to a run that is there.
func (d Directory) show(export, run string) error {
	folder, err := d.open(export, true)
	if err != nil {
		return err
	}
	defer folder.Close()
	err = sweep(folder)
	if err == nil && pointsTo(folder) != run {
		err = point(folder, run)
	}
	return d.problem("publishing "+export+"/"+run, err)
}

func (d Directory) copy(ctx context.Context, p *parcel) error {
	begun, err := d.Begin(p.Export, p.Run)
	if err != nil {
		return err
	}
	draft := begun.(*draft)
	defer draft.Abort()
	for _, f := range p.files {
		c, err := p.open(f)
		if err == nil {
			err = draft.copy(ctx, c)
		}
		if err != nil {
			return draft.problem("copying", err)
		}
	}
	if err := draft.copy(ctx, p.manifestContent()); err != nil {
		return draft.problem("copying", err)
	}
	if p.Newest {
		return draft.Publish()
	}
	defer draft.folder.Close()
	defer draft.close()
	// What the run took the place of is left over.
	return draft.problem("publishing", cmp.Or(draft.appear(), sweep(draft.folder)))
}

// copy writes a file of the run, which stays only if it is what it should be.
func (d *draft) copy(ctx context.Context, c *content) error {
	file, err := d.Create(c.name)
	if err != nil {
		return errors.Join(err, c.from.Close())
	}
	if err := c.pour(ctx, file); err != nil {
		return err
	}
	return file.Close()
}
