package store

import (
	"context"

	"winnow/hygiene"
)

// A review looks at everyone, in steps of so many contacts: each step is one
// transaction when it changes something, and none when it does not.
const reviewStep = 5_000

// Reviewed is what a review, or any pass over everyone, did.
type Reviewed struct {
	Contacts int64 // looked at
	Changed  int64 // contacts
	Changes  int64 // ledger entries
}

// Review asks the rules that look at the time alone about every contact, at
// the time now. It can be stopped between steps and repeated without harm.
func (s *Store) Review(ctx context.Context, policy *hygiene.Policy, now hygiene.Instant, progress func(contacts int64)) (Reviewed, error) {
	end, err := s.LastSeq()
	if err != nil {
		return Reviewed{}, err
	}
	moment := hygiene.Moment{At: now, Seq: end}
	did, err := s.everyone(ctx, policy, progress, func(c *hygiene.Contact) []hygiene.Change { return policy.Review(c, moment) })
	if err != nil {
		return did, err
	}
	return did, s.counted(now)
}

// everyone lets judge change each contact in turn. A step reads without a
// lock first; only contacts that change are read, judged and written again in
// a transaction.
func (s *Store) everyone(ctx context.Context, policy *hygiene.Policy, progress func(int64), judge func(*hygiene.Contact) []hygiene.Change) (Reviewed, error) {
	var did Reviewed
	changes := func(c *hygiene.Contact) bool { return len(judge(c)) > 0 }
	for last := int64(0); ctx.Err() == nil; {
		keys, next, n, err := s.concerned(last, changes)
		if err != nil || n == 0 {
			return did, err
		}
		did.Contacts += n
		last = next
		if err := s.judgeEach(policy, keys, judge, &did); err != nil {
			return did, err
		}
		if progress != nil {
			progress(did.Contacts)
		}
	}
	return did, ctx.Err()
}

// concerned looks at the contacts after the id last, a step of them, and gives
// the keys of those of whom concerns says so; it may change what it looks at.
func (s *Store) concerned(last int64, concerns func(*hygiene.Contact) bool) (keys []string, next, n int64, err error) {
	err = s.read(func(c *conn) error {
		r := c.query("SELECT "+cardColumns+" FROM contacts WHERE id > ? ORDER BY id LIMIT ?", last, reviewStep)
		k := &card{}
		for r.next() {
			if err := k.scan(r); err != nil {
				r.close()
				return err
			}
			n, next = n+1, k.id
			if concerns(&k.Contact) {
				keys = append(keys, k.Key)
			}
		}
		return r.close()
	})
	return keys, next, n, err
}

func (s *Store) judgeEach(policy *hygiene.Policy, keys []string, judge func(*hygiene.Contact) []hygiene.Change, did *Reviewed) error {
	if len(keys) == 0 {
		return nil
	}
	return s.writeAs(policy, func(p *pen) error {
		k := &card{}
		for _, key := range keys {
			if err := k.load(p.c, key); err != nil {
				return err
			}
			changes := judge(&k.Contact)
			if len(changes) == 0 {
				continue
			}
			if err := p.save(k, changes); err != nil {
				return err
			}
			did.Changed++
			did.Changes += int64(len(changes))
		}
		return nil
	})
}
