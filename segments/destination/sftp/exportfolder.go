package sftp

import (
	"cmp"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"winnow/segments"
	"winnow/segments/destination"
)

// listingLimit is how many bytes a listing may have: some 50,000 names as OpenSSH
// sends them. A listing is held in memory as a whole.
const listingLimit = 8 << 20

// exportFolder is the folder of an export on the server, for one delivery.
//
// Others may deliver to the same folder at the same time: another daemon, or
// this one by another URL. So what a delivery makes beside the runs has a name
// that no other delivery uses, and what may be another's is renamed before it is
// removed: the one that renames first has it, and the other finds nothing.
type exportFolder struct {
	*connection
	path string
	id   string // in the names of everything that this delivery makes beside the runs
}

// receive puts the run in the folder, whole or not at all, points latest to it
// if it is the newest, and removes old runs.
func (f exportFolder) receive(d segments.Delivery) error {
	if err := f.makeFolder(f.path); err != nil {
		return err
	}
	exists, whole, err := f.find(d)
	if err != nil {
		return err
	}
	if !whole {
		if err := f.uploadAndPublish(d, exists); err != nil {
			return err
		}
	}
	if d.Newest {
		if err := f.pointLatest(d.Run); err != nil {
			return err
		}
	}
	return f.prune(d)
}

// uploadAndPublish uploads the run, gives it its name, and makes sure that it is
// there.
func (f exportFolder) uploadAndPublish(d segments.Delivery, exists bool) error {
	draft := f.draft(d)
	if err := f.Mkdir(draft); err != nil {
		return onServer(draft, f.orFull(err, f.path, 0))
	}
	err := f.upload(d)
	if err == nil {
		err = f.publish(d, exists)
	}
	_ = f.removeAll(draft, maxDepth) // if it stays, it is removed once it is old
	if err != nil {
		return err
	}
	return f.confirm(d)
}

// confirm makes sure that the run is there. A login that may upload but not read
// can't compare the manifest's text, but its length.
func (f exportFolder) confirm(d segments.Delivery) error {
	run := f.at(d.Run)
	_, whole, err := f.find(d)
	if errors.Is(err, fs.ErrPermission) {
		var entries []fs.FileInfo
		if entries, err = f.list(run); err == nil {
			whole, err = f.hasAllFiles(run, entries, d)
		}
	}
	if err != nil || !whole {
		return cmp.Or(err, onServer(run, errConcurrent))
	}
	return nil
}

func (f exportFolder) at(name string) string { return path.Join(f.path, name) }

func (f exportFolder) draft(d segments.Delivery) string {
	return f.at(destination.DraftPrefix + d.Run + "-" + f.id)
}

// removedName is a new name for something that is to be removed.
func (f exportFolder) removedName(name string) string {
	return f.at(destination.RemovedPrefix + name + "-" + rand.Text())
}

// makeFolder makes the folder and those above it that are missing.
func (f exportFolder) makeFolder(folder string) error {
	info, err := f.Stat(folder)
	switch {
	case err == nil && !info.IsDir():
		return onServer(folder, errNotFolder)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist), path.Dir(folder) == folder:
		return onServer(folder, err)
	}
	if err := f.makeFolder(path.Dir(folder)); err != nil {
		return err
	}
	err = f.Mkdir(folder)
	if info, again := f.Stat(folder); err != nil && again == nil && info.IsDir() {
		return nil // another delivery made it meanwhile
	}
	return onServer(folder, f.orFull(err, path.Dir(folder), 0))
}

// find reports whether something has the run's name there, and whether that is
// the whole run: its manifest has the same bytes, and its files are as long as
// that says. What others put beside the files does not matter.
func (f exportFolder) find(d segments.Delivery) (exists, whole bool, err error) {
	run := f.at(d.Run)
	info, err := f.Lstat(run)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, false, nil
	case err != nil:
		return false, false, onServer(run, err)
	case !info.IsDir():
		return true, false, onServer(run, errNotFolder)
	}
	same, err := f.hasSameManifest(d)
	if err != nil || !same {
		return true, false, err
	}
	entries, err := f.list(run)
	if err == nil {
		whole, err = f.hasAllFiles(run, entries, d)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil // it was moved aside meanwhile
	}
	return true, whole, err
}

// hasAllFiles reports whether all files of the run are in the folder, as long as
// they should be. Some servers list no lengths, so what is missing or has another
// length is looked up.
func (f exportFolder) hasAllFiles(folder string, entries []fs.FileInfo, d segments.Delivery) (bool, error) {
	listed := map[string]int64{}
	for _, e := range entries {
		if e.Mode().IsRegular() {
			listed[e.Name()] = e.Size()
		}
	}
	for _, file := range d.Files() {
		if length, is := listed[file.Name]; is && length == file.Bytes {
			continue
		}
		name := path.Join(folder, file.Name)
		info, err := f.Stat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() != file.Bytes {
			return false, nil
		}
		if err != nil {
			return false, onServer(name, err)
		}
	}
	return true, nil
}

func (f exportFolder) hasSameManifest(d segments.Delivery) (bool, error) {
	name := path.Join(f.at(d.Run), segments.ManifestName)
	file, err := f.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, onServer(name, err)
	}
	defer file.Close()
	text := make([]byte, len(d.Manifest())+1) // one more shows a longer one
	n, err := io.ReadFull(file, text)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return false, onServer(name, err)
	}
	return string(text[:n]) == string(d.Manifest()), nil
}

// list lists a folder by name. Names that can't be those of an entry are left out.
func (f exportFolder) list(folder string) ([]fs.FileInfo, error) {
	f.line.allowed.Store(f.line.received.Load() + listingLimit)
	entries, err := f.ReadDirContext(f.ctx, folder)
	f.line.allowed.Store(0)
	if err != nil {
		return nil, onServer(folder, err)
	}
	entries = slices.DeleteFunc(entries, func(e fs.FileInfo) bool {
		return e.Name() == "" || e.Name() == "." || e.Name() == ".." || strings.ContainsAny(e.Name(), "/\x00")
	})
	slices.SortFunc(entries, func(a, b fs.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}
