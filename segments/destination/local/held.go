package local

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"winnow/segments"
	"winnow/segments/destination"
)

// Location is where a folder has a run, from the least to the most public.
type Location uint8

// The locations of a run.
const (
	Missing Location = iota
	Held
	Published
)

// Find returns where the run is.
func (f Folder) Find(export, run string) (Location, error) {
	if !segments.IsRunName(run) {
		return Missing, nil
	}
	folder, err := f.open(export, false)
	if err != nil || folder == nil {
		return Missing, err
	}
	defer folder.Close()
	at, err := locate(folder, run)
	return at, f.failed("looking for run "+export+"/"+run, err)
}

// locate looks for the run. If it is held it was held last: a run that is
// released leaves the held ones.
func locate(folder *os.Root, run string) (Location, error) {
	if is, err := isFolder(folder, heldPath(run)); err != nil || is {
		return Held, err
	}
	if is, err := isFolder(folder, run); err != nil || is {
		return Published, err
	}
	return Missing, nil
}

func isFolder(folder *os.Root, path string) (bool, error) {
	info, err := folder.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	return err == nil && info.IsDir(), err
}

func heldPath(run string) string { return destination.Held + "/" + run }

// hold moves the draft to the held runs.
func (d *draft) hold() error {
	beforeStep("sync draft")
	if err := syncFolder(d.files); err != nil {
		return err
	}
	heldRuns, err := openHeld(d.folder)
	if err != nil {
		return err
	}
	defer heldRuns.Close()
	switch at, err := locate(d.folder, d.run); {
	case err != nil:
		return err
	case at == Held:
		if err := removeRun(d.folder, heldPath(d.run), d.run); err != nil {
			return err
		}
	}
	beforeStep("rename draft to held")
	if err := d.folder.Rename(destination.DraftPrefix+d.run, heldPath(d.run)); err != nil {
		return err
	}
	beforeStep("sync held")
	return cmp.Or(syncFolder(heldRuns), syncFolder(d.folder))
}

// openHeld opens the folder of the held runs; it is made when it is missing.
func openHeld(folder *os.Root) (*os.Root, error) {
	heldRuns, err := folder.OpenRoot(destination.Held)
	if errors.Is(err, fs.ErrNotExist) {
		return makeFolder(folder, destination.Held)
	}
	return heldRuns, err
}

// Release publishes a held run and points readers to it. It can be repeated: what
// was done of it before is not done again.
func (f Folder) Release(export, run string) error {
	doing := "releasing run " + export + "/" + run
	if !segments.IsRunName(run) {
		return f.failed(doing, fmt.Errorf("%q is not the name of a run", run))
	}
	folder, err := f.open(export, false)
	if err != nil {
		return err
	}
	if folder == nil {
		return f.failed(doing, errMissing)
	}
	defer folder.Close()
	return f.failed(doing, release(folder, run))
}

var errMissing = errors.New("the run is neither held nor published there")

func release(folder *os.Root, run string) error {
	if err := removeLeftovers(folder); err != nil {
		return err
	}
	at, err := locate(folder, run)
	switch {
	case err != nil:
		return err
	case at == Missing:
		return errMissing
	case at == Held:
		beforeStep("rename held run")
		if err := folder.Rename(heldPath(run), run); err != nil {
			return err
		}
	}
	beforeStep("sync the released run's name")
	if err := syncReleased(folder, at, run); err != nil {
		return err
	}
	if latestRun(folder) != run {
		if err := pointLatest(folder, run); err != nil {
			return err
		}
	}
	return removeEmptyHeld(folder)
}

// syncReleased makes durable that the run, which was there, has the name of a
// published one, and that alone.
func syncReleased(folder *os.Root, at Location, run string) error {
	if at == Held {
		return syncMoved(folder, heldPath(run))
	}
	return syncFolder(folder)
}

// discardHeld removes the held runs but those to keep.
func discardHeld(folder *os.Root, keep []string) error {
	if is, err := isFolder(folder, destination.Held); err != nil || !is {
		return err
	}
	heldRuns, err := folder.OpenRoot(destination.Held)
	if err != nil {
		return err
	}
	defer heldRuns.Close()
	runs, err := runsIn(heldRuns)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if slices.Contains(keep, run) {
			continue
		}
		if err := removeRun(folder, heldPath(run), run); err != nil {
			return err
		}
	}
	return removeEmptyHeld(folder)
}

// removeEmptyHeld removes the folder of the held runs when it is empty.
func removeEmptyHeld(folder *os.Root) error {
	if is, err := isFolder(folder, destination.Held); err != nil || !is {
		return err
	}
	beforeStep("remove empty held")
	err := folder.Remove(destination.Held)
	if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
