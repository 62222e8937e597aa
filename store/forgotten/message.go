package forgotten

import (
	"strings"

	"winnow/hygiene"
	"winnow/store/engine"
)

// AnyMessage reports whether any message to a forgotten person is kept.
func AnyMessage(c engine.Querier) (bool, error) {
	n, err := c.Number("SELECT EXISTS (SELECT 1 FROM forgotten_messages)")
	return n == 1, err
}

// hashesAtOnce is how many messages one statement asks for.
const hashesAtOnce = 250

// FindMessages calls found with the places of those of the messages that were for forgotten
// persons, in order, and with these.
func (h *Hasher) FindMessages(c engine.Querier, list []engine.MessageKey, found func(i int, persons []int64) error) error {
	for from := 0; from < len(list); from += hashesAtOnce {
		step := list[from:min(from+hashesAtOnce, len(list))]
		hashes := make([]any, len(step))
		for i, m := range step {
			hashes[i] = h.Message(m)
		}
		of := map[string][]int64{}
		r := c.Query("SELECT hash, person FROM forgotten_messages WHERE hash IN (?"+strings.Repeat(", ?", len(step)-1)+") ORDER BY hash, person", hashes...)
		for r.Next() {
			of[string(r.Blob(0))] = append(of[string(r.Blob(0))], r.Int(1))
		}
		if err := r.Close(); err != nil {
			return err
		}
		for i := 0; len(of) > 0 && i < len(step); i++ {
			if persons := of[string(hashes[i].([]byte))]; len(persons) > 0 {
				if err := found(from+i, persons); err != nil {
					return err
				}
			}
		}
	}
	return nil
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
