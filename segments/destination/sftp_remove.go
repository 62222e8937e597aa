package destination

import (
	"cmp"
	"crypto/rand"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"winnow/segments"
)

const (
	// leftoverAge is how long a leftover must have been still, by the server's
	// clock, until it is no delivery's that is under way.
	leftoverAge = 6 * time.Hour
	// deepest is how deep a folder that is taken away may be. A run has no
	// folders; somebody may have put one there.
	deepest = 8
)

// sweep takes away what deliveries that were cut short left. Where it may not
// take something it leaves off: leftovers are in nobody's way, and there may be
// many. It needs the time on the server; without one nothing is old.
func (f remoteFolder) sweep(now time.Time) {
	entries, err := f.list(f.folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), leftover) || !f.abandoned(e, now) {
			continue
		}
		at := f.at(e.Name())
		// Whose delivery is alive after all finds its draft gone, not half of it.
		if gone := f.at(goneOf + rand.Text()); e.IsDir() && f.rename(at, gone) == nil {
			at = gone
		}
		if errors.Is(f.removeAll(at, deepest), fs.ErrPermission) {
			return
		}
	}
}

// abandoned tells whether nobody has written to a leftover for long. What is in a
// folder tells more than the folder: not all servers keep its time.
func (f remoteFolder) abandoned(e fs.FileInfo, now time.Time) bool {
	last := e.ModTime()
	if e.IsDir() {
		entries, err := f.list(f.at(e.Name()))
		if err != nil {
			return false
		}
		if len(entries) > 0 {
			last = lastChange(entries)
		}
	}
	return last.Unix() > 0 && now.Sub(last) > leftoverAge
}

// lastChange is when something was last written to, by the server's clock; 1970
// when it does not tell.
func lastChange(entries []fs.FileInfo) time.Time {
	last := time.Unix(0, 0)
	for _, e := range entries {
		if e.ModTime().After(last) {
			last = e.ModTime()
		}
	}
	return last
}

// prune takes away old runs until as many are left as are kept. The one that was
// just brought stays, however old it is, and the one that readers are pointed to.
// Some servers let those who bring take nothing away: how long runs stay there is
// for their owner to say.
func (f remoteFolder) prune(p *parcel) error {
	entries, err := f.list(f.folder)
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
	pointed := f.pointsTo()
	newest := pointed
	if p.Newest {
		newest = p.Run // also where there are no links
	}
	for _, run := range begunFirst(runs, newest) {
		if excess <= 0 {
			return nil
		}
		if run == p.Run || run == pointed {
			continue
		}
		if err := f.remove(run); errors.Is(err, fs.ErrPermission) || unsupported(err) {
			return nil
		} else if err != nil {
			return err
		}
		excess--
	}
	return nil
}

// remove takes a run away under another name: half a run is not a run. It gets
// its name back when readers were just pointed to it, and when nothing of it may
// be taken away.
func (f remoteFolder) remove(run string) error {
	at, gone := f.at(run), f.aside(run)
	err := f.rename(at, gone)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // another delivery took it
	case refused(err):
		return f.removeAll(at, deepest) // where folders can't be renamed the manifest goes first
	case err != nil:
		return onServer(at, err)
	case f.pointsTo() == run:
		return onServer(at, f.rename(gone, at))
	}
	err = f.Remove(path.Join(gone, segments.ManifestName))
	if refused(err) {
		return onServer(at, cmp.Or(f.rename(gone, at), err))
	}
	return f.removeAll(gone, deepest)
}

// removeAll takes away what lies at the path: a folder with all that is in it, a
// link and not what it points to.
func (f remoteFolder) removeAll(at string, depth int) error {
	info, err := f.Lstat(at)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return onServer(at, err)
	case info.IsDir():
		if err := f.empty(at, depth); err != nil {
			return err
		}
		err = f.RemoveDirectory(at)
	default:
		err = f.Remove(at)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // in S3 a folder is gone with the last that was in it
	}
	return onServer(at, err)
}

// empty takes away what lies in the folder, the manifest first.
func (f remoteFolder) empty(folder string, depth int) error {
	if depth == 0 {
		return onServer(folder, errDeep)
	}
	entries, err := f.list(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another delivery took it
	}
	if err != nil {
		return err
	}
	isManifest := func(e fs.FileInfo) bool { return e.Name() == segments.ManifestName }
	if i := slices.IndexFunc(entries, isManifest); i > 0 {
		entries[0], entries[i] = entries[i], entries[0]
	}
	for _, e := range entries {
		if err := f.removeAll(path.Join(folder, e.Name()), depth-1); err != nil {
			return err
		}
	}
	return nil
}
