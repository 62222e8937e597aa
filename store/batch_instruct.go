package store

import (
	"winnow/hygiene"
)

// Instructed is what telling contacts something by hand did.
type Instructed struct {
	Batched
	Unknown []string // keys of contacts that are not known
}

// Instruct tells contacts something by hand, at the time now, in one transaction
// and as one batch of that kind. A suppression makes a contact that is not known
// come into being, and nothing else does.
func (s *Store) Instruct(policy *hygiene.Policy, keys []string, in hygiene.Instruction, b Batch, now hygiene.Instant) (Instructed, error) {
	end, err := s.LastSeq()
	if err != nil {
		return Instructed{}, err
	}
	in.Moment, b.By, b.Note, b.Done = hygiene.Moment{At: now, Seq: end}, in.By, in.Note, true
	var unknown []string
	err = s.batchStep(policy, &b, now, func(p *pen, b *Batch) error {
		unknown, in.Batch = nil, b.ID
		k := &card{}
		for _, key := range keys {
			if err := k.load(p.c, key); err != nil {
				return err
			}
			if k.id == 0 && in.Kind != hygiene.Suppress {
				unknown = append(unknown, key)
				continue
			}
			did := policy.Instruct(&k.Contact, in)
			if len(did) == 0 {
				continue
			}
			if err := p.saveInBatch(k, did, b); err != nil {
				return err
			}
		}
		if b.Contacts == 0 {
			return errNothing
		}
		return nil
	})
	return Instructed{b.did(), unknown}, err
}
