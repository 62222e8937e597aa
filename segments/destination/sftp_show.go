package destination

import (
	"errors"
	"io/fs"
	"path"
	"slices"

	"winnow/segments"
)

// show gives the draft the run's name, in one step. What has the name already is
// moved aside before, and taken away after.
func (s shelf) show(p *parcel, there bool) error {
	run, draft, gone := s.at(p.Run), s.at(draftOf+p.Run), s.at(goneOf+p.Run)
	if there {
		err := s.rename(run, gone)
		if refused(err) {
			return s.showByFiles(p)
		}
		if err != nil {
			return onServer(run, err)
		}
	}
	err := s.rename(draft, run)
	if refused(err) {
		err = s.showByFiles(p)
	} else {
		err = onServer(run, err)
	}
	if err != nil {
		return err
	}
	if there {
		return s.removeAll(gone, deepest)
	}
	return nil
}

// rename gives something a name that nothing has.
func (s shelf) rename(from, to string) error {
	return s.patiently(func() error { return s.Rename(from, to) })
}

// showByFiles is for servers that rename files and no folders. The manifest goes
// first and comes last: as long as it is not there, the folder is no run.
func (s shelf) showByFiles(p *parcel) error {
	run, draft := s.at(p.Run), s.at(draftOf+p.Run)
	if err := s.makeFolder(run); err != nil {
		return err
	}
	if err := s.empty(run, deepest); err != nil {
		return err
	}
	for _, f := range p.files {
		if err := s.rename(path.Join(draft, f.Name), path.Join(run, f.Name)); err != nil {
			return onServer(path.Join(run, f.Name), err)
		}
	}
	manifest := path.Join(run, segments.ManifestName)
	if err := s.rename(path.Join(draft, segments.ManifestName), manifest); err != nil {
		return onServer(manifest, err)
	}
	return s.removeAll(draft, deepest)
}

// point swaps latest. A server that knows no symlinks has none.
func (s shelf) point(run string) error {
	link, next := s.at(latest), s.at(nextLink)
	there, err := s.Lstat(link)
	switch {
	case err == nil && there.Mode()&fs.ModeSymlink == 0:
		return onServer(link, errNoLink)
	case err == nil && s.pointsTo() == run:
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return onServer(link, err)
	}
	known := err == nil // that there are symlinks
	if err := s.Symlink(run, next); err != nil {
		if _, taken := s.Lstat(next); taken == nil {
			return onServer(next, errTaken)
		}
		if refused(err) && !known {
			return nil
		}
		return onServer(next, err)
	}
	if to, err := s.ReadLink(next); err != nil || path.Base(to) != run {
		// Some servers take the two names the other way round.
		if to, err := s.ReadLink(run); err == nil && to == next {
			return onServer(run, s.Remove(run))
		}
		return onServer(next, s.removeAll(next, 0))
	}
	return s.swap(next, link)
}

// swap renames the link over the one that is there. A server that can't do that
// in one step has no latest for a moment.
func (s shelf) swap(next, link string) error {
	if s.has("posix-rename@openssh.com") {
		if err := s.PosixRename(next, link); !unsupported(err) {
			return onServer(link, err)
		}
	}
	if err := s.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return onServer(link, err)
	}
	return onServer(link, s.Rename(next, link))
}

// pointsTo is the run that readers are pointed to; empty for none. Some servers
// make the link's target a whole path.
func (s shelf) pointsTo() string {
	to, err := s.ReadLink(s.at(latest))
	if err != nil {
		return ""
	}
	return path.Base(to)
}

// prune takes away old runs until as many are left as are kept. The one that was
// just brought stays, however old it is. Some servers let those who bring take
// nothing away: how long runs stay there is for their owner to say.
func (s shelf) prune(p *parcel) error {
	entries, err := s.list(s.folder)
	if err != nil {
		return err
	}
	var runs []string
	for _, e := range entries {
		if e.IsDir() && isRun(e.Name()) {
			runs = append(runs, e.Name())
		}
	}
	excess := len(runs) - p.Keep
	if excess <= 0 {
		return nil
	}
	newest := p.Run // also where there are no links
	if !p.Newest {
		newest = s.pointsTo()
	}
	for _, run := range begunFirst(runs, newest) {
		if excess <= 0 {
			return nil
		}
		if run == p.Run || run == newest {
			continue
		}
		if err := s.remove(run); errors.Is(err, fs.ErrPermission) {
			return nil
		} else if err != nil {
			return err
		}
		excess--
	}
	return nil
}

// remove takes a run away under another name: half a run is not a run.
func (s shelf) remove(run string) error {
	gone := s.at(goneOf + run)
	err := s.rename(s.at(run), gone)
	if refused(err) {
		gone = s.at(run) // where folders can't be renamed the manifest goes first
		err = nil
	}
	if err != nil {
		return onServer(s.at(run), err)
	}
	return s.removeAll(gone, deepest)
}

// removeAll takes away what lies at the path: a folder with all that is in it, a
// link and not what it points to.
func (s shelf) removeAll(at string, depth int) error {
	info, err := s.Lstat(at)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return onServer(at, err)
	case info.IsDir():
		if err := s.empty(at, depth); err != nil {
			return err
		}
		err = s.RemoveDirectory(at)
	default:
		err = s.Remove(at)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // in S3 a folder is gone with the last that was in it
	}
	return onServer(at, err)
}

// empty takes away what lies in the folder, the manifest first.
func (s shelf) empty(folder string, depth int) error {
	if depth == 0 {
		return onServer(folder, errDeep)
	}
	entries, err := s.list(folder)
	if err != nil {
		return err
	}
	isManifest := func(e fs.FileInfo) bool { return e.Name() == segments.ManifestName }
	if i := slices.IndexFunc(entries, isManifest); i > 0 {
		entries[0], entries[i] = entries[i], entries[0]
	}
	for _, e := range entries {
		if err := s.removeAll(path.Join(folder, e.Name()), depth-1); err != nil {
			return err
		}
	}
	return nil
}
