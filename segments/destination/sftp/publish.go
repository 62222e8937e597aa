package sftp

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"

	"winnow/segments"
	"winnow/segments/destination"
)

// publish gives the draft the run's name, in one step. What has the name already
// is moved aside before, and removed after.
func (f exportFolder) publish(d segments.Delivery, exists bool) error {
	run, aside, moved := f.at(d.Run), f.removedName(d.Run), false
	if exists {
		err := f.rename(run, aside)
		switch {
		case isRefused(err) && !f.canRenameFolders(d):
			return f.publishByFiles(d, true)
		case errors.Is(err, fs.ErrNotExist): // another delivery moved it
		case err != nil:
			return onServer(run, err)
		default:
			moved = true
		}
	}
	err := f.rename(f.draft(d), run)
	if isRefused(err) {
		err = f.publishRefused(d)
	}
	if !moved {
		return onServer(run, err)
	}
	if err != nil {
		// Readers had the other one before. It is whole, unless another delivery
		// removed it.
		if f.orConcurrent(f.rename(aside, run), run) == errConcurrent {
			_ = f.removeAll(aside, maxDepth)
		}
		return onServer(run, err)
	}
	_ = f.removeAll(aside, maxDepth) // if it stays, it is removed once it is old
	return nil
}

// rename gives something a name that nothing else has.
func (f exportFolder) rename(from, to string) error {
	return f.withLongTimeout(func() error { return f.Rename(from, to) })
}

// publishRefused goes on when the draft can't have the run's name: another
// delivery has taken it, or had it a moment ago, or the server renames no folders.
func (f exportFolder) publishRefused(d segments.Delivery) error {
	exists, whole, err := f.find(d)
	switch {
	case err != nil || whole:
		return err
	case exists, f.canRenameFolders(d):
		return onServer(f.at(d.Run), errConcurrent)
	}
	return f.publishByFiles(d, false)
}

// canRenameFolders finds out, with the draft, whether the server renames folders
// that are not empty.
func (f exportFolder) canRenameFolders(d segments.Delivery) bool {
	draft, other := f.draft(d), f.removedName(d.Run)
	return f.rename(draft, other) == nil && f.rename(other, draft) == nil
}

// publishByFiles is for servers that can rename files but not folders. The old
// manifest is removed first and the new one arrives last: a folder without a
// manifest is not a run.
func (f exportFolder) publishByFiles(d segments.Delivery, exists bool) error {
	run, draft := f.at(d.Run), f.draft(d)
	if exists {
		if _, whole, err := f.find(d); err != nil || whole {
			return err
		}
		if err := f.empty(run, maxDepth); err != nil {
			return err
		}
		if err := f.makeFolder(run); err != nil { // in S3 it disappeared with its last file
			return err
		}
	} else if err := f.Mkdir(run); err != nil {
		return onServer(run, f.orConcurrent(err, run))
	}
	for i, file := range d.Files() {
		to := path.Join(run, file.Name)
		if exists && file.Name == segments.ManifestName {
			if err := f.readBack(d); err != nil {
				return err
			}
		}
		err := f.rename(path.Join(draft, file.Name), to)
		if err != nil && i == 0 {
			_ = f.RemoveDirectory(run) // it is empty
		}
		if err != nil {
			return onServer(to, f.orConcurrent(err, to))
		}
	}
	return nil
}

// readBack compares the files of a run that has no manifest yet with what they
// should be: another delivery may have been filling the folder too. A login that
// may not read can't compare.
func (f exportFolder) readBack(d segments.Delivery) error {
	for _, file := range d.Files() {
		if file.Name == segments.ManifestName {
			continue
		}
		name := path.Join(f.at(d.Run), file.Name)
		there, err := f.Open(name)
		if err != nil {
			return onServer(name, err)
		}
		sum := sha256.New()
		_, err = io.Copy(sum, there)
		there.Close()
		if err == nil && hex.EncodeToString(sum.Sum(nil)) != file.SHA256 {
			err = errConcurrent
		}
		if err != nil && !errors.Is(err, fs.ErrPermission) {
			return onServer(name, err)
		}
	}
	return nil
}

// orConcurrent finds out whether something was refused because another delivery
// has the name.
func (f exportFolder) orConcurrent(err error, at string) error {
	if _, is := f.Lstat(at); isRefused(err) && is == nil {
		return errConcurrent
	}
	return err
}

// pointLatest points readers to the run. A server without symlinks has no latest.
func (f exportFolder) pointLatest(run string) error {
	link, next := f.at(destination.Latest), f.at(destination.NextLatest+"-"+f.id)
	there, err := f.Lstat(link)
	switch {
	case err == nil && there.Mode()&fs.ModeSymlink == 0:
		return onServer(link, errNotLink)
	case err == nil && f.latestRun() == run:
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return onServer(link, err)
	}
	hasSymlinks := err == nil
	if err := f.Symlink(run, next); err != nil {
		if !hasSymlinks && f.lacksSymlinks(err) {
			return nil
		}
		return onServer(next, f.orFull(err, f.path, 0))
	}
	if to, err := f.ReadLink(next); err != nil || path.Base(to) != run {
		// Some servers take the two names in the opposite order.
		if to, err := f.ReadLink(run); err == nil && to == next {
			return onServer(run, f.Remove(run))
		}
		return onServer(next, f.removeAll(next, 0))
	}
	if err := f.swapLatest(next, link); err != nil {
		_ = f.Remove(next) // if it stays, it is removed once it is old
		return onServer(link, err)
	}
	if _, err := f.Stat(link); errors.Is(err, fs.ErrNotExist) {
		return onServer(f.at(run), errConcurrent) // another delivery has just removed it
	}
	return nil
}

// lacksSymlinks reports whether an error of making a symlink means that the server
// has none. OpenSSH has them, and reports anything without a code as a bare
// failure.
func (f exportFolder) lacksSymlinks(err error) bool {
	return isUnsupported(err) || errors.Is(err, fs.ErrPermission) || isRefused(err) && !f.supports("posix-rename@openssh.com")
}

// swapLatest renames the link over the one that is there. On a server that can't
// do that in one step there is no latest for a moment.
func (f exportFolder) swapLatest(next, link string) error {
	if f.supports("posix-rename@openssh.com") {
		if err := f.PosixRename(next, link); !isUnsupported(err) {
			return err
		}
	}
	if err := f.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := f.Rename(next, link)
	return f.orConcurrent(err, link)
}

// latestRun is the run that readers are pointed to; empty for none. Some servers
// make the link's target a whole path.
func (f exportFolder) latestRun() string {
	to, err := f.ReadLink(f.at(destination.Latest))
	if err != nil {
		return ""
	}
	return path.Base(to)
}
