package forgotten

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// AnyMessage reports whether any message to a forgotten person is kept.
func AnyMessage(c engine.Querier) (bool, error) {
	n, err := c.Number("SELECT EXISTS (SELECT 1 FROM forgotten_messages)")
	return n == 1, err
}

// PersonsOf are the persons that the message was for; none for any other message.
func (h *Hasher) PersonsOf(c engine.Querier, m engine.MessageKey) (persons []int64, err error) {
	r := c.Query("SELECT person FROM forgotten_messages WHERE hash = ? ORDER BY person", h.Message(m))
	for r.Next() {
		persons = append(persons, r.Int(0))
	}
	return persons, r.Close()
}

// KnownName is a name of a forgotten person.
type KnownName struct {
	hash []byte
	// Subject is the contact, by its id, or the number, by the negative of its id, that has
	// the name again; 0 for none.
	Subject int64
}

// NamesOf are the names of a person.
func NamesOf(c engine.Querier, person int64) (list []KnownName, err error) {
	r := c.Query("SELECT hash, subject FROM forgotten WHERE person = ? AND reason = '' ORDER BY hash", person)
	for r.Next() {
		list = append(list, KnownName{r.Blob(0), r.Int(1)})
	}
	return list, r.Close()
}

// Renew keeps one more reason with the name.
func (n *KnownName) Renew(w engine.Writer, person int64, m hygiene.Memory) error {
	err := insertRow(w, &row{n.hash, person, Reason{Reason: m.Reason, Since: m.Since, Until: m.Until}})
	if err != nil || n.Subject == 0 {
		return err
	}
	return setSubject(w, n.hash, n.Subject)
}

// Lift ends what is kept of a person for the reason, but of numbers that were named
// themselves, of what is known again, and of what came later.
func Lift(w engine.Writer, person int64, reason string, at hygiene.Instant) error {
	return deleteReason(w, "person = ? AND named = 0 AND subject = 0 AND since <= ?", reason, person, int64(at))
}
