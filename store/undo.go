package store

import (
	"context"
	"fmt"

	"winnow/hygiene"
	"winnow/store/engine"
)

// PlanUndo finds out what undoing the batch of that number comes to. It is an
// error when there is no such batch, when it is not in force, and when it can't be
// undone.
func (s *Store) PlanUndo(id int64) (t UndoPlan, err error) {
	err = s.read(func(c engine.Reader) (err error) {
		t, err = planUndo(c, id)
		return err
	})
	return t, err
}

func planUndo(c engine.Querier, id int64) (t UndoPlan, err error) {
	b, ok, err := batch(c, id)
	if err != nil {
		return t, err
	}
	if !ok {
		return t, fmt.Errorf("there is no batch %d; winnow undo --list shows all batches", id)
	}
	last, err := b.follow(c)
	if err == nil {
		err = b.describe(c)
	}
	if err != nil {
		return t, err
	}
	root, place := last, 0
	for ; root.Undoes != 0; place++ {
		if root, ok, err = batch(c, root.Undoes); err != nil || !ok {
			return t, err
		}
	}
	t = UndoPlan{Batch: b, Root: root, Undone: place%2 == 0, last: last.ID}
	switch {
	case b.UndoneBy != 0 && !last.Done:
		t.Resumes, t.Undone = last.ID, !t.Undone
	case b.UndoneBy != 0:
		return t, fmt.Errorf("batch %d is not in force: batch %d undid it; winnow undo --batch %d puts it back in force", id, b.UndoneBy, b.UndoneBy)
	}
	if err := t.checkMerges(c); err != nil {
		return t, err
	}
	strikes, err := strikesOf(c, root.ID)
	if err != nil || len(strikes) == 0 {
		return t, err
	}
	t.strike = &strikes[0]
	return t, t.checkReview(c)
}

// Undo undoes a batch as planned, at the time now, as a batch of its own that
// can be undone in turn.
func (s *Store) Undo(ctx context.Context, policy *hygiene.Policy, t UndoPlan, b Batch, now hygiene.Instant, progress func(contacts int64), watch Observer) (BatchResult, error) {
	b.Kind, b.Undoes = UndoBatch, t.last
	if t.Resumes != 0 {
		err := s.read(func(c engine.Reader) (err error) {
			b, _, err = batch(c, t.Resumes)
			return err
		})
		if err != nil {
			return BatchResult{}, err
		}
	}
	if t.Root.Kind == MergeBatch {
		return s.undoMerges(ctx, policy, &t, b, now, progress, watch)
	}
	return s.undoInstructions(ctx, policy, &t, b, now, progress)
}
