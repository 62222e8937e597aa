package sftp

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
	"winnow/segments/destination"
)

const (
	// leftoverAge is how long a leftover must not have changed, by the server's
	// clock, before it can't belong to a delivery under way.
	leftoverAge = 6 * time.Hour
	// maxDepth is how deep a folder may be that is removed. A run has no folders;
	// somebody may have put one there.
	maxDepth = 8
)

// removeLeftovers removes what interrupted deliveries left behind. Where it may
// not remove something it stops: leftovers harm nobody, and there may be many. It
// needs the time on the server; without one nothing is old.
func (f exportFolder) removeLeftovers(now time.Time) {
	entries, err := f.list(f.path)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), destination.TempPrefix) || !f.isAbandoned(e, now) {
			continue
		}
		at := f.at(e.Name())
		// If its delivery is alive after all, it finds its draft gone, not half of it.
		if renamed := f.at(destination.RemovedPrefix + rand.Text()); e.IsDir() && f.rename(at, renamed) == nil {
			at = renamed
		}
		if errors.Is(f.removeAll(at, maxDepth), fs.ErrPermission) {
			return
		}
	}
}

// isAbandoned reports whether a leftover has not changed for long. The entries of
// a folder show that better than the folder: not all servers update its time.
func (f exportFolder) isAbandoned(e fs.FileInfo, now time.Time) bool {
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

// lastChange is when one of the entries last changed, by the server's clock; 1970
// when the server does not say.
func lastChange(entries []fs.FileInfo) time.Time {
	last := time.Unix(0, 0)
	for _, e := range entries {
		if e.ModTime().After(last) {
			last = e.ModTime()
		}
	}
	return last
}

// prune removes old runs until as many remain as are kept. It keeps the run that
// was just delivered, however old it is, and the one that readers are pointed to.
// Some servers allow no removals: how long runs stay there is up to their owner.
func (f exportFolder) prune(d segments.Delivery) error {
	entries, err := f.list(f.path)
	if err != nil {
		return err
	}
	var runs []string
	for _, e := range entries {
		if e.IsDir() && segments.IsRunName(e.Name()) {
			runs = append(runs, e.Name())
		}
	}
	excess := len(runs) - d.Keep
	if excess <= 0 {
		return nil
	}
	latest := f.latestRun()
	newest := latest
	if d.Newest {
		newest = d.Run // also where there are no links
	}
	for _, run := range destination.OldestFirst(runs, newest) {
		if excess <= 0 {
			return nil
		}
		if run == d.Run || run == latest {
			continue
		}
		if err := f.removeRun(run); errors.Is(err, fs.ErrPermission) || isUnsupported(err) {
			return nil
		} else if err != nil {
			return err
		}
		excess--
	}
	return nil
}

// removeRun removes a run under another name: half a run is not a run. The run
// gets its name back when readers were just pointed to it, and when the server
// allows no removals.
func (f exportFolder) removeRun(run string) error {
	at, renamed := f.at(run), f.removedName(run)
	err := f.rename(at, renamed)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // another delivery removed it
	case isRefused(err):
		return f.removeAll(at, maxDepth) // where folders can't be renamed, the manifest goes first
	case err != nil:
		return onServer(at, err)
	case f.latestRun() == run:
		return onServer(at, f.rename(renamed, at))
	}
	err = f.Remove(path.Join(renamed, segments.ManifestName))
	if isRefused(err) {
		return onServer(at, cmp.Or(f.rename(renamed, at), err))
	}
	return f.removeAll(renamed, maxDepth)
}

// removeAll removes what is at the path: a folder with all that is in it, a link
// and not what it points to.
func (f exportFolder) removeAll(at string, depth int) error {
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
		return nil // in S3 a folder disappears with its last file
	}
	return onServer(at, err)
}

// empty removes what is in the folder, the manifest first.
func (f exportFolder) empty(folder string, depth int) error {
	if depth == 0 {
		return onServer(folder, errTooDeep)
	}
	entries, err := f.list(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another delivery removed it
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
