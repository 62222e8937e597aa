package destination

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"winnow/segments"
)

// draft is a run in the making: a folder beside the published ones.
type draft struct {
	to          Directory
	export, run string
	folder      *os.Root // of the export
	files       *os.Root // of the draft
	open        []*os.File
	done        bool
}

func (d *draft) problem(doing string, err error) error {
	return d.to.problem(doing+" "+d.export+"/"+d.run, err)
}

// Create implements [segments.Draft].
func (d *draft) Create(name string) (segments.DraftFile, error) {
	if !fileName.MatchString(name) {
		return nil, d.problem("writing", fmt.Errorf("%q is not the name of a file of a run", name))
	}
	step("create " + name)
	f, err := d.files.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, d.problem("writing", err)
	}
	d.open = append(d.open, f)
	return &draftFile{draft: d, file: f, name: name}, nil
}

// Publish implements [segments.Draft].
func (d *draft) Publish() error {
	defer d.folder.Close()
	defer d.close()
	err := d.publish()
	if err != nil {
		step("abort")
		_ = d.folder.RemoveAll(draftOf + d.run) // what stays is swept by the next run
	}
	return d.problem("publishing", err)
}

// Hold implements [segments.Draft].
func (d *draft) Hold() error {
	defer d.folder.Close()
	defer d.close()
	return d.problem("holding", d.hold())
}

// publish makes the link before the run is seen: where none can be made, or none
// can take the place of latest, no run appears that readers are not pointed to.
func (d *draft) publish() error {
	if pointsTo(d.folder) == d.run {
		return d.appear()
	}
	if err := linkable(d.folder); err != nil {
		return err
	}
	if err := makeLink(d.folder, d.run); err != nil {
		return err
	}
	if err := d.appear(); err != nil {
		return err
	}
	return swapLatest(d.folder)
}

// linkable tells what is in the way of latest, if anything is.
func linkable(folder *os.Root) error {
	there, err := folder.Lstat(latest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && there.IsDir():
		return &fs.PathError{Op: "swap", Path: latest, Err: fs.ErrExist}
	}
	return err
}

// appear makes the run visible, and leaves readers pointed where they are.
func (d *draft) appear() error {
	step("sync draft")
	if err := syncFolder(d.files); err != nil {
		return err
	}
	if err := d.show(); err != nil {
		return err
	}
	step("sync the run's name")
	return syncFolder(d.folder)
}

// show gives the draft the run's name, which it takes from the run that has it.
func (d *draft) show() error {
	there, err := d.folder.Lstat(d.run)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		step("rename draft")
		return d.folder.Rename(draftOf+d.run, d.run)
	case err != nil:
		return err
	case !there.IsDir():
		return fmt.Errorf("%s is there and is not a folder: %w", d.run, fs.ErrExist)
	}
	step("exchange draft")
	if err := exchange(d.folder, draftOf+d.run, d.run); err != nil {
		return fmt.Errorf("the run is already there and can't be replaced in one step here: %w", err)
	}
	return nil
}

// Abort implements [segments.Draft].
func (d *draft) Abort() error {
	if d.done {
		return nil
	}
	d.close()
	defer d.folder.Close()
	step("abort")
	return d.problem("taking away the draft of", d.folder.RemoveAll(draftOf+d.run))
}

// close also closes the files that an abort leaves open: as long as they are
// open, what they take on the disk is not free.
func (d *draft) close() {
	d.done = true
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
	step("write " + f.name)
	n, err := f.file.Write(b)
	return n, f.draft.problem("writing", err)
}

// Close implements [segments.DraftFile].
func (f *draftFile) Close() error {
	step("sync " + f.name)
	err := f.file.Sync()
	return f.draft.problem("writing", cmp.Or(err, f.file.Close()))
}

// Discard implements [segments.DraftFile].
func (f *draftFile) Discard() error {
	f.file.Close()
	step("discard " + f.name)
	return f.draft.problem("writing", f.draft.files.Remove(f.name))
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
