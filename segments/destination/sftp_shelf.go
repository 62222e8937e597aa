package destination

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/pkg/sftp"

	"winnow/segments"
)

const (
	// listingLimit is how many bytes a listing may have: some 50,000 names as
	// OpenSSH sends them. What a server lists is held in memory at once.
	listingLimit = 8 << 20
	// deepest is how deep a folder that is taken away may be. A run has no
	// folders; somebody may have put one there.
	deepest = 8
	// inFlight is how many packets of 32 KiB are on their way at once.
	inFlight = 64
)

// shelf is the folder of an export on the server.
type shelf struct {
	*connection
	folder string
}

// take puts the run on the shelf, whole or not at all.
func (s shelf) take(p *parcel) error {
	if err := s.makeFolder(s.folder); err != nil {
		return err
	}
	if err := s.sweep(); err != nil {
		return err
	}
	there, whole, err := s.find(p)
	if err != nil {
		return err
	}
	if !whole {
		if err := s.upload(p); err != nil {
			_ = s.removeAll(s.at(draftOf+p.Run), deepest) // what stays is swept by the next delivery
			return err
		}
		if err := s.show(p, there); err != nil {
			return err
		}
	}
	if p.Newest {
		if err := s.point(p.Run); err != nil {
			return err
		}
	}
	return s.prune(p)
}

func (s shelf) at(name string) string { return path.Join(s.folder, name) }

// makeFolder makes the folder and those above it that are missing.
func (s shelf) makeFolder(folder string) error {
	info, err := s.Stat(folder)
	switch {
	case err == nil && !info.IsDir():
		return onServer(folder, errNoFolder)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist), path.Dir(folder) == folder:
		return onServer(folder, err)
	}
	if err := s.makeFolder(path.Dir(folder)); err != nil {
		return err
	}
	err = s.Mkdir(folder)
	if info, again := s.Stat(folder); err != nil && again == nil && info.IsDir() {
		return nil // somebody else made it meanwhile
	}
	return onServer(folder, err)
}

// sweep takes away what deliveries that were cut short left.
func (s shelf) sweep() error {
	entries, err := s.list(s.folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), leftover) {
			continue
		}
		if err := s.removeAll(s.at(e.Name()), deepest); err != nil {
			return err
		}
	}
	return nil
}

// find tells whether something has the run's name there, and whether that is
// the run: its manifest has the same bytes, and its files are as long as that
// says.
func (s shelf) find(p *parcel) (there, whole bool, err error) {
	run := s.at(p.Run)
	info, err := s.Lstat(run)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, false, nil
	case err != nil:
		return false, false, onServer(run, err)
	case !info.IsDir():
		return true, false, onServer(run, errNoFolder)
	}
	same, err := s.sameManifest(p)
	if err != nil || !same {
		return true, false, err
	}
	for _, f := range p.files {
		info, err := s.Stat(path.Join(run, f.Name))
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() != f.Bytes {
			return true, false, nil
		}
		if err != nil {
			return true, false, onServer(path.Join(run, f.Name), err)
		}
	}
	return true, true, nil
}

func (s shelf) sameManifest(p *parcel) (bool, error) {
	name := path.Join(s.at(p.Run), segments.ManifestName)
	f, err := s.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, onServer(name, err)
	}
	defer f.Close()
	text := make([]byte, len(p.manifest)+1) // one more tells a longer one
	n, err := io.ReadFull(f, text)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return false, onServer(name, err)
	}
	return string(text[:n]) == string(p.manifest), nil
}

// upload writes the draft of the run: all files, the manifest last.
func (s shelf) upload(p *parcel) error {
	draft := s.at(draftOf + p.Run)
	if err := s.Mkdir(draft); err != nil {
		return onServer(draft, err)
	}
	for _, f := range p.files {
		c, err := p.open(f)
		if err != nil {
			return err
		}
		err = s.write(draft, c)
		c.from.Close()
		if err != nil {
			return err
		}
	}
	return s.write(draft, p.letter())
}

// write writes a file of the draft and checks it.
func (s shelf) write(draft string, c *content) error {
	name := path.Join(draft, c.name)
	f, err := s.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return onServer(name, err)
	}
	err = s.fill(f, c)
	if closed := s.patiently(f.Close); err == nil {
		err = closed
	}
	if err != nil {
		return onServer(name, s.orFull(err, draft, c.want.Bytes))
	}
	if err := c.verify(); err != nil {
		return err
	}
	info, err := s.Stat(name)
	if err == nil && info.Size() != c.read {
		return onServer(name, shortError{info.Size(), c.read})
	}
	return onServer(name, err)
}

// fill writes to the end and lets the server bring it to its disk, where it
// knows how to.
func (s shelf) fill(f *sftp.File, c *content) error {
	if _, err := f.ReadFromWithConcurrency(c, inFlight); err != nil {
		return err
	}
	if !s.has("fsync@openssh.com") {
		return nil
	}
	if err := s.patiently(f.Sync); err != nil && !unsupported(err) {
		return err
	}
	return nil
}

// orFull finds out whether a bare failure to write means that the disk is full,
// which version 3 of the protocol has no words for.
func (s shelf) orFull(err error, folder string, wanted int64) error {
	var status *sftp.StatusError
	if !errors.As(err, &status) || status.Code != statusFailure {
		return err
	}
	if s.has("statvfs@openssh.com") {
		if v, statErr := s.StatVFS(folder); statErr == nil && v.Frsize*v.Bavail <= uint64(wanted) {
			return errFull
		}
	}
	if words(status) != "" {
		return err
	}
	return errNoRoom
}

// list lists a folder by name. Names that are no names of an entry are left out.
func (s shelf) list(folder string) ([]fs.FileInfo, error) {
	s.line.allowed.Store(s.line.received.Load() + listingLimit)
	entries, err := s.ReadDirContext(s.ctx, folder)
	s.line.allowed.Store(0)
	if err != nil {
		return nil, onServer(folder, err)
	}
	entries = slices.DeleteFunc(entries, func(e fs.FileInfo) bool {
		return e.Name() == "" || e.Name() == "." || e.Name() == ".." || strings.ContainsAny(e.Name(), "/\x00")
	})
	slices.SortFunc(entries, func(a, b fs.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}
