package store

import (
	"context"
	"errors"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// ContactConflict is a message whose events name another contact than the send log. The
// events count for the contact that they name.
type ContactConflict struct {
	Source     string
	MessageID  string
	Contact    string          // that the body names
	Registered string          // that the send log has
	Seq        int64           // of the first event that was compared
	At         hygiene.Instant // of that event
}

// Conflicts are found in two ways. A sweep compares each event with the send log as it is
// then, for which it looks up the message in any case. A line that comes after the event
// is compared by the review, once the event is so old: by then most lines have come. What
// is registered later still is not compared: the log has no index of messages, for one
// would cost the sweep a page for each event.
const compareAfter = 3 * hygiene.Day

// conflictsOf is the beginning of the names of the counters of conflicts, which the source
// follows.
const conflictsOf = "conflicts/"

// addConflict adds the conflict of an event whose body names a contact, if the send log
// has another one for its message. What earlier versions registered for no source in
// particular may be about another source's message.
func addConflict(list []ContactConflict, e *hygiene.Event, m *engine.Message) []ContactConflict {
	if m.Contact == "" || m.Unsourced {
		return list
	}
	return append(list, ContactConflict{Source: e.Source, MessageID: contactkey.MessageID(e.MessageID), Contact: e.Contact, Registered: m.Contact, Seq: e.Seq, At: e.At})
}

// saveConflicts stores conflicts that are not stored yet, and counts them.
func saveConflicts(c engine.Writer, list []ContactConflict) error {
	counts := map[string]int64{}
	for _, x := range list {
		n, err := c.Number(`INSERT INTO contact_conflicts (source, message_id, contact, registered, seq, at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (source, message_id, contact) DO NOTHING RETURNING 1`, x.Source, x.MessageID, x.Contact, x.Registered, x.Seq, int64(x.At))
		if err != nil {
			return err
		}
		counts[x.Source] += n
	}
	for source, n := range counts {
		if err := addToCounter(c, conflictsOf+source, n); err != nil {
			return err
		}
	}
	return nil
}

// CompareLate compares events with the send log once more, three days after they were
// received, so that conflicts with lines that came after the events are found. It can be
// stopped between steps and repeated without harm.
func (s *Store) CompareLate(ctx context.Context, now hygiene.Instant) error {
	from, end, err := s.toCompare(now.Add(-compareAfter))
	if err != nil || from >= end {
		return err
	}
	for from < end && err == nil {
		var events []hygiene.Event
		err = s.readLog(func(l engine.LogReader) (err error) {
			events, err = l.EventsAfter(from, min(sweepEvents, int(end-from)), sweepBytes)
			return err
		})
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		from = end
		if len(events) > 0 {
			from = min(end, events[len(events)-1].Seq)
		}
		err = s.write(func(c engine.Writer) error {
			var view sendLogView
			named := func(e *hygiene.Event) bool { return e.Contact != "" && e.Seq <= end }
			if err := sendLogOf(c, events, named, view.add); err != nil {
				return err
			}
			conflicts, err := view.identify(c, events, nil)
			return errors.Join(err, saveConflicts(c, conflicts), setCounter(c, compared, from))
		})
	}
	return err
}

// toCompare is which events, after from and up to end, were swept and not compared for a
// second time although they were received before that time. Where the send log is empty,
// there are none, and none will be of those that there are now.
func (s *Store) toCompare(before hygiene.Instant) (from, end int64, err error) {
	var some bool
	err = s.read(func(c engine.Reader) (err error) {
		if from, err = counter(c, compared); err != nil {
			return err
		}
		if end, err = counter(c, cursor); err != nil {
			return err
		}
		some, err = hasSendLog(c)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	err = s.readLog(func(l engine.LogReader) error {
		low := from
		for low < end { // the receipts of one log are in order, as far as its clock is
			middle := (low + end + 1) / 2
			received, err := l.Number("SELECT received_at FROM events WHERE seq = ?", middle)
			if err != nil {
				return err
			}
			if hygiene.Instant(received) < before { // 0 for an event that is gone
				low = middle
			} else {
				end = middle - 1
			}
		}
		return nil
	})
	if err == nil && !some && from < end {
		err = s.write(func(c engine.Writer) error { return setCounter(c, compared, end) })
		from = end
	}
	return from, end, err
}

// ContactConflicts visits the latest conflicts, at most so many, the latest first.
func (s *Store) ContactConflicts(most int, visit func(ContactConflict) error) error {
	var list []ContactConflict
	err := s.read(func(c engine.Reader) error {
		r := c.Query("SELECT source, message_id, contact, registered, seq, at FROM contact_conflicts ORDER BY id DESC LIMIT ?", most)
		for r.Next() {
			list = append(list, ContactConflict{r.Text(0), r.Text(1), r.Text(2), r.Text(3), r.Int(4), hygiene.Instant(r.Int(5))})
		}
		return r.Close()
	})
	for i := 0; err == nil && i < len(list); i++ {
		err = visit(list[i])
	}
	return err
}

// conflictsBySource reads how many conflicts each source has had.
func conflictsBySource(c engine.Querier) (map[string]int64, error) {
	counts := map[string]int64{}
	r := c.Query("SELECT name, value FROM counters WHERE name > ? AND name < ?", conflictsOf, strings.TrimSuffix(conflictsOf, "/")+"0")
	for r.Next() {
		counts[strings.TrimPrefix(r.Text(0), conflictsOf)] = r.Int(1)
	}
	return counts, r.Close()
}
