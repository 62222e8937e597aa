package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"

	"winnow/store/engine"
)

// Every connection that writes has secure_delete on, so what is deleted is overwritten in
// its place. Three things are left, and taken care of here.
//
// The write-ahead log has pages as they were: it is emptied. Pages that were split or
// joined may have copies of cells that moved away, in the gap before their cells, which
// SQLite does not overwrite: where something is found there, the file is made anew. That
// is not done to the log, which callbacks wait for: nothing moves in it, as events are
// appended, and erased in their places by content of the same length.

// PurgeLog implements engine.Engine.
func (e *Engine) PurgeLog(do func(engine.LogReader, engine.LogWriter) error) (clean bool, err error) {
	k, err := e.checkpointing(e.logPath())
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	if _, err := checkpoint(k.c, "PASSIVE"); err != nil { // most of it, while commits go on
		return false, err
	}
	err = e.logWriter.use(func(c *conn) error {
		e.commits.Lock()
		defer e.commits.Unlock()
		var last int64
		err := c.inTx("BEGIN IMMEDIATE", func() (err error) {
			if err = do(&logReader{querier{c: c}}, &logWriter{c: c}); err == nil {
				last, err = c.number("SELECT max(seq) FROM events")
			}
			return err
		})
		if err != nil {
			return err
		}
		if clean, err = k.truncate(e.logPath()); err != nil || !clean {
			return err
		}
		now, err := c.number("SELECT max(seq) FROM events")
		clean = now == last // else another process came between
		return err
	})
	return clean, err
}

// Purge implements engine.Engine.
func (e *Engine) Purge(texts [][]byte) (clean bool, err error) {
	k, err := e.checkpointing(e.path)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	err = e.writer.use(func(c *conn) (err error) {
		if clean, err = k.truncate(e.path); err != nil || !clean {
			return err
		}
		found, err := e.inGaps(texts)
		if err != nil || !found {
			return err
		}
		if err := c.exec("VACUUM"); err != nil {
			return err
		}
		clean, err = k.truncate(e.path)
		return err
	})
	return clean, err
}

// checkpointing is a checkpointer without a goroutine, of a connection that waits for
// nobody.
func (e *Engine) checkpointing(path string) (*purger, error) {
	c, err := connect(path, writing)
	if err != nil {
		return nil, err
	}
	if err := c.script(checkpointTuning); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return &purger{checkpointer{c: c}}, nil
}

// purger empties a write-ahead log.
type purger struct{ checkpointer }

func (p *purger) close() error { return p.c.close() }

// truncate empties the write-ahead log of the file, and reports whether it is empty.
func (p *purger) truncate(path string) (bool, error) {
	did, err := checkpoint(p.c, "TRUNCATE")
	if err != nil && !errors.Is(err, engine.ErrBusy) || err == nil && did.busy || errors.Is(err, engine.ErrBusy) {
		if errors.Is(err, engine.ErrBusy) {
			err = nil
		}
		return false, err
	}
	info, err := os.Stat(path + "-wal")
	return err == nil && info.Size() == 0, err
}

// inGaps reports whether one of the texts is in a gap of a page of the contacts' file,
// whose write-ahead log is empty.
func (e *Engine) inGaps(texts [][]byte) (bool, error) {
	texts = slices.DeleteFunc(slices.Clone(texts), func(t []byte) bool { return len(t) < shortestInGap })
	if e.raw == nil {
		// It stays open as long as the database: closing it would free the locks that
		// SQLite has on the file.
		file, err := os.Open(e.path)
		if err != nil {
			return false, err
		}
		e.raw = file
	}
	head := make([]byte, 100)
	if _, err := e.raw.ReadAt(head, 0); err != nil {
		return false, err
	}
	size := int(binary.BigEndian.Uint16(head[16:]))
	if size == 1 {
		size = 65536
	}
	pages := make([]byte, pagesAtOnce*size)
	for at := int64(0); ; at += int64(len(pages)) {
		n, err := e.raw.ReadAt(pages, at)
		for from := 0; from+size <= n; from += size {
			gap := gapOf(pages[from:from+size], at == 0 && from == 0)
			if slices.ContainsFunc(texts, func(t []byte) bool { return bytes.Contains(gap, t) }) {
				return true, nil
			}
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

const (
	pagesAtOnce   = 256
	shortestInGap = 3 // bytes; shorter ones are in many pages by chance
)

// gapOf is what a page of a b-tree has between its list of cells and the cells, where
// nothing is stored; empty for any other page.
func gapOf(page []byte, first bool) []byte {
	head := 0
	if first {
		head = 100
	}
	begin := head + 8
	switch page[head] {
	case 2, 5: // of an index, and of a table, above the leaves
		begin += 4
	case 10, 13:
	default:
		return nil
	}
	begin += 2 * int(binary.BigEndian.Uint16(page[head+3:]))
	end := int(binary.BigEndian.Uint16(page[head+5:]))
	if end == 0 {
		end = 65536
	}
	if begin > end || end > len(page) {
		return nil
	}
	return page[begin:end]
}

// EraseEvents implements engine.LogWriter. An erased event has as many bytes as it had, so
// that it is overwritten where it is.
func (l *logWriter) EraseEvents(list []engine.Erasure) error {
	for _, erase := range list {
		was, found, err := l.lengths(erase.Seq)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		is := was
		is.texts[4] = 0
		if erase.Whole {
			is.texts[0], is.texts[1] = 0, 0
		}
		if erase.Words {
			is.texts[2], is.texts[3] = 0, 0
		}
		is.body = was.bodyToFill(is)
		l.bytes += is.body + eventWeight
		whole, words := 0, 0
		if erase.Whole {
			whole = 1
		}
		if erase.Words {
			words = 1
		}
		err = l.c.exec(`UPDATE events SET message_id = CASE ?1 WHEN 1 THEN '' ELSE message_id END, contact = CASE ?1 WHEN 1 THEN '' ELSE contact END,
			event = CASE ?2 WHEN 1 THEN '' ELSE event END, code = CASE ?2 WHEN 1 THEN '' ELSE code END, phone = '', body = zeroblob(?3) WHERE seq = ?4`,
			whole, words, is.body, erase.Seq)
		if err != nil {
			return err
		}
	}
	return nil
}

// lengths are how many bytes an event's texts and its body have.
type lengths struct {
	texts [5]int // message_id, contact, event, code, phone
	body  int
}

func (l *logWriter) lengths(seq int64) (n lengths, found bool, err error) {
	r := l.c.query("SELECT octet_length(message_id), octet_length(contact), octet_length(event), octet_length(code), octet_length(phone), length(body) FROM events WHERE seq = ?", seq)
	if found = r.Next(); found {
		for i := range n.texts {
			n.texts[i] = int(r.Int(i))
		}
		n.body = int(r.Int(5))
	}
	return n, found, r.Close()
}

// size is how many bytes SQLite stores for them: the type that has the length, and the
// content.
func (n *lengths) size() int {
	size := n.body + varintSize(2*n.body+12)
	for _, t := range n.texts {
		size += t + varintSize(2*t+13)
	}
	return size
}

func varintSize(v int) int {
	size := 1
	for v >>= 7; v > 0; v >>= 7 {
		size++
	}
	return size
}

// bodyToFill is how long a body has to be for the texts to be as long as before, if there
// is such a length, and else one byte less.
func (n *lengths) bodyToFill(is lengths) int {
	want := n.size()
	for is.body = want; is.body > 0 && is.size() > want; is.body-- {
	}
	return is.body
}

// isErased reports whether a body is what is left of one: nothing, or bytes that are 0. No
// body that could be read as an event is like that.
func isErased(body []byte) bool { return len(bytes.TrimLeft(body, "\x00")) == 0 }
