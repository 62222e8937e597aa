package local

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"winnow/segments"
	"winnow/segments/destination"
)

// draft is a run in the making: a folder beside the published ones.
type draft struct {
	to          Folder
	export, run string
	folder      *os.Root // of the export
	files       *os.Root // of the draft
	open        []*os.File
	closed      bool
}

func (d *draft) failed(doing string, err error) error {
	return d.to.failed(doing+" "+d.export+"/"+d.run, err)
}

// Create implements [segments.Draft].
func (d *draft) Create(name string) (segments.DraftFile, error) {
	if !segments.IsFileName(name) {
		return nil, d.failed("writing", fmt.Errorf("%q is not the name of a file of a run", name))
	}
	beforeStep("create " + name)
	f, err := d.create(name)
	if err != nil {
		return nil, d.failed("writing", err)
	}
	d.open = append(d.open, f)
	return &draftFile{draft: d, file: f, name: name}, nil
}

func (d *draft) create(name string) (*os.File, error) {
	mode, err := modeWithin(d.files, fileMode)
	if err != nil {
		return nil, err
	}
	f, err := d.files.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(mode); err != nil { // the umask may have taken some away
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Publish implements [segments.Draft].
func (d *draft) Publish() error {
	defer d.folder.Close()
	defer d.close()
	err := d.publish()
	if err != nil {
		beforeStep("abort")
		_ = d.folder.RemoveAll(destination.DraftPrefix + d.run) // if it stays, the next run removes it
	}
	return d.failed("publishing", err)
}

// Hold implements [segments.Draft].
func (d *draft) Hold() error {
	defer d.folder.Close()
	defer d.close()
	return d.failed("holding", d.hold())
}

// publish makes the link before the run is visible: where none can be made, or
// none can take the place of latest, no run appears that readers are not pointed
// to.
func (d *draft) publish() error {
	if latestRun(d.folder) == d.run {
		return d.makeVisible()
	}
	if err := canSwapLatest(d.folder); err != nil {
		return err
	}
	if err := makeNextLatest(d.folder, d.run); err != nil {
		return err
	}
	if err := d.makeVisible(); err != nil {
		return err
	}
	return swapLatest(d.folder)
}

// makeVisible gives the draft the run's name, which it takes from a run that has
// it. Readers stay pointed where they are.
func (d *draft) makeVisible() error {
	beforeStep("sync draft")
	if err := syncFolder(d.files); err != nil {
		return err
	}
	there, err := d.folder.Lstat(d.run)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		beforeStep("rename draft")
		err = d.folder.Rename(destination.DraftPrefix+d.run, d.run)
	case err != nil:
	case !there.IsDir():
		err = fmt.Errorf("%s exists and is not a folder: %w", d.run, fs.ErrExist)
	default:
		beforeStep("exchange draft")
		if err = exchange(d.folder, destination.DraftPrefix+d.run, d.run); err != nil {
			err = fmt.Errorf("the run exists already and can't be replaced in one step on this file system: %w", err)
		}
	}
	if err != nil {
		return err
	}
	beforeStep("sync the run's name")
	return syncFolder(d.folder)
}

// exchange swaps the names of two folders in one step.
func exchange(in *os.Root, a, b string) error {
	folder, err := in.Open(".")
	if err != nil {
		return err
	}
	defer folder.Close()
	at := int(folder.Fd())
	return unix.Renameat2(at, a, at, b, unix.RENAME_EXCHANGE)
}

// Abort implements [segments.Draft].
func (d *draft) Abort() error {
	if d.closed {
		return nil
	}
	d.close()
	defer d.folder.Close()
	beforeStep("abort")
	return d.failed("removing the draft of", d.folder.RemoveAll(destination.DraftPrefix+d.run))
}

// close also closes the files that an abort leaves open: the disk space of an
// open file is not freed.
func (d *draft) close() {
	d.closed = true
	for _, f := range d.open {
		f.Close()
	}
	d.files.Close()
}

// draftFile is one file of a draft.
type draftFile struct {
	draft *draft
	file  *os.File
	name  string
}

// Write implements [segments.DraftFile].
func (f *draftFile) Write(b []byte) (int, error) {
	beforeStep("write " + f.name)
	n, err := f.file.Write(b)
	return n, f.draft.failed("writing", err)
}

// Close implements [segments.DraftFile].
func (f *draftFile) Close() error {
	beforeStep("sync " + f.name)
	err := f.file.Sync()
	return f.draft.failed("writing", cmp.Or(err, f.file.Close()))
}

// Discard implements [segments.DraftFile].
func (f *draftFile) Discard() error {
	f.file.Close()
	beforeStep("discard " + f.name)
	return f.draft.failed("writing", f.draft.files.Remove(f.name))
}
