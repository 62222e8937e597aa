package forgotten

import (
	"bytes"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Kept is what is kept of a key or a number.
type Kept struct {
	Persons []int64
	Reasons []Remembered
}

// Remembered is a reason that is kept.
type Remembered struct {
	Reason       string
	Since, Until hygiene.Instant // Until is 0 for no end
	Named        bool            // see [Reason]
	number       []byte          // hash of the number on which it lies, of a reason of a key; nil for the key's own
}

// OnNumber reports whether the reason of a key lies on a phone number.
func (r *Remembered) OnNumber() bool { return len(r.number) > 0 }

// Holds reports whether the reason of a key holds for a contact with that number; empty
// for none.
func (h *Hasher) Holds(r *Remembered, phone string) bool {
	return !r.OnNumber() || phone == "" || bytes.Equal(r.number, h.Number(phone))
}

// InForce reports whether the reason is not over.
func (r *Remembered) InForce(now hygiene.Instant) bool { return r.Until == 0 || now < r.Until }

// OfKey is what is kept of a contact's key; nil if nothing is.
func (h *Hasher) OfKey(c engine.Querier, key string) (*Kept, error) { return kept(c, h.Key(key)) }

// OfNumber is what is kept of a phone number; nil if nothing is.
func (h *Hasher) OfNumber(c engine.Querier, phone string) (*Kept, error) {
	return kept(c, h.Number(phone))
}

func kept(c engine.Querier, hash []byte) (k *Kept, err error) {
	r := c.Query("SELECT person, reason, since, until, number, named FROM forgotten WHERE hash = ? ORDER BY person, reason", hash)
	for r.Next() {
		if k == nil {
			k = &Kept{}
		}
		if r.Text(1) == "" {
			k.Persons = append(k.Persons, r.Int(0))
			continue
		}
		k.Reasons = append(k.Reasons, Remembered{Reason: r.Text(1), Since: hygiene.Instant(r.Int(2)), Until: hygiene.Instant(r.Int(3)), number: r.Blob(4), Named: r.Int(5) != 0})
	}
	return k, r.Close()
}
