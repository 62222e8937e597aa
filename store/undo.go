package store

import (
	"context"
	"fmt"
	"slices"

	"winnow/hygiene"
)

// Watch is shown each contact that an act by hand changes, as it stood and as it
// stands. Neither may be kept or changed.
type Watch func(before, after *hygiene.Contact)

// watched lets watch see what change does.
func watched(watch Watch, change func(*hygiene.Contact, int64, hygiene.Moment) []hygiene.Change) func(*hygiene.Contact, int64, hygiene.Moment) []hygiene.Change {
	if watch == nil {
		return change
	}
	return func(c *hygiene.Contact, batch int64, m hygiene.Moment) []hygiene.Change {
		before := *c
		before.Suppressions = slices.Clone(c.Suppressions)
		changes := change(c, batch, m)
		if len(changes) > 0 {
			watch(&before, c)
		}
		return changes
	}
}

// Strike tells everyone whom it concerns that evidence of a range counts no
// longer, at the time now, as one batch. in is of the kind [hygiene.Strike].
// Repeated it changes nothing, and cut short it does the rest.
func (s *Store) Strike(ctx context.Context, policy *hygiene.Policy, in hygiene.Instruction, b Batch, now hygiene.Instant, progress func(contacts int64), watch Watch) (Batched, error) {
	end, err := s.LastSeq()
	if err != nil {
		return Batched{}, err
	}
	in.Moment = hygiene.Moment{At: now, Seq: end}
	in.By, in.Note = b.By, b.Note
	concerns := func(c *hygiene.Contact) bool { return policy.Concerns(c, &in) }
	return s.inBatch(ctx, policy, b, now, progress, byHand{concerns, watched(watch, func(c *hygiene.Contact, batch int64, m hygiene.Moment) []hygiene.Change {
		if !concerns(c) {
			return nil
		}
		told := in
		told.Moment, told.Batch = m, batch
		return policy.Instruct(c, told)
	})})
}

// Rejudge gives every contact what the policy makes of its history, at the time
// now, as one batch.
func (s *Store) Rejudge(ctx context.Context, policy *hygiene.Policy, b Batch, now hygiene.Instant, progress func(contacts int64)) (Batched, error) {
	judge := func(c *hygiene.Contact, _ int64, m hygiene.Moment) []hygiene.Change { return policy.Rejudge(c, m) }
	concerns := func(c *hygiene.Contact) bool { return len(judge(c, 0, hygiene.Moment{At: now})) > 0 }
	return s.inBatch(ctx, policy, b, now, progress, byHand{concerns, judge})
}

// TakingBack is what undoing a batch comes to.
type TakingBack struct {
	Batch   Batch // the one named
	Root    Batch // the first of its chain, whose instructions contacts keep
	Revoked bool  // what Root told is to be heeded no longer; else it is again
	Resumes int64 // a batch that began to do this, and was cut short; 0 for none

	last int64 // the one that the new batch undoes
}

// TakingBack finds out what undoing the batch of that number comes to. An error
// tells that there is none, that it is not in force, or that it can't be undone.
func (s *Store) TakingBack(id int64) (t TakingBack, err error) {
	err = s.read(func(c *conn) (err error) {
		t, err = takingBack(c, id)
		return err
	})
	return t, err
}

func takingBack(c *conn, id int64) (t TakingBack, err error) {
	b, ok, err := batch(c, id)
	if err != nil {
		return t, err
	}
	if !ok {
		return t, fmt.Errorf("there is no batch %d: winnow undo --list lists them", id)
	}
	last, err := b.follow(c)
	if err != nil {
		return t, err
	}
	root, place := last, 0
	for ; root.Undoes != 0; place++ {
		if root, ok, err = batch(c, root.Undoes); err != nil || !ok {
			return t, err
		}
	}
	t = TakingBack{Batch: b, Root: root, Revoked: place%2 == 0, last: last.ID}
	if last.ID != b.ID && !last.Done {
		t.Resumes, t.Revoked = last.ID, !t.Revoked
		return t, nil
	}
	if b.UndoneBy != 0 {
		return t, fmt.Errorf("batch %d is not in force, batch %d took it back: winnow undo --batch %d lets it be again", id, b.UndoneBy, b.UndoneBy)
	}
	return t, nil
}

// TakeBack undoes a batch as found out, at the time now, as a batch of its own
// that can be undone in turn.
func (s *Store) TakeBack(ctx context.Context, policy *hygiene.Policy, t TakingBack, b Batch, now hygiene.Instant, progress func(contacts int64), watch Watch) (Batched, error) {
	b.Kind, b.Undoes = UndoBatch, t.last
	if t.Resumes != 0 {
		err := s.read(func(c *conn) (err error) {
			b, _, err = batch(c, t.Resumes)
			return err
		})
		if err != nil {
			return Batched{}, err
		}
	}
	concerns := func(c *hygiene.Contact) bool { return t.Concerns(c) }
	return s.inBatch(ctx, policy, b, now, progress, byHand{concerns, watched(watch, func(c *hygiene.Contact, _ int64, m hygiene.Moment) []hygiene.Change {
		return policy.Revoke(c, t.Root.ID, t.Revoked, m)
	})})
}

// Concerns tells whether the contact has an instruction of the batch that is to
// be heeded otherwise.
func (t *TakingBack) Concerns(c *hygiene.Contact) bool {
	return slices.ContainsFunc(c.Instructions, func(in hygiene.Instruction) bool { return in.Batch == t.Root.ID && in.Revoked != t.Revoked })
}
