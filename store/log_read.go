package store

import (
	"fmt"

	"winnow/hygiene"
)

const (
	aloneColumns = "seq, received_at, at, source, message_id, event, code, outcome, contact"
	eventColumns = aloneColumns + ", body"
)

// scanEvent reads a row of eventColumns or aloneColumns into e.
func scanEvent(r *rows, e *hygiene.Event) error {
	o, err := hygiene.ParseOutcome(r.text(7))
	if err != nil {
		return fmt.Errorf("read event %d of the log: %w", r.int(0), err)
	}
	*e = hygiene.Event{Seq: r.int(0), ReceivedAt: hygiene.Instant(r.int(1)), At: hygiene.Instant(r.int(2)),
		Source: r.text(3), MessageID: r.text(4), Name: r.text(5), Code: r.text(6), Outcome: o, Contact: r.text(8)}
	if len(r.dest) > 9 {
		e.Body = r.blob(9)
	}
	if e.At == 0 {
		e.At = e.ReceivedAt
	}
	return nil
}

// eventsAfter reads events later in the log than seq, without their bodies, up
// to a number of them and a weight in bytes, but at least one.
func eventsAfter(c *conn, seq int64, most, bytes int) ([]hygiene.Event, error) {
	r := c.query("SELECT "+aloneColumns+" FROM events WHERE seq > ? ORDER BY seq LIMIT ?", seq, most)
	var events []hygiene.Event
	for weight := 0; weight < bytes && r.next(); {
		events = append(events, hygiene.Event{})
		e := &events[len(events)-1]
		if err := scanEvent(r, e); err != nil {
			r.close()
			return nil, err
		}
		weight += len(e.MessageID) + len(e.Contact) + len(e.Name) + eventWeight
	}
	return events, r.close()
}

// eventWeight is about what an event without its texts weighs in memory.
const eventWeight = 200

// event reads one event; false when the log no longer has it.
func event(c *conn, seq int64) (e hygiene.Event, ok bool, err error) {
	return oneEvent(c, eventColumns, seq)
}

// eventAlone reads one event without its body, which may weigh a megabyte.
func eventAlone(c *conn, seq int64) (e hygiene.Event, ok bool, err error) {
	return oneEvent(c, aloneColumns, seq)
}

func oneEvent(c *conn, columns string, seq int64) (e hygiene.Event, ok bool, err error) {
	r := c.query("SELECT "+columns+" FROM events WHERE seq = ?", seq)
	if r.next() {
		ok, err = true, scanEvent(r, &e)
	}
	if err != nil {
		r.close()
		return e, false, err
	}
	return e, ok, r.close()
}

// Event reads one event of the log; false when the log does not have it.
func (s *Store) Event(seq int64) (e hygiene.Event, ok bool, err error) {
	err = s.readLog(func(c *conn) error {
		e, ok, err = event(c, seq)
		return err
	})
	return e, ok, err
}

// lastSeq is the end of the log.
func lastSeq(c *conn) (int64, error) { return c.number("SELECT max(seq) FROM events") }

// LastSeq is the place in the log of the latest event; 0 for an empty log.
func (s *Store) LastSeq() (n int64, err error) {
	err = s.readLog(func(c *conn) error {
		n, err = lastSeq(c)
		return err
	})
	return n, err
}

// Quarantined is one body in quarantine.
type Quarantined struct {
	ID int64
	hygiene.Unreadable
}

// Quarantine reads what is in quarantine, the latest first, at most so many.
func (s *Store) Quarantine(most int) (list []Quarantined, err error) {
	err = s.readLog(func(c *conn) error {
		r := c.query("SELECT id, received_at, source, why, body FROM quarantine ORDER BY id DESC LIMIT ?", most)
		for r.next() {
			list = append(list, Quarantined{r.int(0), hygiene.Unreadable{ReceivedAt: hygiene.Instant(r.int(1)), Source: r.text(2), Why: r.text(3), Body: r.blob(4)}})
		}
		return r.close()
	})
	return list, err
}
