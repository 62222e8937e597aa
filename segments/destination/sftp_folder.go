package destination

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
)

// listingLimit is how many bytes a listing may have: some 50,000 names as OpenSSH
// sends them. What a server lists is held in memory at once.
const listingLimit = 8 << 20

// remoteFolder is the folder of an export on the server, for one delivery.
//
// Others may deliver to the same folder at the same time: another daemon, or
// this one by another URL. So what a delivery leaves beside the runs bears a name
// that no other delivery uses, and what may be another's is renamed before it is
// taken apart: who renames first has it, and the other finds nothing.
type remoteFolder struct {
	*connection
	folder string
	id     string // in the names of all that this delivery makes beside the runs
}

// receive puts the run in the folder, whole or not at all, points latest to it
// if it is the newest, and prunes.
func (f remoteFolder) receive(p *parcel) error {
	if err := f.makeFolder(f.folder); err != nil {
		return err
	}
	there, whole, err := f.find(p)
	if err != nil {
		return err
	}
	if !whole {
		if err := f.bring(p, there); err != nil {
			return err
		}
	}
	if p.Newest {
		if err := f.point(p.Run); err != nil {
			return err
		}
	}
	return f.prune(p)
}

// bring uploads the run, shows it, and makes sure that it stands there.
func (f remoteFolder) bring(p *parcel, there bool) error {
	draft := f.draft(p)
	if err := f.Mkdir(draft); err != nil {
		return onServer(draft, f.orFull(err, f.folder, 0))
	}
	err := f.upload(p)
	if err == nil {
		err = f.show(p, there)
	}
	_ = f.removeAll(draft, deepest) // what stays is swept once it is old
	if err != nil {
		return err
	}
	return f.confirm(p)
}

// confirm makes sure that the run stands there. Who may upload and not read back
// can't compare the manifest's text, but its length.
func (f remoteFolder) confirm(p *parcel) error {
	run := f.at(p.Run)
	_, whole, err := f.find(p)
	if errors.Is(err, fs.ErrPermission) {
		var entries []fs.FileInfo
		if entries, err = f.list(run); err == nil {
			whole, err = f.has(run, entries, p)
		}
	}
	if err != nil || !whole {
		return cmp.Or(err, onServer(run, errTaken))
	}
	return nil
}

func (f remoteFolder) at(name string) string { return path.Join(f.folder, name) }

func (f remoteFolder) draft(p *parcel) string { return f.at(draftOf + p.Run + "-" + f.id) }

// aside is a new name for something that is to be taken away.
func (f remoteFolder) aside(name string) string { return f.at(goneOf + name + "-" + rand.Text()) }

// makeFolder makes the folder and those above it that are missing.
func (f remoteFolder) makeFolder(folder string) error {
	info, err := f.Stat(folder)
	switch {
	case err == nil && !info.IsDir():
		return onServer(folder, errNoFolder)
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
		return nil // somebody else made it meanwhile
	}
	return onServer(folder, f.orFull(err, path.Dir(folder), 0))
}

// find tells whether something has the run's name there, and whether that is
// the run: its manifest has the same bytes, and its files are as long as that
// says. What others put beside the files does not matter.
func (f remoteFolder) find(p *parcel) (there, whole bool, err error) {
	run := f.at(p.Run)
	info, err := f.Lstat(run)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, false, nil
	case err != nil:
		return false, false, onServer(run, err)
	case !info.IsDir():
		return true, false, onServer(run, errNoFolder)
	}
	same, err := f.sameManifest(p)
	if err != nil || !same {
		return true, false, err
	}
	entries, err := f.list(run)
	if err == nil {
		whole, err = f.has(run, entries, p)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil // it was moved aside meanwhile
	}
	return true, whole, err
}

// has tells whether all files of the run lie in the folder, as long as they
// should be. There are servers that list no lengths, so a doubt is looked into.
func (f remoteFolder) has(folder string, entries []fs.FileInfo, p *parcel) (bool, error) {
	listed := map[string]int64{}
	for _, e := range entries {
		if e.Mode().IsRegular() {
			listed[e.Name()] = e.Size()
		}
	}
	for _, file := range p.all() {
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

func (f remoteFolder) sameManifest(p *parcel) (bool, error) {
	name := path.Join(f.at(p.Run), segments.ManifestName)
	file, err := f.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, onServer(name, err)
	}
	defer file.Close()
	text := make([]byte, len(p.manifest)+1) // one more tells a longer one
	n, err := io.ReadFull(file, text)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return false, onServer(name, err)
	}
	return string(text[:n]) == string(p.manifest), nil
}

// list lists a folder by name. Names that are no names of an entry are left out.
func (f remoteFolder) list(folder string) ([]fs.FileInfo, error) {
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
