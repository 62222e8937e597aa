package destination

import (
	"cmp"
	"errors"
	"os"
	"path"

	"github.com/pkg/sftp"
)

// inFlight is how many packets of 32 KiB are on their way at once.
const inFlight = 64

// upload fills the draft of the run: all files, the manifest last. The time on
// what was just written is that of the server's clock, by which it also sweeps;
// after a failure too, since the disk may be full of leftovers.
func (f remoteFolder) upload(p *parcel) error {
	draft := f.draft(p)
	err := f.writeAll(draft, p)
	entries, listErr := f.list(draft)
	f.sweep(lastChange(entries))
	if err = cmp.Or(err, listErr); err != nil {
		return err
	}
	if whole, err := f.has(draft, entries, p); err != nil || !whole {
		return cmp.Or(err, onServer(draft, errTaken))
	}
	return nil
}

func (f remoteFolder) writeAll(draft string, p *parcel) error {
	for _, file := range p.files {
		c, err := p.open(file)
		if err != nil {
			return err
		}
		err = f.write(draft, c)
		c.from.Close()
		if err != nil {
			return err
		}
	}
	return f.write(draft, p.manifestContent())
}

// write writes a file of the draft and checks it.
func (f remoteFolder) write(draft string, c *content) error {
	name := path.Join(draft, c.name)
	file, err := f.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return onServer(name, f.orFull(err, draft, 0))
	}
	err = f.fill(file, c)
	if closed := f.patiently(file.Close); err == nil {
		err = closed
	}
	if err != nil {
		return onServer(name, orNoRoom(f.orFull(err, draft, c.want.Bytes)))
	}
	if err := c.verify(); err != nil {
		return err
	}
	info, err := f.Stat(name)
	if err == nil && info.Size() != c.read {
		return onServer(name, shortError{info.Size(), c.read})
	}
	return onServer(name, err)
}

// fill writes to the end and lets the server bring it to its disk, where it
// knows how to.
func (f remoteFolder) fill(file *sftp.File, c *content) error {
	if _, err := file.ReadFromWithConcurrency(c, inFlight); err != nil {
		return err
	}
	if !f.knows("fsync@openssh.com") {
		return nil
	}
	if err := f.patiently(file.Sync); err != nil && !unsupported(err) {
		return err
	}
	return nil
}

// orFull finds out whether a bare failure means that the disk is full, which
// version 3 of the protocol has no words for. A disk that has room for no more
// files is full too.
func (f remoteFolder) orFull(err error, folder string, wanted int64) error {
	if !failure(err) || !f.knows("statvfs@openssh.com") {
		return err
	}
	v, statErr := f.StatVFS(folder)
	if statErr != nil {
		return err
	}
	if noFiles := v.Files > 0 && v.Favail == 0; noFiles || v.Frsize*v.Bavail <= uint64(wanted) { // some file systems count no files
		return errFull
	}
	return err
}

// orNoRoom is what a failure to write most often means that nothing is said of.
func orNoRoom(err error) error {
	var status *sftp.StatusError
	if errors.As(err, &status) && failure(err) && words(status) == "" {
		return errNoRoom
	}
	return err
}
