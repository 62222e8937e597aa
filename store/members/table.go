package members

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"winnow/segments"
	"winnow/store/engine"
)

// Table is the table member_lists of a database. A list is written in parts, each in a
// transaction of its own, so that it keeps nobody waiting. Part 0, which comes last, has
// its size: a list without it is not there. A list that takes the place of another one is
// its next version, and the transaction of its part 0 deletes the one before.
type Table struct{ Engine engine.Engine }

var _ Lists = Table{}

// partBytes is the size of all parts of a list but the last one.
const partBytes = 256 << 10

// Create implements Lists.
func (t Table) Create(name Name) (segments.DraftFile, error) { return t.Replace(name) }

// Replace implements Lists.
func (t Table) Replace(name Name) (segments.DraftFile, error) {
	d := &tableDraft{table: t, name: name}
	err := t.Engine.Read(func(c engine.Reader) (err error) {
		d.version, err = c.Number("SELECT max(version) FROM member_lists WHERE export = ? AND segment = ? AND run = ?", name.Export, name.Segment, name.Run)
		return err
	})
	d.version++
	return d, err
}

// Open implements Lists.
func (t Table) Open(name Name) (io.ReadCloser, error) {
	l := &tableList{table: t, name: name}
	err := t.Engine.Read(func(c engine.Reader) error {
		r := c.Query("SELECT version, bytes FROM member_lists WHERE export = ? AND segment = ? AND run = ? AND part = 0 ORDER BY version DESC LIMIT 1", name.Export, name.Segment, name.Run)
		found := r.Next()
		if found {
			l.version = r.Int(0)
			l.left, _ = binary.Uvarint(r.Blob(1))
		}
		if err := r.Close(); err != nil || found {
			return err
		}
		return fmt.Errorf("the list of members %s: %w", name, fs.ErrNotExist)
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// String names the list for people.
func (n Name) String() string { return n.Export + "/" + n.Run + "/" + n.Segment }

// List implements Lists.
func (t Table) List() (names []Name, err error) {
	err = t.Engine.Read(func(c engine.Reader) error {
		r := c.Query("SELECT export, segment, run FROM member_lists WHERE part = 0 ORDER BY export, segment, run")
		for r.Next() {
			names = append(names, Name{r.Text(0), r.Text(1), r.Text(2)})
		}
		return r.Close()
	})
	return names, err
}

// Remove implements Lists.
func (t Table) Remove(name Name) error {
	return t.Engine.Write(func(c engine.Writer) error { return remove(c, name) })
}

func remove(c engine.Writer, name Name) error {
	return c.Exec("DELETE FROM member_lists WHERE export = ? AND segment = ? AND run = ?", name.Export, name.Segment, name.Run)
}

// Prune implements Lists.
func (t Table) Prune(export string, keep []Name) error {
	return t.removeIf(func(l written) bool { return l.Export == export && !slices.Contains(keep, l.Name) })
}

// PruneOthers implements Lists.
func (t Table) PruneOthers(exports []string, before time.Time) error {
	return t.removeIf(func(l written) bool {
		return l.last < before.Unix() && !slices.Contains(exports, l.Export)
	})
}

// written is a list, whole or not, and when its last part was written.
type written struct {
	Name
	last int64 // seconds since 1970
}

func (t Table) removeIf(old func(written) bool) error {
	var list []Name
	err := t.Engine.Read(func(c engine.Reader) error {
		r := c.Query("SELECT export, segment, run, max(written_at) FROM member_lists GROUP BY export, segment, run")
		for r.Next() {
			if l := (written{Name{r.Text(0), r.Text(1), r.Text(2)}, r.Int(3)}); old(l) {
				list = append(list, l.Name)
			}
		}
		return r.Close()
	})
	if err != nil || len(list) == 0 {
		return err
	}
	return t.Engine.Write(func(c engine.Writer) error {
		for _, name := range list {
			if err := remove(c, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// tableDraft is a list that is being written.
type tableDraft struct {
	table   Table
	name    Name
	version int64
	part    int64 // the last that was stored
	size    uint64
	waiting bytes.Buffer
}

// Write stores what fills whole parts.
func (d *tableDraft) Write(b []byte) (int, error) {
	d.waiting.Write(b)
	for d.waiting.Len() >= partBytes {
		if err := d.store(); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// store stores the next part.
func (d *tableDraft) store() error {
	part := d.waiting.Next(partBytes)
	d.part++
	d.size += uint64(len(part))
	return d.table.Engine.Write(func(c engine.Writer) error { return d.insert(c, d.part, part) })
}

func (d *tableDraft) insert(c engine.Writer, part int64, b []byte) error {
	return c.Exec("INSERT INTO member_lists (export, segment, run, version, part, written_at, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
		d.name.Export, d.name.Segment, d.name.Run, d.version, part, time.Now().Unix(), b)
}

// Close makes the list the one that there is.
func (d *tableDraft) Close() error {
	if d.waiting.Len() > 0 {
		if err := d.store(); err != nil {
			return errors.Join(err, d.Discard())
		}
	}
	err := d.table.Engine.Write(func(c engine.Writer) error {
		err := c.Exec("DELETE FROM member_lists WHERE export = ? AND segment = ? AND run = ? AND version <> ?", d.name.Export, d.name.Segment, d.name.Run, d.version)
		if err != nil {
			return err
		}
		return d.insert(c, 0, binary.AppendUvarint(nil, d.size))
	})
	if err != nil {
		return errors.Join(err, d.Discard())
	}
	return nil
}

// Discard deletes what was stored of the list, unless it is whole: where the connection was
// lost as Close ended it may be, and the one before is gone then.
func (d *tableDraft) Discard() error {
	return d.table.Engine.Write(func(c engine.Writer) error {
		const those = "export = ? AND segment = ? AND run = ? AND version = ?"
		of := []any{d.name.Export, d.name.Segment, d.name.Run, d.version}
		whole, err := c.Number("SELECT count(*) FROM member_lists WHERE part = 0 AND "+those, of...)
		if err != nil || whole > 0 {
			return err
		}
		return c.Exec("DELETE FROM member_lists WHERE "+those, of...)
	})
}

// tableList reads a list.
type tableList struct {
	table   Table
	name    Name
	version int64
	part    int64  // the last that was read
	left    uint64 // bytes behind it
	unread  []byte
}

// Read reads the next part when the one before was read.
func (l *tableList) Read(b []byte) (int, error) {
	if len(l.unread) == 0 {
		if l.left == 0 {
			return 0, io.EOF
		}
		if err := l.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, l.unread)
	l.unread = l.unread[n:]
	return n, nil
}

func (l *tableList) next() error {
	l.part++
	err := l.table.Engine.Read(func(c engine.Reader) error {
		r := c.Query("SELECT bytes FROM member_lists WHERE export = ? AND segment = ? AND run = ? AND version = ? AND part = ?", l.name.Export, l.name.Segment, l.name.Run, l.version, l.part)
		if r.Next() {
			l.unread = r.Blob(0)
		}
		return r.Close()
	})
	if err == nil && (len(l.unread) == 0 || uint64(len(l.unread)) > l.left) {
		err = fmt.Errorf("the list of members %s was replaced while it was read", l.name)
	}
	l.left -= uint64(len(l.unread))
	return err
}

// Close does nothing: no answer of the database is open between parts.
func (l *tableList) Close() error { return nil }
