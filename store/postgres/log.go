package postgres

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"

	"winnow/hygiene"
	"winnow/store/engine"
)

// logReader reads the log. It implements engine.LogReader.
type logReader struct{ *conn }

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
	if len(r.raw) > 10 && len(bytes.TrimLeft(r.raw[10], "\x00")) > 0 { // else nothing is left of it
		e.Body = r.Blob(10)
	}
	if e.At == 0 {
		e.At, e.Received = e.ReceivedAt, true
	}
	return nil
}

// Events are read so many at a time.
const (
	eventsAtOnce = 1000
	bodiesAtOnce = 100
)

// Events implements engine.LogReader. found may ask for more, so those of one query are
// read first.
func (l *logReader) Events(seqs []int64, bodies bool, found func(place int, e *hygiene.Event) error) error {
	columns, most := eventColumns, eventsAtOnce
	if bodies {
		columns, most = columnsOfBody, bodiesAtOnce
	}
	for from := 0; from < len(seqs); from += most {
		asked := seqs[from:min(from+most, len(seqs))]
		events := make(map[int64]*hygiene.Event, len(asked))
		r := l.query("SELECT "+columns+" FROM events WHERE seq = ANY($1)", asked)
		for r.Next() {
			e := &hygiene.Event{}
			if err := scanEvent(r, e); err != nil {
				return errors.Join(err, r.Close())
			}
			events[e.Seq] = e
		}
		if err := r.Close(); err != nil {
			return err
		}
		for i, seq := range asked {
			if events[seq] == nil {
				continue
			}
			e := *events[seq]
			if err := found(from+i, &e); err != nil {
				return err
			}
		}
	}
	return nil
}

// EventsAfter implements engine.LogReader.
func (l *logReader) EventsAfter(seq int64, most, weight int) (events []hygiene.Event, err error) {
	r := l.query("SELECT "+eventColumns+" FROM events WHERE seq > $1 ORDER BY seq LIMIT $2", seq, int64(min(most, weight/eventWeight+1)))
	for weight > 0 && r.Next() {
		events = append(events, hygiene.Event{})
		e := &events[len(events)-1]
		if err := scanEvent(r, e); err != nil {
			return nil, errors.Join(err, r.Close())
		}
		weight -= len(e.MessageID) + len(e.Contact) + len(e.Name) + eventWeight
	}
	return events, r.Close()
}

// Size implements engine.LogReader. Nothing but retention deletes events, and it
// remembers where the log began. It never deletes the last one.
func (l *logReader) Size() (size engine.LogSize, err error) {
	r := l.query(`SELECT (SELECT min(seq) FROM events), (SELECT max(seq) FROM events), (SELECT bodies FROM quarantine_size),
		(SELECT received_at FROM events ORDER BY seq DESC LIMIT 1), (SELECT first_seq FROM retention)`)
	if r.Next() {
		size.First, size.Last, size.Received = r.Int(0), r.Int(1), hygiene.Instant(r.Int(3))
		if size.Last > 0 {
			size.Events = size.Last - cmp.Or(r.Int(4), size.First) + 1
		}
		size.Quarantined = r.Int(2)
	}
	return size, r.Close()
}

// Sequences implements engine.LogReader.
func (l *logReader) Sequences() (events, quarantined int64, err error) {
	r := l.query("SELECT seq, quarantined FROM log_end WHERE id = 1")
	if r.Next() {
		events, quarantined = r.Int(0), r.Int(1)
	}
	return events, quarantined, r.Close()
}

// Space implements engine.LogReader. The server reuses room by itself and gives none back.
func (l *logReader) Space() (s engine.LogSpace, err error) {
	r := l.query("SELECT pg_total_relation_size('events') + pg_total_relation_size('quarantine') + pg_total_relation_size('arrivals'), current_setting('block_size')::bigint")
	if r.Next() {
		s.Bytes, s.PageBytes = r.Int(0), r.Int(1)
	}
	return s, r.Close()
}

// logWriter writes the log. It implements engine.LogWriter. Lines that it appends are
// copied at the end of its transaction.
type logWriter struct {
	c      *conn
	lines  arrivals
	held   heldLeases // of its process
	fenced bool
}

// fence is called before something of the log is changed that is there: only the process that
// has the leases for it may. What arrives is appended by any.
func (l *logWriter) fence() error {
	if l.fenced {
		return nil
	}
	l.fenced = true
	return l.held.fence(l.c)
}

// appendTo copies the lines as the next ones of the appender, and ends its commit.
func (l *logWriter) appendTo(p *process) error {
	if err := l.lines.copyTo(l.c, p.appender, p.n); err != nil {
		return fmt.Errorf("append to the log: %w", err)
	}
	return l.c.exec("SELECT winnow_appended($1, $2, $3, $4)", p.appender, p.writer, p.n+int64(l.lines.len()), p.commits+1)
}

// AppendEvents implements engine.LogWriter.
func (l *logWriter) AppendEvents(lists [][]hygiene.Event) error {
	l.lines.grow(lists)
	for _, events := range lists {
		for i := range events {
			l.lines.addEvent(&events[i])
		}
	}
	return nil
}

// Quarantine implements engine.LogWriter. settle lets the oldest go.
func (l *logWriter) Quarantine(list []hygiene.Unreadable, keepRows, keepBytes int64) error {
	for i := range list {
		l.lines.addUnreadable(&list[i])
	}
	return l.c.exec("UPDATE log_end SET keep_rows = $1, keep_bytes = $2 WHERE id = 1 AND (keep_rows, keep_bytes) <> ($1, $2)", keepRows, keepBytes)
}

// Unquarantine implements engine.LogWriter.
func (l *logWriter) Unquarantine(ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	if err := l.fence(); err != nil {
		return err
	}
	if err := l.c.exec("SELECT 1 FROM quarantine_size WHERE id = 1 FOR UPDATE"); err != nil { // before the bodies, as settle does
		return err
	}
	return l.c.exec(`WITH gone AS (DELETE FROM quarantine WHERE id = ANY($1) RETURNING length(body) + octet_length(request) AS bytes)
		UPDATE quarantine_size SET bodies = bodies - (SELECT count(*) FROM gone), bytes = bytes - (SELECT coalesce(sum(bytes), 0) FROM gone) WHERE id = 1`, ids)
}

// SetOutcomes implements engine.LogWriter.
func (l *logWriter) SetOutcomes(list []engine.OutcomeUpdate, _ int) error {
	if err := l.fence(); err != nil {
		return err
	}
	seqs, outcomes := make([]int64, len(list)), make([]string, len(list))
	for i, u := range list {
		seqs[i], outcomes[i] = u.Seq, u.Outcome.String()
	}
	return l.c.exec("UPDATE events SET outcome = u.outcome FROM unnest($1::bigint[], $2::text[]) AS u(seq, outcome) WHERE events.seq = u.seq", seqs, outcomes)
}

// EraseEvents implements engine.LogWriter.
func (l *logWriter) EraseEvents(list []engine.Erasure) error {
	if len(list) == 0 {
		return nil
	}
	if err := l.fence(); err != nil {
		return err
	}
	for _, erase := range list {
		set := "phone = '', body = ''"
		where := ""
		if erase.Whole {
			set += ", message_id = '', contact = ''"
			where = " AND (message_id <> '' OR length(body) > 0)" // else it was erased before
		}
		if erase.Words {
			set += ", event = '', code = ''"
		}
		if err := l.c.exec("UPDATE events SET "+set+" WHERE seq = $1"+where, erase.Seq); err != nil {
			return err
		}
	}
	return nil
}

// BeginWriter implements engine.LogWriter. The name is that of the connection, see process;
// to write it here would make the first commit of a process wait for that of another.
func (l *logWriter) BeginWriter(string) error { return nil }

// pullLock keeps two processes from pulling the same lines.
const pullLock = writeLock + 2

// Pull implements engine.LogWriter.
func (l *logWriter) Pull(p *engine.Pulled) (bool, error) {
	if err := l.c.exec("SELECT pg_advisory_xact_lock($1)", int64(pullLock)); err != nil {
		return false, err
	}
	n, err := l.c.number("SELECT n FROM pulled WHERE writer = $1", p.Writer)
	if err != nil || n != p.From {
		return false, err
	}
	return true, l.c.exec(`INSERT INTO pulled (writer, receiver, n, received_at, turn) VALUES ($1, $2, $3, $4, coalesce((SELECT max(turn) FROM pulled), 0) + 1)
		ON CONFLICT (writer) DO UPDATE SET receiver = excluded.receiver, n = excluded.n, received_at = excluded.received_at`, p.Writer, p.Receiver, p.Through, int64(p.Received))
}

// Probe implements engine.LogWriter.
func (l *logWriter) Probe(at hygiene.Instant) error {
	return l.c.exec("INSERT INTO probe (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at", int64(at))
}
