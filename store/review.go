package store

import (
	"context"

	"winnow/hygiene"
)

// Reviewed is what a review did.
type Reviewed struct {
	Contacts int64 // looked at
	Changed  int64 // contacts
	Changes  int64 // ledger entries
}

// Review applies the rules that depend on time alone to every contact, at the
// time now. It can be stopped between steps and repeated without harm.
func (s *Store) Review(ctx context.Context, policy *hygiene.Policy, now hygiene.Instant, progress func(contacts int64)) (did Reviewed, err error) {
	end, err := s.LastSeq()
	if err != nil {
		return did, err
	}
	if policy, err = s.Judging(policy); err != nil {
		return did, err
	}
	moment := hygiene.Moment{At: now, Seq: end}
	judge := func(c *hygiene.Contact) []hygiene.Change { return policy.Review(c, moment) }
	concerns := func(c *hygiene.Contact) bool { return changesWith(c, judge) }
	rewrite := func(keys []string) error {
		return s.writeAs(policy, func(w *txWriter) error {
			changed, changes, err := w.changeEach(keys, func(_ int, k *contactRow) ([]hygiene.Change, bool) {
				changes := judge(&k.Contact)
				return changes, len(changes) > 0 || k.partsChanged()
			})
			did.Changed, did.Changes = did.Changed+changed+w.given.contacts, did.Changes+changes+w.given.changes
			return err
		})
	}
	if did.Contacts, err = s.stepThrough(ctx, concerns, rewrite, progress); err != nil {
		return did, err
	}
	return did, s.markCounted(now)
}
