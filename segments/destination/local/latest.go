package local

import (
	"errors"
	"io/fs"
	"os"

	"winnow/segments/destination"
)

// latestRun is the run that readers are pointed to; empty for none.
func latestRun(folder *os.Root) string {
	run, err := folder.Readlink(destination.Latest)
	if err != nil {
		return ""
	}
	return run
}

// pointLatest points readers to the run.
func pointLatest(folder *os.Root, run string) error {
	if err := makeNextLatest(folder, run); err != nil {
		return err
	}
	return swapLatest(folder)
}

// makeNextLatest makes the link that swapLatest then puts in place.
func makeNextLatest(folder *os.Root, run string) error {
	beforeStep("make link")
	return folder.Symlink(run, destination.NextLatest)
}

// swapLatest puts the next latest in the place of latest. Where something is in
// the way, such as a folder, the link is removed again.
func swapLatest(folder *os.Root) error {
	beforeStep("swap latest")
	if err := folder.Rename(destination.NextLatest, destination.Latest); err != nil {
		beforeStep("remove link")
		_ = folder.Remove(destination.NextLatest) // if it stays, the next run removes it
		return err
	}
	beforeStep("sync the swap")
	return syncFolder(folder)
}

// canSwapLatest returns an error when a folder has the name of the link.
func canSwapLatest(folder *os.Root) error {
	there, err := folder.Lstat(destination.Latest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && there.IsDir():
		return &fs.PathError{Op: "swap", Path: destination.Latest, Err: fs.ErrExist}
	}
	return err
}
