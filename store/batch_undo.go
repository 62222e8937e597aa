package store

import (
	"context"
	"fmt"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/forgotten"
)

// UndoPlan is what undoing a batch comes to.
type UndoPlan struct {
	Batch   Batch // the one named
	Root    Batch // the first of its chain, whose instructions contacts keep
	Undone  bool  // whether Root's instructions cease to apply; else they apply again
	Resumes int64 // a batch that began to do this and was interrupted; 0 for none

	last   int64                // the one that the new batch undoes
	strike *hygiene.Instruction // Root's, if it is one that invalidates evidence
}

// checkReview is an error when a discard can't be in force again because its trip
// was reviewed once more after it was undone, or holds what a rule has said since.
func (t *UndoPlan) checkReview(c engine.Querier) error {
	if t.Undone || t.strike.Held == 0 {
		return nil
	}
	id, err := c.Number("SELECT batch FROM breaker_trips WHERE id = ?", t.strike.Held)
	if err == nil && id == t.Root.ID && t.strike.Rule != "" {
		return fmt.Errorf("batch %d can't be put back in force: breaker trip %d waits again, for what the rule has said since too; discard it with winnow breaker discard %d",
			id, t.strike.Held, t.strike.Held)
	}
	if err != nil || id == t.Root.ID {
		return err
	}
	review, _, err := batch(c, id)
	if err != nil {
		return err
	}
	word := map[BatchKind]string{ReleaseBatch: "released", DiscardBatch: "discarded again"}[review.Kind]
	return fmt.Errorf("batch %d can't be put back in force: it discarded breaker trip %d, which was %s by %s at %s as batch %d",
		t.Root.ID, t.strike.Held, word, review.By, review.At, id)
}

// JudgingUndo is Judging once that is done which the plan says.
func (s *Store) JudgingUndo(t *UndoPlan, policy *hygiene.Policy) (*hygiene.Policy, error) {
	if !t.Undone {
		return s.Judging(policy)
	}
	return s.judgingWithout(t.Root.ID, policy)
}

// undoInstructions undoes what a batch instructed contacts to do, or does it again.
func (s *Store) undoInstructions(ctx context.Context, policy *hygiene.Policy, t *UndoPlan, b Batch, now hygiene.Instant, progress func(contacts int64)) (BatchResult, error) {
	policy, err := s.JudgingUndo(t, policy)
	if err != nil {
		return BatchResult{}, err
	}
	concerns := func(c *hygiene.Contact) bool { return t.Affects(policy, c) }
	undo := func(c *hygiene.Contact, _ int64, m hygiene.Moment) []hygiene.Change { return t.Apply(policy, c, m) }
	err = s.writeAs(policy, func(w *txWriter) error {
		return forgotten.Undo(w, t.Root.ID, !t.Undone, func(subject int64, m hygiene.Memory) error {
			return w.renewSubject(subject, []hygiene.Memory{m}, hygiene.Moment{At: now})
		})
	})
	if err != nil {
		return BatchResult{}, err
	}
	did, err := s.changeAll(ctx, policy, b, now, progress, manualChange{concerns, undo})
	if err != nil || did.Batch != 0 || t.strike == nil {
		return did, err
	}
	// A strike that reached no contact is undone all the same, so that it reaches
	// none from now on.
	b.At, b.Done = now, true
	err = s.write(func(c engine.Writer) error { return saveBatch(c, &b) })
	return b.did(), err
}

// Affects reports whether undoing changes the contact: it has an instruction of
// the batch whose state is to change, or the batch's strike is to apply again and
// the contact was not known to be affected before.
func (t *UndoPlan) Affects(policy *hygiene.Policy, c *hygiene.Contact) bool {
	return c.HasUndone(t.Root.ID, !t.Undone) || t.strikes(policy, c)
}

func (t *UndoPlan) strikes(policy *hygiene.Policy, c *hygiene.Contact) bool {
	return !t.Undone && t.strike != nil && !c.IsNumber() && policy.Affects(c, t.strike)
}

// Apply undoes the contact's part of the batch, or puts it in force again. It
// returns no entry when nothing was to change.
func (t *UndoPlan) Apply(policy *hygiene.Policy, c *hygiene.Contact, m hygiene.Moment) []hygiene.Change {
	changes := policy.SetUndone(c, t.Root.ID, t.Undone, m)
	if !t.strikes(policy, c) {
		return changes
	}
	// The instruction is as of then, but the contact changes now, by the person who
	// puts the batch back in force.
	late := policy.Instruct(c, *t.strike)
	for i := range late {
		late[i].At, late[i].Seq, late[i].By, late[i].Note = m.At, m.Seq, "", ""
	}
	return append(changes, late...)
}

// Preview does to a copy of a contact or a number what undoing leads to there: what a
// number has from its contacts, and a contact from its numbers, follows. Of a contact it
// does not include what becomes of its number.
func (t *UndoPlan) Preview(policy *hygiene.Policy, c *hygiene.Contact, m hygiene.Moment) []hygiene.Change {
	changes := policy.PreviewUndone(c, t.Root.ID, t.Undone, m)
	if !t.Undone && t.strike != nil && policy.Affects(c, t.strike) {
		changes = append(changes, policy.Instruct(c, *t.strike)...)
	}
	return changes
}
