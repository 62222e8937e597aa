package erasure

import (
	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// Pending is a person who is to be forgotten, or is being forgotten, until nothing of it
// is left. Its names are kept as long: what was interrupted is finished from them.
type Pending struct {
	ID      int64
	At      hygiene.Instant
	Exports bool   // also from the files of kept runs
	Subject string // the contact's key, or the key of a number, by which it is found while it has not begun
	Begun   bool   // it is gone from the contacts
	Person  int64  // that stays as hashes; 0 until it has begun
	Seq     int64  // place in the log up to which that was read
}

// The kinds of texts that are kept while a person is being forgotten.
const (
	keyText     = "key"     // of the contact
	phoneText   = "phone"   // a number that nobody else has
	messageText = "message" // that was for the person
)

// InsertPending stores a person who is to be forgotten.
func InsertPending(w engine.Writer, p *Pending) (err error) {
	exports := 0
	if p.Exports {
		exports = 1
	}
	p.ID, err = w.Number("INSERT INTO erasures (at, exports, subject, begun, seq) VALUES (?, ?, ?, 0, 0) RETURNING id", int64(p.At), exports, p.Subject)
	return err
}

// BeginPending says that the person is gone from the contacts, where the subject no longer
// finds it.
func BeginPending(w engine.Writer, p *Pending) error {
	p.Begun = true
	return w.Exec("UPDATE erasures SET begun = 1 WHERE id = ?", p.ID)
}

// SetSeq says how far the log was read for all that have begun.
func SetSeq(w engine.Writer, seq int64) error {
	return w.Exec("UPDATE erasures SET seq = ? WHERE begun = 1", seq)
}

// DeletePending deletes a person once nothing else of it is left.
func DeletePending(w engine.Writer, id int64) error {
	if err := w.Exec("DELETE FROM erasure_texts WHERE erasure = ?", id); err != nil {
		return err
	}
	return w.Exec("DELETE FROM erasures WHERE id = ?", id)
}

// List reads all that are pending, in the order in which they were asked for.
func List(c engine.Querier) (list []Pending, err error) {
	r := c.Query("SELECT id, at, exports, subject, begun, seq FROM erasures ORDER BY id")
	for r.Next() {
		list = append(list, Pending{ID: r.Int(0), At: hygiene.Instant(r.Int(1)), Exports: r.Int(2) != 0, Subject: r.Text(3), Begun: r.Int(4) != 0, Seq: r.Int(5)})
	}
	return list, r.Close()
}

// InsertNames keeps what names a person while it is being forgotten.
func InsertNames(w engine.Writer, erasure int64, p *Person) error {
	for _, key := range p.Keys {
		if err := insertText(w, erasure, keyText, "", key); err != nil {
			return err
		}
	}
	for _, n := range p.Numbers {
		if n.Others {
			continue
		}
		if err := insertText(w, erasure, phoneText, "", n.Phone); err != nil {
			return err
		}
	}
	return nil
}

// InsertMessages keeps messages of the person.
func InsertMessages(w engine.Writer, erasure int64, list []engine.MessageKey) error {
	for _, m := range list {
		if err := insertText(w, erasure, messageText, m.Source, m.ID); err != nil {
			return err
		}
	}
	return nil
}

func insertText(w engine.Writer, erasure int64, kind, source, text string) error {
	return w.Exec("INSERT INTO erasure_texts (erasure, kind, source, text) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", erasure, kind, source, text)
}

// NamesOf reads what names all who have begun to be forgotten.
func NamesOf(c engine.Querier, format contactkey.Format) (*Names, error) {
	n := NewNames(format)
	r := c.Query("SELECT t.kind, t.source, t.text, t.erasure FROM erasure_texts t JOIN erasures e ON e.id = t.erasure WHERE e.begun = 1 ORDER BY t.erasure, t.kind, t.source, t.text")
	for r.Next() {
		switch r.Text(0) {
		case keyText:
			n.AddKey(r.Text(2), r.Int(3))
		case phoneText:
			n.AddPhone(r.Text(2), r.Int(3))
		case messageText:
			n.AddMessage(engine.MessageKey{Source: r.Text(1), ID: r.Text(2)}, r.Int(3))
		}
	}
	return n, r.Close()
}
