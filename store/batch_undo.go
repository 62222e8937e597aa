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
// Repeated it changes nothing, and cut short it does the rest. Whoever is found
// to be the contact of an event recorded before is told by the sweep that finds it.
func (s *Store) Strike(ctx context.Context, policy *hygiene.Policy, in hygiene.Instruction, b Batch, now hygiene.Instant, progress func(contacts int64), watch Watch) (Batched, error) {
	// What was recorded but not swept yet is not struck: it would be only of those
	// who are told for another reason.
	swept, err := s.Cursor()
	if err != nil {
		return Batched{}, err
	}
	in.Moment = hygiene.Moment{At: now, Seq: swept}
	in.By, in.Note = b.By, b.Note
	if b.strike = &in; b.ID != 0 {
		if err := s.write(func(c *conn) error { return keepStrike(c, b.ID, &in) }); err != nil {
			return b.did(), err
		}
	}
	concerns := func(c *hygiene.Contact) bool { return policy.Concerns(c, &in) }
	did, err := s.inBatch(ctx, policy, b, now, progress, byHand{concerns, watched(watch, func(c *hygiene.Contact, batch int64, _ hygiene.Moment) []hygiene.Change {
		if !concerns(c) {
			return nil
		}
		told := in
		told.Batch = batch
		return policy.Instruct(c, told)
	})})
	if err == nil && did.Batch == 0 {
		did.Batch, err = s.strikeUnknown(b, now)
	}
	return did, err
}

// TakingBack is what undoing a batch comes to.
type TakingBack struct {
	Batch   Batch // the one named
	Root    Batch // the first of its chain, whose instructions contacts keep
	Revoked bool  // what Root told is to be heeded no longer; else it is again
	Resumes int64 // a batch that began to do this, and was cut short; 0 for none

	last   int64                // the one that the new batch undoes
	strike *hygiene.Instruction // what Root told; nil when that is no strike
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
	switch {
	case b.UndoneBy != 0 && !last.Done:
		t.Resumes, t.Revoked = last.ID, !t.Revoked
	case b.UndoneBy != 0:
		return t, fmt.Errorf("batch %d is not in force, batch %d took it back: winnow undo --batch %d lets it be again", id, b.UndoneBy, b.UndoneBy)
	}
	strikes, err := strikesOf(c, root.ID)
	if err != nil || len(strikes) == 0 {
		return t, err
	}
	t.strike = &strikes[0]
	return t, t.reviewedSince(c)
}

// reviewedSince tells that a discard can't be let be again, as its trip was
// reviewed anew after it was taken back.
func (t *TakingBack) reviewedSince(c *conn) error {
	if t.Revoked || t.strike.Held == 0 {
		return nil
	}
	id, err := c.number("SELECT batch FROM trips WHERE id = ?", t.strike.Held)
	if err != nil || id == t.Root.ID {
		return err
	}
	review, _, err := batch(c, id)
	if err != nil {
		return err
	}
	word := map[BatchKind]string{ReleaseBatch: "released", DiscardBatch: "discarded anew"}[review.Kind]
	return fmt.Errorf("batch %d discarded trip %d of the breaker, which since then was %s by %s at %s, as batch %d: so it can't be in force again",
		t.Root.ID, t.strike.Held, word, review.By, review.At, id)
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
	concerns := func(c *hygiene.Contact) bool { return t.Concerns(policy, c) }
	did, err := s.inBatch(ctx, policy, b, now, progress, byHand{concerns, watched(watch, func(c *hygiene.Contact, _ int64, m hygiene.Moment) []hygiene.Change {
		return t.Tell(policy, c, m)
	})})
	if err != nil || did.Batch != 0 || t.strike == nil {
		return did, err
	}
	// A strike that has reached nobody is taken back all the same, so that it
	// reaches nobody from now on.
	b.At, b.Done = now, true
	err = s.write(func(c *conn) error { return saveBatch(c, &b) })
	return b.did(), err
}

// Concerns tells whether the contact has an instruction of the batch that is to
// be heeded otherwise, or was not known yet to be concerned by a strike that is
// to be heeded again.
func (t *TakingBack) Concerns(policy *hygiene.Policy, c *hygiene.Contact) bool {
	told := slices.ContainsFunc(c.Instructions, func(in hygiene.Instruction) bool { return in.Batch == t.Root.ID && in.Revoked != t.Revoked })
	return told || t.strikes(policy, c)
}

func (t *TakingBack) strikes(policy *hygiene.Policy, c *hygiene.Contact) bool {
	return !t.Revoked && t.strike != nil && policy.Concerns(c, t.strike)
}

// Tell takes the contact's part of the batch back, or lets it be again. It
// returns no entry when nothing was to change.
func (t *TakingBack) Tell(policy *hygiene.Policy, c *hygiene.Contact, m hygiene.Moment) []hygiene.Change {
	changes := policy.Revoke(c, t.Root.ID, t.Revoked, m)
	if !t.strikes(policy, c) {
		return changes
	}
	// The contact is told as if it had been then, but it changes now, and by whom
	// lets it be again.
	late := policy.Instruct(c, *t.strike)
	for i := range late {
		late[i].At, late[i].Seq, late[i].By, late[i].Note = m.At, m.Seq, "", ""
	}
	return append(changes, late...)
}
