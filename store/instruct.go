package store

import (
	"winnow/hygiene"
)

// Instruct tells contacts something by hand, at the time now, in one
// transaction. It tells how many ledger entries it made, and which contacts are
// not known: a suppression makes one come into being, and nothing else does.
func (s *Store) Instruct(policy *hygiene.Policy, keys []string, in hygiene.Instruction, now hygiene.Instant) (changes int64, unknown []string, err error) {
	end, err := s.LastSeq()
	if err != nil {
		return 0, nil, err
	}
	in.Moment = hygiene.Moment{At: now, Seq: end}
	err = s.writeAs(policy, func(p *pen) error {
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
			if err := p.save(k, did); err != nil {
				return err
			}
			changes += int64(len(did))
		}
		return nil
	})
	return changes, unknown, err
}
