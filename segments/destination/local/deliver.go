package local

import (
	"context"
	"errors"
	"os"

	"winnow/segments"
)

// Deliver implements [segments.Destination], so that an existing run can be
// copied into a folder. It removes no other run, because the copied one may be
// older than all that are kept; those are removed when a run is made. One process
// at a time writes to the folder of an export: another would remove its draft as
// what an interrupted run left.
func (f Folder) Deliver(ctx context.Context, d segments.Delivery) error {
	if there, err := f.Open(d.Export, d.Run); err == nil {
		isWhole := d.IsIn(ctx, there.FS())
		there.Close()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case isWhole && d.Newest:
			return f.pointTo(d.Export, d.Run)
		case isWhole:
			return nil
		}
	}
	return f.copy(ctx, d)
}

// pointTo points readers to a run that is there.
func (f Folder) pointTo(export, run string) error {
	return f.inExport("publishing "+export+"/"+run, export, func(folder *os.Root) error {
		err := removeLeftovers(folder)
		if err == nil && latestRun(folder) != run {
			err = pointLatest(folder, run)
		}
		return err
	})
}

// inExport runs do in the folder of the export.
func (f Folder) inExport(doing, export string, do func(folder *os.Root) error) error {
	folder, err := f.open(export, true)
	if err != nil {
		return err
	}
	defer folder.Close()
	return f.failed(doing, do(folder))
}

func (f Folder) copy(ctx context.Context, d segments.Delivery) error {
	draft, err := f.begin(d.Export, d.Run)
	if err != nil {
		return err
	}
	defer draft.Abort()
	for _, file := range d.Files() {
		from, err := d.Open(file)
		if err == nil {
			err = draft.copy(ctx, from)
		}
		if err != nil {
			return draft.failed("copying", err)
		}
	}
	if d.Newest {
		err = draft.Publish()
	} else {
		err = draft.publishOlder()
	}
	if err != nil {
		return err
	}
	// A run that was replaced is a leftover now.
	return f.inExport("publishing "+d.Export+"/"+d.Run, d.Export, removeLeftovers)
}

// publishOlder makes the run visible, and leaves readers pointed where they are.
func (d *draft) publishOlder() error {
	defer d.folder.Close()
	defer d.close()
	return d.failed("publishing", d.makeVisible())
}

// copy copies a file of the run, and closes the copy only if it is intact.
func (d *draft) copy(ctx context.Context, from *segments.BundleFile) error {
	file, err := d.Create(from.Name)
	if err != nil {
		return errors.Join(err, from.Close())
	}
	if err := from.CopyTo(ctx, file); err != nil {
		return err
	}
	return file.Close()
}

var (
	_ segments.Publisher   = Folder("")
	_ segments.Destination = Folder("")
)
