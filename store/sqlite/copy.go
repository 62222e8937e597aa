package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"

	"winnow/internal/atomicfile"
	"winnow/store/engine"
)

// Copy implements engine.Engine by SQLite's backup, a few pages at a time.
//
// That backup begins again when another connection writes to what it reads, and under
// load it would never end. So a transaction that reads is held open on either file until
// it is copied: what others write meanwhile stays in the write-ahead log, which grows by
// it, and starts over afterwards.
//
// Both transactions are of one moment: nothing was committed to the contacts between
// the beginning of the first and of the second. The copy is what a power cut at that
// moment would have left, and every act that changes both files can be repeated from
// there. The contacts begin first, so that the copied log ends where the sweep was then,
// or behind it, whatever the log takes in meanwhile.
func (e *Engine) Copy(ctx context.Context, to string, o engine.CopyOptions) (err error) {
	contacts, log, err := e.beginCopy()
	if err != nil {
		return err
	}
	// The contacts are copied first, and released then: a sweep writes more to them than
	// callbacks to the log.
	copies := []*fileCopy{{from: contacts, to: to}, {from: log, to: LogPath(to)}}
	defer func() {
		for _, f := range copies {
			err = errors.Join(err, f.end())
		}
	}()
	p := progressOf(o.Progress)
	for _, f := range copies {
		if err := p.add(f.from); err != nil {
			return err
		}
	}
	if o.Fixed != nil {
		if err := o.Fixed(); err != nil {
			return err
		}
	}
	for _, f := range copies {
		if err := f.copy(ctx, p); err != nil {
			return fmt.Errorf("copy to %s: %w", f.to, err)
		}
		if err := f.end(); err != nil {
			return err
		}
	}
	return atomicfile.SyncFolder(filepath.Dir(to))
}

// beginCopy begins to read both files, as of one moment.
func (e *Engine) beginCopy() (contacts, log *conn, err error) {
	if contacts, err = connect(e.path, reading); err != nil {
		return nil, nil, err
	}
	if log, err = connect(e.logPath(), reading); err != nil {
		return nil, nil, errors.Join(err, contacts.close())
	}
	err = e.atOneMoment(func() error {
		return errors.Join(contacts.beginNow("contacts"), log.beginNow("events"))
	})
	if err != nil {
		return nil, nil, errors.Join(err, closeAll([]*conn{contacts, log}))
	}
	return contacts, log, nil
}

// copyProgress counts what was copied of all files.
type copyProgress struct {
	show      func(bytes, of int64)
	bytes, of int64
}

func progressOf(show func(bytes, of int64)) *copyProgress {
	if show == nil {
		show = func(int64, int64) {}
	}
	return &copyProgress{show: show}
}

// add adds the size of a file.
func (p *copyProgress) add(c *conn) error {
	pages, err := c.number("PRAGMA page_count")
	p.of += pages * pageSize
	return err
}

// fileCopy copies one file.
type fileCopy struct {
	from *conn // with a transaction that reads; nil after end
	to   string
}

// end ends the reading.
func (f *fileCopy) end() error {
	c := f.from
	f.from = nil
	if c == nil {
		return nil
	}
	return c.close()
}

const (
	// copyStep is how many pages are copied in a step. After each the copy is written to
	// the disk: what the system would write later, all together, would keep the commits
	// of callbacks waiting.
	copyStep = 1024
	// After each step callbacks have the disk for themselves for as long as this part of
	// the step took.
	copyPause = 0.5
)

// copyTuning is for a file that counts only when it is complete.
const copyTuning = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -2048;"

// copy copies the file, and leaves it on the disk.
func (f *fileCopy) copy(ctx context.Context, p *copyProgress) (err error) {
	file, err := os.OpenFile(f.to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	c, err := openConn("file:" + escaped(f.to))
	if err != nil {
		return err
	}
	err = c.script(copyTuning)
	if err == nil {
		err = f.copyPages(ctx, c, file, p)
	}
	return errors.Join(err, c.close(), file.Sync())
}

func (f *fileCopy) copyPages(ctx context.Context, to *conn, file *os.File, p *copyProgress) (err error) {
	b, err := to.db.Backup("main", f.from.db, "main")
	if err != nil {
		return friendlyError(err)
	}
	defer func() { err = errors.Join(err, friendlyError(b.Close())) }()
	for done := false; !done; {
		began, remaining := time.Now(), b.Remaining()
		if done, err = b.Step(copyStep); err != nil {
			return friendlyError(err)
		}
		switch {
		case done:
		case b.Remaining() == remaining:
			return errCopyStuck
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if err := file.Sync(); err != nil {
			return err
		}
		p.copied(b, remaining)
		if !done && !rest(ctx, time.Duration(copyPause*float64(time.Since(began)))) {
			return ctx.Err()
		}
	}
	return nil
}

// errCopyStuck is the error of a step that copied nothing: somebody else has locked a
// file of the copy, since the source is not locked by anyone.
var errCopyStuck = errors.New("another process has opened the copy while it is written; leave it alone until it is complete")

// copied counts a step, before which so many pages remained.
func (p *copyProgress) copied(b *sqlite3.SQLiteBackup, remaining int) {
	if remaining == 0 {
		remaining = b.PageCount() // the first step
	}
	p.bytes += int64(remaining-b.Remaining()) * pageSize
	p.show(p.bytes, p.of)
}

// rest waits; false when ctx has ended.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
