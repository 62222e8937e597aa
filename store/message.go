package store

import (
	"context"
	"errors"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Registration says which contact a message was for. Contact is a key as
// [contactkey.Format] gives it.
type Registration struct {
	MessageID string
	Contact   string
	Phone     string          // E.164; empty for unknown
	SentAt    hygiene.Instant // 0 for unknown
}

// Registered is what registering messages did.
type Registered struct {
	New             int64    // messages that were not known
	Known           int64    // registered for the same contact before
	Conflicts       []string // ids of messages registered for another contact before, which stays; the first 100
	ConflictCount   int64    // how many there are
	ConflictIndexes []int    // the places of all of them among the registrations
	Matched         int64    // events that found their contact
}

// Register adds messages to the send log. The first registration of a message
// stays. Events that waited for it are judged by the next sweep. It is one
// transaction: give it a few thousand at a time.
func (s *Store) Register(_ context.Context, list []Registration) (Registered, error) {
	var did Registered
	err := s.writeAs(nil, func(w *txWriter) error {
		for i := range list {
			if err := w.register(&list[i], i, &did); err != nil {
				return err
			}
		}
		return nil
	})
	return did, err
}

func (w *txWriter) register(r *Registration, place int, did *Registered) error {
	known, err := w.Text("SELECT contact FROM messages WHERE message_id = ?", r.MessageID)
	switch {
	case err != nil:
		return err
	case known == "":
		did.New++
	case known == r.Contact:
		did.Known++
	default:
		did.ConflictCount++
		did.ConflictIndexes = append(did.ConflictIndexes, place)
		if len(did.Conflicts) < 100 {
			did.Conflicts = append(did.Conflicts, r.MessageID)
		}
		return nil
	}
	if _, err := w.ensureContact(r.Contact, r.Phone); err != nil || known != "" {
		return err
	}
	if err := w.Exec("INSERT INTO messages (message_id, contact, sent_at) VALUES (?, ?, ?)", r.MessageID, r.Contact, int64(r.SentAt)); err != nil {
		return err
	}
	n, err := w.Number("SELECT count(*) FROM unmatched WHERE message_id = ?", r.MessageID)
	if err != nil || n == 0 {
		return err
	}
	did.Matched += n
	if err := w.Exec("INSERT INTO matched (seq, held_by) SELECT seq, held_by FROM unmatched WHERE message_id = ?", r.MessageID); err != nil {
		return err
	}
	return w.Exec("DELETE FROM unmatched WHERE message_id = ?", r.MessageID)
}

// findContactsOf sets the contact of each event that names none and whose message
// the send log has.
func findContactsOf(c engine.Reader, events []hygiene.Event) error {
	var ids []string
	var places []int
	for i := range events {
		if events[i].Contact == "" {
			ids, places = append(ids, events[i].MessageID), append(places, i)
		}
	}
	return c.FindMessages(ids, func(i int, contact string) { events[places[i]].Contact = contact })
}

// forgetUnconfirmed leaves out the contact of each event of these sources unless the
// send log has its message for that contact: until then the event waits.
func forgetUnconfirmed(c engine.Reader, events []hygiene.Event, sources map[string]bool) error {
	if len(sources) == 0 {
		return nil
	}
	var ids []string
	var places []int
	for i := range events {
		if e := &events[i]; sources[e.Source] && e.Contact != "" {
			ids, places = append(ids, e.MessageID), append(places, i)
		}
	}
	confirmed := make([]bool, len(ids))
	err := c.FindMessages(ids, func(i int, contact string) { confirmed[i] = contact == events[places[i]].Contact })
	for i, place := range places {
		if !confirmed[i] {
			events[place].Contact = ""
		}
	}
	return err
}

// waits reports whether the event waits for its message to be registered, so that it has
// not been applied to the contact that its body names.
func waits(c engine.Querier, e *hygiene.Event) (bool, error) {
	n, err := c.Number("SELECT count(*) FROM unmatched WHERE message_id = ? AND seq = ?", e.MessageID, e.Seq)
	return n > 0, err
}

// Unmatched visits the events whose contact is not known yet, by message id.
func (s *Store) Unmatched(most int, visit func(hygiene.Event) error) error {
	var seqs []int64
	err := s.read(func(c engine.Reader) error {
		r := c.Query("SELECT seq FROM unmatched ORDER BY message_id, seq LIMIT ?", most)
		for r.Next() {
			seqs = append(seqs, r.Int(0))
		}
		return r.Close()
	})
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		e, ok, err := s.Event(seq)
		if err == nil && ok {
			err = visit(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unmatchedChunk is how many events [Store.EachUnmatched] reads together.
const unmatchedChunk = 500

// EachUnmatched visits all events whose contact is not known yet, with their bodies, by
// message id. Those that are matched meanwhile may be left out.
func (s *Store) EachUnmatched(ctx context.Context, visit func(*hygiene.Event) error) error {
	lastID, lastSeq := "", int64(0)
	for {
		var seqs []int64
		err := s.read(func(c engine.Reader) error {
			r := c.Query("SELECT message_id, seq FROM unmatched WHERE (message_id, seq) > (?, ?) ORDER BY message_id, seq LIMIT ?",
				lastID, lastSeq, unmatchedChunk)
			for r.Next() {
				lastID, lastSeq = r.Text(0), r.Int(1)
				seqs = append(seqs, lastSeq)
			}
			return r.Close()
		})
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		err = s.readLog(func(l engine.LogReader) error {
			return l.Events(seqs, true, func(_ int, e *hygiene.Event) error { return visit(e) })
		})
		if err != nil || len(seqs) < unmatchedChunk {
			return err
		}
	}
}

// Message returns what is known of a message by its id: the contact that it was
// registered for, empty for none, and how many of its events are unmatched.
func (s *Store) Message(id string) (contact string, unmatched int64, err error) {
	err = s.read(func(c engine.Reader) error {
		if contact, err = c.Text("SELECT contact FROM messages WHERE message_id = ?", id); err != nil {
			return err
		}
		unmatched, err = c.Number("SELECT count(*) FROM unmatched WHERE message_id = ?", id)
		return err
	})
	return contact, unmatched, err
}
