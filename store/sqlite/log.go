package sqlite

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"winnow/hygiene"
	"winnow/store/engine"
)

// logReader reads the log. It implements engine.LogReader.
type logReader struct{ querier }

const (
	eventColumns  = "seq, received_at, at, source, message_id, event, code, outcome, contact, phone"
	columnsOfBody = eventColumns + ", body"
)

// eventWeight is about what an event without its texts weighs in memory.
const eventWeight = 200

func scanEvent(r *rows, e *hygiene.Event) error {
	o, err := hygiene.ParseOutcome(r.Text(7))
	if err != nil {
		return fmt.Errorf("read event %d of the log: %w", r.Int(0), err)
	}
	*e = hygiene.Event{Seq: r.Int(0), ReceivedAt: hygiene.Instant(r.Int(1)), At: hygiene.Instant(r.Int(2)),
		Source: r.Text(3), MessageID: r.Text(4), Name: r.Text(5), Code: r.Text(6), Outcome: o, Contact: r.Text(8), To: r.Text(9)}
	if len(r.dest) > 10 {
		if e.Body = r.Blob(10); isErased(e.Body) {
			e.Body = nil
		}
	}
	if e.At == 0 {
		e.At, e.Received = e.ReceivedAt, true
	}
	return nil
}

// Events implements engine.LogReader.
func (l *logReader) Events(seqs []int64, bodies bool, found func(place int, e *hygiene.Event) error) error {
	columns := eventColumns
	if bodies {
		columns = columnsOfBody
	}
	sql := "SELECT " + columns + " FROM events WHERE seq = ?"
	for i, seq := range seqs {
		var e hygiene.Event
		r := l.c.query(sql, seq)
		ok, err := r.Next(), error(nil)
		if ok {
			err = scanEvent(r, &e)
		}
		if err = errors.Join(err, r.Close()); err == nil && ok {
			err = found(i, &e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// EventsAfter implements engine.LogReader.
func (l *logReader) EventsAfter(seq int64, most, bytes int) (events []hygiene.Event, err error) {
	r := l.c.query("SELECT "+eventColumns+" FROM events WHERE seq > ? ORDER BY seq LIMIT ?", seq, most)
	for weight := 0; weight < bytes && r.Next(); {
		events = append(events, hygiene.Event{})
		e := &events[len(events)-1]
		if err := scanEvent(r, e); err != nil {
			return nil, errors.Join(err, r.Close())
		}
		weight += len(e.MessageID) + len(e.Contact) + len(e.Name) + eventWeight
	}
	return events, r.Close()
}

// Size implements engine.LogReader. Nothing but retention deletes events, and it
// remembers where the log began. It never deletes the last one.
func (l *logReader) Size() (size engine.LogSize, err error) {
	r := l.c.query("SELECT (SELECT min(seq) FROM events), (SELECT max(seq) FROM events), (SELECT bodies FROM quarantine_size), (SELECT received_at FROM events ORDER BY seq DESC LIMIT 1), (SELECT first_seq FROM retention)")
	if r.Next() {
		size.First, size.Last, size.Received = r.Int(0), r.Int(1), hygiene.Instant(r.Int(3))
		if size.Last > 0 {
			size.Events = size.Last - cmp.Or(r.Int(4), size.First) + 1
		}
		size.Quarantined = r.Int(2)
	}
	return size, r.Close()
}

// logWriter writes the log. It implements engine.LogWriter.
type logWriter struct {
	c     *conn
	bytes int // written
}

// inserts append so many events each, the most first. Much of what the insert of one
// event costs is the statement.
var inserts = []struct {
	events int
	sql    string
}{{32, insertOf(32)}, {8, insertOf(8)}, {2, insertOf(2)}, {1, insertOf(1)}}

// insertColumns is how many values an insert has for each event.
const insertColumns = 10

func insertOf(events int) string {
	const row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	return "INSERT INTO events (received_at, at, source, message_id, event, code, outcome, contact, phone, body) VALUES " + row + strings.Repeat(", "+row, events-1)
}

// AppendEvents implements engine.LogWriter.
func (l *logWriter) AppendEvents(lists [][]hygiene.Event) error {
	waiting := make([]any, 0, inserts[0].events*insertColumns)
	for _, events := range lists {
		for i := range events {
			e := &events[i]
			l.bytes += len(e.Body) + eventWeight
			var at any
			if !e.Received {
				at = int64(e.At)
			}
			waiting = append(waiting, int64(e.ReceivedAt), at, e.Source, e.MessageID, e.Name, e.Code, e.Outcome.String(), e.Contact, e.To, e.Body)
			if len(waiting) == cap(waiting) {
				if err := l.insert(waiting); err != nil {
					return err
				}
				waiting = waiting[:0]
			}
		}
	}
	return l.insert(waiting)
}

// insert appends the events that have these values, in as few statements as there can be.
func (l *logWriter) insert(values []any) error {
	for _, insert := range inserts {
		for n := insert.events * insertColumns; len(values) >= n; values = values[n:] {
			if err := l.c.exec(insert.sql, values[:n]...); err != nil {
				return fmt.Errorf("append events: %w", err)
			}
		}
	}
	return nil
}

// Quarantine implements engine.LogWriter.
func (l *logWriter) Quarantine(list []hygiene.Unreadable, keepRows, keepBytes int64) error {
	for i := range list {
		u := &list[i]
		body := u.Body
		if body == nil {
			body = []byte{}
		}
		request := u.Unverified.Pack()
		if err := l.c.exec("INSERT INTO quarantine (received_at, source, why, body, request) VALUES (?, ?, ?, ?, ?)", int64(u.ReceivedAt), u.Source, u.Why, body, request); err != nil {
			return fmt.Errorf("quarantine: %w", err)
		}
		if err := l.countQuarantined(1, int64(len(body)+len(request))); err != nil {
			return err
		}
	}
	if err := l.notePlace(); err != nil {
		return err
	}
	for {
		id, err := l.c.number("SELECT (SELECT min(id) FROM quarantine) FROM quarantine_size WHERE bodies > ? OR bytes > ?", keepRows, keepBytes)
		if err != nil || id == 0 {
			return err
		}
		if err := l.Unquarantine([]int64{id}); err != nil {
			return err
		}
	}
}

// Unquarantine implements engine.LogWriter.
func (l *logWriter) Unquarantine(ids []int64) error {
	for _, id := range ids {
		r := l.c.query("DELETE FROM quarantine WHERE id = ? RETURNING length(body) + octet_length(request)", id)
		bodies, bytes := int64(0), int64(0)
		for r.Next() {
			bodies, bytes = 1, r.Int(0)
		}
		if err := r.Close(); err != nil {
			return fmt.Errorf("take a body out of quarantine: %w", err)
		}
		if err := l.countQuarantined(-bodies, -bytes); err != nil {
			return err
		}
	}
	return nil
}

// countQuarantined adds to how much is in quarantine.
func (l *logWriter) countQuarantined(bodies, bytes int64) error {
	return l.c.exec("UPDATE quarantine_size SET bodies = bodies + ?, bytes = bytes + ? WHERE id = 1", bodies, bytes)
}

// SetOutcomes implements engine.LogWriter.
func (l *logWriter) SetOutcomes(list []engine.OutcomeUpdate, bytes int) error {
	l.bytes += bytes
	for _, u := range list {
		if err := l.c.exec("UPDATE events SET outcome = ? WHERE seq = ?", u.Outcome.String(), u.Seq); err != nil {
			return err
		}
	}
	return nil
}

// Probe implements engine.LogWriter.
func (l *logWriter) Probe(at hygiene.Instant) error {
	return l.c.exec("INSERT INTO probe (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at", int64(at))
}
