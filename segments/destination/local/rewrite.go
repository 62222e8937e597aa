package local

import (
	"errors"
	"io/fs"
	"os"

	"winnow/segments"
	"winnow/segments/destination"
)

// Runs lists the runs of an export that the folder has, published and held.
func (f Folder) Runs(export string) (runs []string, err error) {
	folder, err := f.open(export, false)
	if err != nil || folder == nil {
		return nil, err
	}
	defer folder.Close()
	if runs, err = runsIn(folder); err != nil {
		return nil, err
	}
	is, err := isFolder(folder, destination.Held)
	if err != nil || !is {
		return runs, err
	}
	heldRuns, err := folder.OpenRoot(destination.Held)
	if err != nil {
		return nil, err
	}
	defer heldRuns.Close()
	held, err := runsIn(heldRuns)
	return append(runs, held...), err
}

// Read calls read with the files of a run, published or held.
func (f Folder) Read(export, run string, read func(from fs.FS) error) error {
	files, _, err := f.openWherever(export, run)
	if err != nil {
		return err
	}
	defer files.Close()
	return read(files.FS())
}

func (f Folder) openWherever(export, run string) (files *os.Root, at Location, err error) {
	if at, err = f.Find(export, run); err != nil {
		return nil, at, err
	}
	folder, err := f.open(export, false)
	if err != nil || folder == nil {
		return nil, at, errors.Join(err, fs.ErrNotExist)
	}
	defer folder.Close()
	path := run
	if at == Held {
		path = heldPath(run)
	}
	files, err = folder.OpenRoot(path)
	return files, at, f.failed("opening run "+export+"/"+run, err)
}

// Rewrite replaces a run, published or held, by what rewrite makes of it, in one step. No
// run of the export may be made meanwhile.
func (f Folder) Rewrite(export, run string, rewrite func(from fs.FS, create func(name string) (segments.DraftFile, error)) error) error {
	files, at, err := f.openWherever(export, run)
	if err != nil {
		return err
	}
	defer files.Close()
	d, err := f.begin(export, run)
	if err != nil {
		return err
	}
	if err := rewrite(files.FS(), d.Create); err != nil {
		return errors.Join(err, d.Abort())
	}
	if at == Held {
		return d.Hold()
	}
	defer d.folder.Close()
	defer d.close()
	if err := d.makeVisible(); err != nil {
		return d.failed("replacing", err)
	}
	return f.failed("removing what was replaced of "+export, removeLeftovers(d.folder))
}
