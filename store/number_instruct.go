package store

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// InstructNumbers applies a manual instruction to phone numbers as [Store.Instruct] does
// to contacts: it names the numbers alone. A suppression holds for those who have such a
// number, now or later; if it is a person's word, it is also the word of each contact that
// has the number at the time now, and stays theirs. To allow a number lifts what lies on it,
// and nothing of its contacts. Unknown are numbers that nobody has or had, and on which
// nothing ever lay.
func (s *Store) InstructNumbers(policy *hygiene.Policy, phones []string, in hygiene.Instruction, b Batch, now hygiene.Instant) (Instructed, error) {
	end, err := s.LastSeq()
	if err != nil {
		return Instructed{}, err
	}
	in.Moment, b.By, b.Note, b.Done = hygiene.Moment{At: now, Seq: end}, in.By, in.Note, true
	var unknown []string
	err = s.batchStep(policy, &b, now, func(w *txWriter, b *Batch) error {
		unknown, in.Batch = nil, b.ID
		for _, phone := range phones {
			number := &contactRow{}
			known, err := w.numberToInstruct(number, phone, in.Kind == hygiene.Suppress)
			if err != nil {
				return err
			}
			if !known {
				unknown = append(unknown, phone)
				continue
			}
			changes := policy.Instruct(&number.Contact, in)
			if len(changes) == 0 {
				continue
			}
			if err := w.saveInBatch(number, changes, b); err != nil {
				return err
			}
		}
		return nil
	})
	return Instructed{b.did(), unknown}, err
}

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
		if giver := number.GiverOf(&open); giver != 0 {
			if err := s.read(func(c engine.Reader) (err error) {
				on.From, err = c.Text("SELECT key FROM contacts WHERE id = ? UNION ALL SELECT key FROM names WHERE id = ?", giver, giver)
				return err
			}); err != nil {
				return nil, err
			}
		}
		list = append(list, on)
	}
	return list, nil
}
