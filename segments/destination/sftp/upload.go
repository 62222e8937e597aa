package sftp

import (
	"cmp"
	"errors"
	"os"
	"path"

	"github.com/pkg/sftp"

	"winnow/segments"
)

// inFlight is how many packets of 32 KiB are on their way at the same time.
const inFlight = 64

// upload fills the draft of the run: all files, the manifest last. The time of
// what was just written is that of the server's clock, by which leftovers are
// removed; after a failure too, since the disk may be full of them.
func (f exportFolder) upload(d segments.Delivery) error {
	draft := f.draft(d)
	err := f.writeAll(draft, d)
	entries, listErr := f.list(draft)
	f.removeLeftovers(lastChange(entries))
	if err = cmp.Or(err, listErr); err != nil {
		return err
	}
	if whole, err := f.hasAllFiles(draft, entries, d); err != nil || !whole {
		return cmp.Or(err, onServer(draft, errConcurrent))
	}
	return nil
}

func (f exportFolder) writeAll(draft string, d segments.Delivery) error {
	for _, file := range d.Files() {
		from, err := d.Open(file)
		if err != nil {
			return err
		}
		err = f.write(draft, from)
		from.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// write writes a file of the draft and checks it.
func (f exportFolder) write(draft string, from *segments.BundleFile) error {
	name := path.Join(draft, from.Name)
	file, err := f.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return onServer(name, f.orFull(err, draft, 0))
	}
	err = f.writeAndSync(file, from)
	if closed := f.withLongTimeout(file.Close); err == nil {
		err = closed
	}
	if err != nil {
		return onServer(name, orDiskFull(f.orFull(err, draft, from.Bytes)))
	}
	if err := from.Verify(); err != nil {
		return err
	}
	info, err := f.Stat(name)
	if err == nil && info.Size() != from.Bytes {
		return onServer(name, shortError{info.Size(), from.Bytes})
	}
	return onServer(name, err)
}

// writeAndSync writes the file, and has the server sync it where it can.
func (f exportFolder) writeAndSync(to *sftp.File, from *segments.BundleFile) error {
	if _, err := to.ReadFromWithConcurrency(from, inFlight); err != nil {
		return err
	}
	if !f.supports("fsync@openssh.com") {
		return nil
	}
	if err := f.withLongTimeout(to.Sync); err != nil && !isUnsupported(err) {
		return err
	}
	return nil
}

// orFull finds out whether a bare failure means that the disk is full, for which
// version 3 of the protocol has no code. A disk without room for another file is
// full too.
func (f exportFolder) orFull(err error, folder string, wanted int64) error {
	if !isFailure(err) || !f.supports("statvfs@openssh.com") {
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

// orDiskFull is what a failure to write without a reason most often means.
func orDiskFull(err error) error {
	var status *sftp.StatusError
	if errors.As(err, &status) && isFailure(err) && serverText(status) == "" {
		return errNoRoom
	}
	return err
}
