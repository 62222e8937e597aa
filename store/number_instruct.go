package store

import (
	"context"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/lookahead"
)

// numberToInstruct reads a number that is to be instructed. One without a row is made a
// subject if create says so; else it is not known.
func (w *txWriter) numberToInstruct(number *contactRow, phone string, create bool) (known bool, err error) {
	if err := number.load(w, hygiene.NumberKey(phone)); err != nil || number.stored.ID != 0 {
		return true, err
	}
	if !create {
		// An act judges what it covers whenever that becomes known.
		has, err := w.Number("SELECT EXISTS (SELECT 1 FROM contacts WHERE phone = ?) OR EXISTS (SELECT 1 FROM former_numbers WHERE phone = ?)", phone, phone)
		if err != nil || has == 0 {
			return false, err
		}
	}
	return true, w.beginNumber(number, giver{}, hygiene.Moment{})
}

// OnNumber is a suppression that stands on a number, and whose evidence it is.
type OnNumber struct {
	hygiene.Suppression
	Phone string
	// From is the key of the contact on whose evidence it rests; empty when the number
	// itself was named, when that contact is no longer known, or for Unknown.
	From string
	// Named says that the number itself was named: an operator, or a list by phone.
	Named bool
}

// StandingOn lists what keeps those who have the phone number from being texted at t.
func (s *Store) StandingOn(phone string, t hygiene.Instant) (list []OnNumber, err error) {
	number, ok, err := s.Number(phone)
	if err != nil || !ok {
		return nil, err
	}
	for _, open := range number.OpenSuppressions(t) {
		on := OnNumber{Suppression: open, Phone: phone, Named: number.IsNamed(&open)}
		if on.From, err = s.GiverOf(number, &open); err != nil {
			return nil, err
		}
		list = append(list, on)
	}
	return list, nil
}

// GiverOf is the key of the contact on whose evidence a suppression of the number rests;
// see [OnNumber]. Of a contact that was merged it is that of the whole.
func (s *Store) GiverOf(number *hygiene.Contact, suppression *hygiene.Suppression) (key string, err error) {
	giver := number.GiverOf(suppression)
	if giver == 0 {
		return "", nil
	}
	err = s.read(func(c engine.Reader) (err error) {
		if key, err = c.Text("SELECT key FROM contacts WHERE id = ?", giver); err == nil && key == "" {
			key, err = c.Text("SELECT contact FROM names WHERE id = ?", giver)
		}
		return err
	})
	return key, err
}

// EachUnownedNumber visits the numbers with something on them, or that had, which no
// contact has. They may be changed.
func (s *Store) EachUnownedNumber(ctx context.Context, visit func(number *hygiene.Contact)) error {
	for last := int64(0); ctx.Err() == nil; {
		var step []engine.Contact
		err := s.read(func(c engine.Reader) error {
			r := c.Query("SELECT "+lookahead.NumberColumns+` FROM numbers WHERE id > ? AND NOT EXISTS (SELECT 1 FROM contacts WHERE contacts.phone = numbers.phone)
				ORDER BY id LIMIT ?`, last, chunkSize)
			for r.Next() {
				step = append(step, lookahead.ScanNumber(r))
			}
			return r.Close()
		})
		if err != nil || len(step) == 0 {
			return err
		}
		for i := range step {
			number := hygiene.Contact{Key: step[i].Key}
			if err := number.Unpack(step[i].Facts); err != nil {
				return err
			}
			if s.present {
				number.InPresent()
			}
			visit(&number)
		}
		last = -step[len(step)-1].ID
	}
	return ctx.Err()
}
