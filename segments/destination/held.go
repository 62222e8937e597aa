package destination

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"winnow/segments"
)

// hold moves the draft among the held runs.
func (d *draft) hold() error {
	step("sync draft")
	if err := syncFolder(d.files); err != nil {
		return err
	}
	among, err := openHeld(d.folder)
	if err != nil {
		return err
	}
	defer among.Close()
	switch place, err := find(d.folder, d.run); {
	case err != nil:
		return err
	case place == segments.AmongHeld:
		if err := remove(d.folder, heldPath(d.run), d.run); err != nil {
			return err
		}
	}
	step("rename draft to held")
	if err := d.folder.Rename(draftOf+d.run, heldPath(d.run)); err != nil {
		return err
	}
	step("sync held")
	return cmp.Or(syncFolder(among), syncFolder(d.folder))
}

// openHeld opens the folder of the held runs; it is made when it is missing.
func openHeld(folder *os.Root) (*os.Root, error) {
	among, err := folder.OpenRoot(held)
	if errors.Is(err, fs.ErrNotExist) {
		return makeFolder(folder, held)
	}
	return among, err
}

func heldPath(run string) string { return held + "/" + run }

// Find implements [segments.Holder].
func (d Directory) Find(export, run string) (segments.Place, error) {
	if !isRun(run) {
		return segments.Nowhere, nil
	}
	folder, err := d.open(export, false)
	if err != nil || folder == nil {
		return segments.Nowhere, err
	}
	defer folder.Close()
	place, err := find(folder, run)
	return place, d.problem("looking for run "+export+"/"+run, err)
}

// find looks for the run. Among the held ones it has been held last: a run that
// is released leaves that place.
func find(folder *os.Root, run string) (segments.Place, error) {
	if is, err := isFolder(folder, heldPath(run)); err != nil || is {
		return segments.AmongHeld, err
	}
	if is, err := isFolder(folder, run); err != nil || is {
		return segments.AmongPublished, err
	}
	return segments.Nowhere, nil
}

func isFolder(folder *os.Root, path string) (bool, error) {
	info, err := folder.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	return err == nil && info.IsDir(), err
}

// Release implements [segments.Holder].
func (d Directory) Release(export, run string) error {
	doing := "releasing run " + export + "/" + run
	if !isRun(run) {
		return d.problem(doing, fmt.Errorf("%q is not the name of a run", run))
	}
	folder, err := d.open(export, false)
	if err != nil {
		return err
	}
	if folder == nil {
		return d.problem(doing, errNotHeld)
	}
	defer folder.Close()
	return d.problem(doing, release(folder, run))
}

var errNotHeld = errors.New("it is not there, neither held nor published")

func release(folder *os.Root, run string) error {
	if err := sweep(folder); err != nil {
		return err
	}
	place, err := find(folder, run)
	switch {
	case err != nil:
		return err
	case place == segments.Nowhere:
		return errNotHeld
	case place == segments.AmongHeld:
		step("rename held run")
		if err := folder.Rename(heldPath(run), run); err != nil {
			return err
		}
	}
	step("sync the released run's name")
	if err := syncFolder(folder); err != nil {
		return err
	}
	if pointsTo(folder) != run {
		if err := point(folder, run); err != nil {
			return err
		}
	}
	return tidyHeld(folder)
}

// discardHeld takes away the held runs but those to keep.
func discardHeld(folder *os.Root, keep []string) error {
	if is, err := isFolder(folder, held); err != nil || !is {
		return err
	}
	among, err := folder.OpenRoot(held)
	if err != nil {
		return err
	}
	defer among.Close()
	runs, err := runsIn(among)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if slices.Contains(keep, run) {
			continue
		}
		if err := remove(folder, heldPath(run), run); err != nil {
			return err
		}
	}
	return tidyHeld(folder)
}

// tidyHeld takes the folder of the held runs away when it is empty.
func tidyHeld(folder *os.Root) error {
	if is, err := isFolder(folder, held); err != nil || !is {
		return err
	}
	step("remove empty held")
	err := folder.Remove(held)
	if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
