package destination

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"

	"winnow/segments"
)

// show gives the draft the run's name, in one step. What has the name already is
// moved aside before, and taken away after.
func (f remoteFolder) show(p *parcel, there bool) error {
	run, gone, moved := f.at(p.Run), f.aside(p.Run), false
	if there {
		err := f.rename(run, gone)
		switch {
		case refused(err) && !f.renamesFolders(p):
			return f.showByFiles(p, true)
		case errors.Is(err, fs.ErrNotExist): // another delivery moved it
		case err != nil:
			return onServer(run, err)
		default:
			moved = true
		}
	}
	err := f.rename(f.draft(p), run)
	if refused(err) {
		err = f.showRefused(p)
	}
	if !moved {
		return onServer(run, err)
	}
	if err != nil {
		// Readers had it before. It is whole, unless another delivery swept it.
		if f.orTaken(f.rename(gone, run), run) == errTaken {
			_ = f.removeAll(gone, deepest)
		}
		return onServer(run, err)
	}
	_ = f.removeAll(gone, deepest) // what stays is swept once it is old
	return nil
}

// rename gives something a name that nothing has.
func (f remoteFolder) rename(from, to string) error {
	return f.patiently(func() error { return f.Rename(from, to) })
}

// showRefused is for a draft that can't have the run's name: another delivery has
// taken that, or had it a moment ago, or the server renames no folders.
func (f remoteFolder) showRefused(p *parcel) error {
	there, whole, err := f.find(p)
	switch {
	case err != nil || whole:
		return err
	case there, f.renamesFolders(p):
		return onServer(f.at(p.Run), errTaken)
	}
	return f.showByFiles(p, false)
}

// renamesFolders finds out, with the draft, whether the server renames folders
// that hold something.
func (f remoteFolder) renamesFolders(p *parcel) bool {
	draft, other := f.draft(p), f.aside(p.Run)
	return f.rename(draft, other) == nil && f.rename(other, draft) == nil
}

// showByFiles is for servers that can rename files but not folders. The old
// manifest is removed first and the new one arrives last: a folder without a
// manifest is no run.
func (f remoteFolder) showByFiles(p *parcel, there bool) error {
	run, draft := f.at(p.Run), f.draft(p)
	if there {
		if _, whole, err := f.find(p); err != nil || whole {
			return err
		}
		if err := f.empty(run, deepest); err != nil {
			return err
		}
		if err := f.makeFolder(run); err != nil { // in S3 it went with the last that was in it
			return err
		}
	} else if err := f.Mkdir(run); err != nil {
		return onServer(run, f.orTaken(err, run))
	}
	for i, file := range p.all() {
		to := path.Join(run, file.Name)
		if there && file.Name == segments.ManifestName {
			if err := f.readBack(p); err != nil {
				return err
			}
		}
		err := f.rename(path.Join(draft, file.Name), to)
		if err != nil && i == 0 {
			_ = f.RemoveDirectory(run) // nothing is in it
		}
		if err != nil {
			return onServer(to, f.orTaken(err, to))
		}
	}
	return nil
}

// readBack compares the files of a run that has no manifest yet with what they
// should be: another delivery may have been filling the folder too. Who may not
// read there can't.
func (f remoteFolder) readBack(p *parcel) error {
	for _, file := range p.files {
		name := path.Join(f.at(p.Run), file.Name)
		there, err := f.Open(name)
		if err != nil {
			return onServer(name, err)
		}
		sum := sha256.New()
		_, err = io.Copy(sum, there)
		there.Close()
		if err == nil && hex.EncodeToString(sum.Sum(nil)) != file.SHA256 {
			err = errTaken
		}
		if err != nil && !errors.Is(err, fs.ErrPermission) {
			return onServer(name, err)
		}
	}
	return nil
}

// orTaken finds out whether something was refused because another delivery has
// the name.
func (f remoteFolder) orTaken(err error, at string) error {
	if _, is := f.Lstat(at); refused(err) && is == nil {
		return errTaken
	}
	return err
}

// point swaps latest. A server that knows no symlinks has none.
func (f remoteFolder) point(run string) error {
	link, next := f.at(latest), f.at(nextLink+"-"+f.id)
	there, err := f.Lstat(link)
	switch {
	case err == nil && there.Mode()&fs.ModeSymlink == 0:
		return onServer(link, errNoLink)
	case err == nil && f.pointsTo() == run:
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return onServer(link, err)
	}
	known := err == nil // that there are symlinks
	if err := f.Symlink(run, next); err != nil {
		if !known && f.linkless(err) {
			return nil
		}
		return onServer(next, f.orFull(err, f.folder, 0))
	}
	if to, err := f.ReadLink(next); err != nil || path.Base(to) != run {
		// Some servers take the two names the other way round.
		if to, err := f.ReadLink(run); err == nil && to == next {
			return onServer(run, f.Remove(run))
		}
		return onServer(next, f.removeAll(next, 0))
	}
	if err := f.swap(next, link); err != nil {
		_ = f.Remove(next) // what stays is swept once it is old
		return onServer(link, err)
	}
	if _, err := f.Stat(link); errors.Is(err, fs.ErrNotExist) {
		return onServer(f.at(run), errTaken) // another delivery has just pruned it
	}
	return nil
}

// linkless tells whether an error to make a symlink means that there are none.
// OpenSSH knows them, and tells all that it has no words for as a bare failure.
func (f remoteFolder) linkless(err error) bool {
	return unsupported(err) || errors.Is(err, fs.ErrPermission) || refused(err) && !f.knows("posix-rename@openssh.com")
}

// swap renames the link over the one that is there. A server that can't do that
// in one step has no latest for a moment.
func (f remoteFolder) swap(next, link string) error {
	if f.knows("posix-rename@openssh.com") {
		if err := f.PosixRename(next, link); !unsupported(err) {
			return err
		}
	}
	if err := f.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := f.Rename(next, link)
	return f.orTaken(err, link)
}

// pointsTo is the run that readers are pointed to; empty for none. Some servers
// make the link's target a whole path.
func (f remoteFolder) pointsTo() string {
	to, err := f.ReadLink(f.at(latest))
	if err != nil {
		return ""
	}
	return path.Base(to)
}
