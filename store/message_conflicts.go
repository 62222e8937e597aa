package store

import (
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
