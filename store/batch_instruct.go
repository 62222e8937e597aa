package store

import (
	"winnow/hygiene"
)

// Instructed is what a manual instruction for some contacts did.
type Instructed struct {
	BatchResult
	Unknown []string // keys of contacts that are not known
}

// Instruct applies a manual instruction to the contacts of the keys, at the time
// now, in one transaction and as one batch of that kind. Only a suppression
// creates contacts that are not known.
func (s *Store) Instruct(policy *hygiene.Policy, keys []string, in hygiene.Instruction, b Batch, now hygiene.Instant) (Instructed, error) {
	end, err := s.LastSeq()
	if err != nil {
		return Instructed{}, err
	}
	in.Moment, b.By, b.Note, b.Done = hygiene.Moment{At: now, Seq: end}, in.By, in.Note, true
	var unknown []string
	err = s.batchStep(policy, &b, now, func(w *txWriter, b *Batch) error {
		unknown, in.Batch = nil, b.ID
		k := &contactRow{}
		for _, key := range keys {
			if err := w.loadInstructed(k, key, &in); err != nil {
				return err
			}
			if k.stored.ID == 0 && in.Kind != hygiene.Suppress {
				unknown = append(unknown, key)
				continue
			}
			changes := policy.Instruct(&k.Contact, in)
			if len(changes) == 0 && !k.partsChanged() {
				continue
			}
			if err := w.saveInBatch(k, changes, b); err != nil {
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
