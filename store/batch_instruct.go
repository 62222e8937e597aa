package store

import (
	"winnow/hygiene"
)

// Subjects are those that an act names: contacts by their keys, and phone numbers, in
// E.164, themselves.
type Subjects struct{ Keys, Phones []string }

// Instructed is what a manual instruction for some subjects did.
type Instructed struct {
	BatchResult
	Unknown Subjects // nothing is known of them
}

// Instruct applies a manual instruction to contacts and numbers, at the time now, in one
// transaction and as one batch of that kind. Only a suppression creates what is not known,
// and what lifts something that is remembered of a forgotten one.
//
// What names a number names that alone. A suppression of it holds for those who have the
// number, now or later; if it is a person's word, it is also the word of each contact that
// has the number at the time now, and stays theirs. To allow a number lifts what lies on
// it, and nothing of its contacts. Unknown are numbers that nobody has or had, and on which
// nothing ever lay.
func (s *Store) Instruct(policy *hygiene.Policy, of Subjects, in hygiene.Instruction, b Batch, now hygiene.Instant) (Instructed, error) {
	end, err := s.LastSeq()
	if err != nil {
		return Instructed{}, err
	}
	in.Moment, b.By, b.Note, b.Done = hygiene.Moment{At: now, Seq: end}, in.By, in.Note, true
	var unknown Subjects
	err = s.batchStep(policy, &b, now, func(w *txWriter, b *Batch) error {
		in.Batch, unknown = b.ID, Subjects{}
		for _, key := range of.Keys {
			k := &contactRow{}
			if err := w.loadInstructed(k, key, &in); err != nil {
				return err
			}
			remembered, err := w.isRemembered(key, "")
			if err != nil {
				return err
			}
			if k.stored.ID == 0 && in.Kind != hygiene.Suppress && !remembered {
				unknown.Keys = append(unknown.Keys, key)
			} else if err := w.instruct(k, in, b); err != nil {
				return err
			}
		}
		for _, phone := range of.Phones {
			number := &contactRow{}
			remembered, err := w.isRemembered("", phone)
			if err != nil {
				return err
			}
			known, err := w.numberToInstruct(number, phone, remembered || in.Kind == hygiene.Suppress)
			if err == nil && known {
				err = w.instruct(number, in, b)
			} else if !known {
				unknown.Phones = append(unknown.Phones, phone)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return Instructed{b.did(), unknown}, err
}

// loadInstructed loads the contact of an instruction: a suppression makes it known.
func (w *txWriter) loadInstructed(k *contactRow, key string, in *hygiene.Instruction) error {
	if in.Kind == hygiene.Suppress {
		return w.loadKnown(k, key)
	}
	return k.load(w, key)
}

// instruct gives the instruction to a contact or number.
func (w *txWriter) instruct(k *contactRow, in hygiene.Instruction, b *Batch) error {
	changes := w.judge.Instruct(&k.Contact, in)
	if len(changes) == 0 && !k.partsChanged() {
		return nil
	}
	return w.saveInBatch(k, changes, b)
}
