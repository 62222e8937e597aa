package sqlite

import (
	"errors"
	"fmt"
	"os"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Prune implements engine.LogWriter.
func (l *logWriter) Prune(p *engine.Pruning) error {
	l.bytes += p.Bytes
	if err := l.noteFirst(); err != nil {
		return err
	}
	for _, r := range p.Events {
		if err := l.c.exec("DELETE FROM events WHERE seq >= ? AND seq <= ?", r.From, r.To); err != nil {
			return fmt.Errorf("delete events: %w", err)
		}
	}
	for _, r := range p.Bodies {
		if err := l.c.exec("UPDATE events SET body = x'' WHERE seq >= ? AND seq <= ? AND length(body) > 0", r.From, r.To); err != nil {
			return fmt.Errorf("empty bodies: %w", err)
		}
	}
	if err := l.Unquarantine(p.Quarantine); err != nil {
		return err
	}
	for i := range p.Pruned {
		if err := l.notePruned(&p.Pruned[i]); err != nil {
			return err
		}
	}
	if p.Piece == nil {
		return nil
	}
	return l.savePiece(p.Piece)
}

// noteFirst remembers where the log began, before its first event is deleted. A later
// commit must not look for it again: while it looks, callbacks wait.
func (l *logWriter) noteFirst() error {
	known, err := l.c.number("SELECT id FROM retention WHERE id = 1")
	if err != nil || known == 1 {
		return err
	}
	first, err := l.c.number("SELECT min(seq) FROM events")
	if err != nil || first == 0 {
		return err
	}
	return l.c.exec("INSERT INTO retention (id, first_seq, ended_at) VALUES (1, ?, 0)", first)
}

// notePruned adds to what was deleted ever.
func (l *logWriter) notePruned(p *engine.Pruned) error {
	return l.c.exec("INSERT INTO pruned (kind, source, n, through) VALUES (?, ?, ?, ?) ON CONFLICT (kind, source) DO UPDATE SET n = pruned.n + excluded.n, through = max(pruned.through, excluded.through)",
		string(p.Kind), p.Source, p.N, int64(p.Through))
}

func (l *logWriter) savePiece(p *engine.Piece) error {
	return l.c.exec("INSERT OR REPLACE INTO pieces (piece, through, oldest, oldest_body, kept, looked_at) VALUES (?, ?, ?, ?, ?, ?)",
		p.Number, p.Through, int64(p.Oldest), int64(p.OldestBody), p.Kept, int64(p.LookedAt))
}

// EndPruning implements engine.LogWriter.
func (l *logWriter) EndPruning(at hygiene.Instant) error {
	if err := l.noteFirst(); err != nil {
		return err
	}
	if err := l.dropPlaces(); err != nil {
		return err
	}
	return l.c.exec("UPDATE retention SET ended_at = ? WHERE id = 1", int64(at))
}

// GiveBack implements engine.LogWriter. SQLite answers with a row for each page.
func (l *logWriter) GiveBack(pages int) error {
	r := l.c.query(fmt.Sprintf("PRAGMA incremental_vacuum(%d)", pages))
	for r.Next() {
		l.bytes += 2 * pageSize // the page that takes the place, and the page that refers to it
	}
	return r.Close()
}

// Space implements engine.LogReader.
func (l *logReader) Space() (s engine.LogSpace, err error) {
	for _, figure := range []struct {
		pragma string
		of     *int64
	}{{"page_count", &s.Bytes}, {"freelist_count", &s.Free}, {"page_size", &s.PageBytes}} {
		if *figure.of, err = l.c.number("PRAGMA " + figure.pragma); err != nil {
			return s, err
		}
	}
	s.Bytes, s.Free = s.Bytes*s.PageBytes, s.Free*s.PageBytes
	mode, err := l.c.number("PRAGMA auto_vacuum")
	s.GivesBack = mode != 0
	return s, err
}

// prepareToShrink makes a new file one that gives unused pages back. It must be that
// before it has its first page. For any other it does nothing: even to look would need
// the lock.
func prepareToShrink(path string) error {
	if err := createPrivate(path); err != nil {
		return err
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 0 {
		return err
	}
	c, err := openConn("file:" + escaped(path) + "?_busy_timeout=15000&_auto_vacuum=incremental")
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	err = c.script("PRAGMA user_version = 0") // writes the first page
	return errors.Join(err, c.close())
}
