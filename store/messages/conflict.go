package messages

import (
	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// Conflict is a message whose events name another contact than the send log. The events
// count for the contact that they name.
type Conflict struct {
	Source     string
	MessageID  string
	Contact    string          // that the body names
	Registered string          // that the send log has
	Seq        int64           // of the first event that was compared
	At         hygiene.Instant // of that event
}

func newConflict(e *hygiene.Event, m *engine.Message) Conflict {
	return Conflict{Source: e.Source, MessageID: contactkey.MessageID(e.MessageID), Contact: e.Contact, Registered: m.Contact, Seq: e.Seq, At: e.At}
}

// InsertConflicts stores conflicts that are not stored yet, and returns how many these are
// of each source.
func InsertConflicts(c engine.Writer, list []Conflict) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, x := range list {
		n, err := c.Number(`INSERT INTO contact_conflicts (source, message_id, contact, registered, seq, at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (source, message_id, contact) DO NOTHING RETURNING 1`, x.Source, x.MessageID, x.Contact, x.Registered, x.Seq, int64(x.At))
		if err != nil {
			return nil, err
		}
		counts[x.Source] += n
	}
	return counts, nil
}

// Conflicts reads the latest conflicts, at most so many, the latest first.
func Conflicts(c engine.Querier, most int) (list []Conflict, err error) {
	r := c.Query("SELECT source, message_id, contact, registered, seq, at FROM contact_conflicts ORDER BY id DESC LIMIT ?", most)
	for r.Next() {
		list = append(list, Conflict{r.Text(0), r.Text(1), r.Text(2), r.Text(3), r.Int(4), hygiene.Instant(r.Int(5))})
	}
	return list, r.Close()
}
