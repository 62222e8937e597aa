package sqlite

import (
	"fmt"

	"winnow/store/engine"
)

// Sequences implements engine.LogReader.
func (l *logReader) Sequences() (events, quarantined int64, err error) { return sequences(l.c) }

func sequences(c *conn) (events, quarantined int64, err error) {
	r := c.query("SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'events'), (SELECT seq FROM sqlite_sequence WHERE name = 'quarantine')")
	if r.Next() {
		events, quarantined = r.Int(0), r.Int(1)
	}
	return events, quarantined, r.Close()
}

// notePlace notes where the last bodies in quarantine stand among the lines.
func (l *logWriter) notePlace() error {
	events, quarantined, err := sequences(l.c)
	if err != nil {
		return err
	}
	return l.c.exec("INSERT INTO places (n, quarantined) VALUES (?, ?) ON CONFLICT (n) DO UPDATE SET quarantined = excluded.quarantined", events+quarantined, quarantined)
}

// dropPlaces deletes the places before the first line that is left. The last of them says
// what the lines behind it have before them, and stays.
func (l *logWriter) dropPlaces() error {
	err := l.c.exec(`DELETE FROM places WHERE n < (SELECT max(n) FROM places
		WHERE quarantined < coalesce((SELECT min(id) FROM quarantine), quarantined + 1)
		AND n - quarantined < coalesce((SELECT min(seq) FROM events), n + 1))`)
	if err != nil {
		return fmt.Errorf("delete the places of lines: %w", err)
	}
	return nil
}

// BeginWriter implements engine.LogWriter.
func (l *logWriter) BeginWriter(name string) error {
	events, quarantined, err := sequences(l.c)
	if err != nil {
		return err
	}
	return l.c.exec("INSERT INTO writers (first, writer) VALUES (?, ?) ON CONFLICT (first) DO UPDATE SET writer = excluded.writer", events+quarantined+1, name)
}

// Pull implements engine.LogWriter.
func (l *logWriter) Pull(p *engine.Pulled) (bool, error) {
	n, err := l.c.number("SELECT n FROM pulled WHERE writer = ?", p.Writer)
	if err != nil || n != p.From {
		return false, err
	}
	return true, l.c.exec(`INSERT INTO pulled (writer, receiver, n, received_at, turn) VALUES (?, ?, ?, ?, coalesce((SELECT max(turn) FROM pulled), 0) + 1)
		ON CONFLICT (writer) DO UPDATE SET receiver = excluded.receiver, n = excluded.n, received_at = excluded.received_at`, p.Writer, p.Receiver, p.Through, int64(p.Received))
}
