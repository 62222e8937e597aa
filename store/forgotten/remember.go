package forgotten

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// Person is a person who is about to be forgotten.
type Person struct {
	Keys    []Name // contact keys, the contact's own and its other names
	Numbers []Name // phone numbers in E.164
}

// Name is a key or a number of a person, with what keeps it away.
type Name struct {
	Text    string
	Reasons []Reason
}

// Reason is one reason not to text a key or a number.
type Reason struct {
	Reason       string
	Since, Until hygiene.Instant // Until is 0 for no end
	// OfNumber is of a reason of a key that lies on the phone number which the contact had:
	// it does not hold for a contact of that key with another number.
	OfNumber bool
	// Named says that a number itself was named, and no contact.
	Named bool
}

// Remember keeps hashes of the person, beside those that are kept. It can be repeated.
func Remember(w engine.Writer, p *Person) error {
	h, err := ensureHasher(w)
	if err != nil {
		return err
	}
	names := h.names(p)
	person, err := personOf(w, names)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := insertRow(w, &row{hash: n.hash, person: person}); err != nil {
			return err
		}
		for _, r := range n.reasons {
			if err := insertRow(w, &row{n.hash, person, r}); err != nil {
				return err
			}
		}
	}
	return nil
}

// RememberMessages keeps hashes of messages that were for a person, who is found by the
// first key, or number. It can be repeated.
func RememberMessages(w engine.Writer, p *Person, messages []engine.MessageKey) error {
	h, err := ensureHasher(w)
	if err != nil {
		return err
	}
	person, err := personOf(w, h.names(p))
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := insertMessage(w, h.Message(m), person); err != nil {
			return err
		}
	}
	return nil
}

// hashed is a name of a person.
type hashed struct {
	hash    []byte
	reasons []Reason
}

// names are the names of a person, keys first.
func (h *Hasher) names(p *Person) (list []hashed) {
	for i := range p.Keys {
		list = append(list, hashed{h.Key(p.Keys[i].Text), p.Keys[i].Reasons})
	}
	for i := range p.Numbers {
		list = append(list, hashed{h.Number(p.Numbers[i].Text), p.Numbers[i].Reasons})
	}
	return list
}

// personOf is the person of the first name if one has it, and else a new one.
func personOf(w engine.Writer, names []hashed) (person int64, err error) {
	if len(names) > 0 {
		if person, err = w.Number("SELECT min(person) FROM forgotten WHERE hash = ?", names[0].hash); err != nil || person != 0 {
			return person, err
		}
	}
	last, err := w.Number("SELECT max(p) FROM (SELECT max(person) AS p FROM forgotten UNION ALL SELECT max(person) FROM forgotten_messages) AS persons")
	return last + 1, err
}

// row is a row of the table forgotten. An empty reason says that nothing keeps the person
// away.
type row struct {
	hash   []byte
	person int64
	Reason
}

// insertRow keeps a hash with a reason. Of the same reason the earlier beginning and the
// later end stand.
func insertRow(w engine.Writer, r *row) error {
	return w.Exec(`INSERT INTO forgotten (hash, person, reason, since, until, of_number, named, subject) VALUES (?, ?, ?, ?, ?, ?, ?, 0)
		ON CONFLICT (hash, person, reason) DO UPDATE SET
		since = CASE WHEN forgotten.since < excluded.since THEN forgotten.since ELSE excluded.since END,
		until = CASE WHEN forgotten.until = 0 OR excluded.until = 0 THEN 0 WHEN forgotten.until > excluded.until THEN forgotten.until ELSE excluded.until END,
		of_number = excluded.of_number, named = excluded.named, subject = 0, lifted = 0`,
		r.hash, r.person, r.Reason.Reason, int64(r.Since), int64(r.Until), asInt(r.OfNumber), asInt(r.Named))
}

func asInt(is bool) int {
	if is {
		return 1
	}
	return 0
}

func insertMessage(w engine.Writer, hash []byte, person int64) error {
	return w.Exec("INSERT INTO forgotten_messages (hash, person) VALUES (?, ?) ON CONFLICT (hash, person) DO NOTHING", hash, person)
}
