package store

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// Hold is a legal hold: the contact may not be forgotten, and nothing of it ends by age.
type Hold struct {
	Contact string          `json:"contact"` // the key that was named, which may be another name by now
	At      hygiene.Instant `json:"at"`
	By      string          `json:"by"`
	Note    string          `json:"note"`
}

const holdColumns = "contact, at, by, note"

func scanHold(r engine.Rows) Hold {
	return Hold{Contact: r.Text(0), At: hygiene.Instant(r.Int(1)), By: r.Text(2), Note: r.Text(3)}
}

// Hold places a hold on a contact, in place of what its key had. known is whether there is a
// contact of the key; there is no hold without.
func (s *Store) Hold(h Hold) (known bool, err error) {
	err = s.write(func(w engine.Writer) error {
		root, err := rootOf(w, h.Contact)
		if err != nil {
			return err
		}
		n, err := w.Number("SELECT EXISTS (SELECT 1 FROM contacts WHERE key = ?)", root)
		if known = n == 1; err != nil || !known {
			return err
		}
		return putHold(w, &h)
	})
	return known, err
}

// putHold is the one writer of holds that begin.
func putHold(w engine.Writer, h *Hold) error {
	return w.Exec(`INSERT INTO holds (contact, at, by, note) VALUES (?, ?, ?, ?)
		ON CONFLICT (contact) DO UPDATE SET at = excluded.at, by = excluded.by, note = excluded.note`, h.Contact, int64(h.At), h.By, h.Note)
}

// EndHold ends the holds on the contact that the key names, by each of its names, and
// returns them.
func (s *Store) EndHold(key string) (ended []Hold, err error) {
	err = s.write(func(w engine.Writer) error {
		if ended, err = holdsOf(w, key); err != nil {
			return err
		}
		for _, h := range ended {
			if err := deleteHold(w, h.Contact); err != nil {
				return err
			}
		}
		return nil
	})
	return ended, err
}

func deleteHold(w engine.Writer, key string) error {
	return w.Exec("DELETE FROM holds WHERE contact = ?", key)
}

// Held finds the hold on the contact that the key names, by whichever of its names.
func (s *Store) Held(key string) (hold Hold, held bool, err error) {
	err = s.read(func(c engine.Reader) error {
		list, err := holdsOf(c, key)
		if held = len(list) > 0; held {
			hold = list[0]
		}
		return err
	})
	return hold, held, err
}

// heldKeys are those of the keys that a hold keeps from being forgotten.
func heldKeys(c engine.Reader, keys []string) (held []string, err error) {
	for _, key := range keys {
		list, err := holdsOf(c, key)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			held = append(held, key)
		}
	}
	return held, nil
}

// holdsOf are the holds on the contact that the key names. Where there are none it costs
// one query.
func holdsOf(c engine.Reader, key string) (list []Hold, err error) {
	some, err := c.Number("SELECT EXISTS (SELECT 1 FROM holds)")
	if err != nil || some == 0 {
		return nil, err
	}
	root, err := rootOf(c, key)
	if err != nil {
		return nil, err
	}
	r := c.Query("SELECT "+holdColumns+" FROM holds WHERE contact = ? OR contact IN (SELECT key FROM names WHERE contact = ?) ORDER BY contact", root, root)
	for r.Next() {
		list = append(list, scanHold(r))
	}
	return list, r.Close()
}

// Holds visits the holds by key, a page at a time.
func (s *Store) Holds(visit func(Hold) error) error {
	for last := ""; ; {
		var page []Hold
		err := s.read(func(c engine.Reader) error {
			r := c.Query("SELECT "+holdColumns+" FROM holds WHERE contact > ? ORDER BY contact LIMIT ?", last, pageOfHolds)
			for r.Next() {
				page = append(page, scanHold(r))
			}
			return r.Close()
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, h := range page {
			if err := visit(h); err != nil {
				return err
			}
		}
		last = page[len(page)-1].Contact
	}
}

const pageOfHolds = 1000
