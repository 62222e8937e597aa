package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/regret"
)

// mergesOf reads the pairs of a batch of merges whose old keys come after that one, a
// step of them.
func mergesOf(c engine.Querier, batch int64, after string) (pairs []MergePair, err error) {
	r := c.Query("SELECT old, new FROM merges WHERE batch = ? AND old > ? ORDER BY old LIMIT ?", batch, after, mergeStep)
	for r.Next() {
		pairs = append(pairs, MergePair{r.Text(0), r.Text(1)})
	}
	return pairs, r.Close()
}

// checkMerges is an error when a batch of merges can't be in force again because one of
// its contacts was merged otherwise since.
func (t *UndoPlan) checkMerges(c engine.Querier) error {
	if t.Undone || t.Root.Kind != MergeBatch {
		return nil
	}
	r := c.Query(`SELECT m.old, n.merged_into, n.batch FROM merges m JOIN names n ON n.key = m.old
		WHERE m.batch = ? AND n.merged_into <> '' AND n.batch <> ? LIMIT 1`, t.Root.ID, t.Root.ID)
	var err error
	if r.Next() {
		err = fmt.Errorf("batch %d can't be put back in force: %s was merged into %s since, by batch %d; undo that first: winnow undo --batch %d",
			t.Root.ID, r.Text(0), r.Text(1), r.Int(2), r.Int(2))
	}
	if closeErr := r.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Observer is called with each contact that undoing merges changes, as it was and as it
// is. Neither may be kept or changed.
type Observer func(before, after *hygiene.Contact)

// undoMerges parts what the batch merged, or merges it again. What is done already is
// left as it is, so an interrupted one is finished by repeating it.
func (s *Store) undoMerges(ctx context.Context, policy *hygiene.Policy, t *UndoPlan, b Batch, now hygiene.Instant, progress func(contacts int64), watch Observer) (BatchResult, error) {
	end, err := s.LastSeq()
	if err != nil {
		return BatchResult{}, err
	}
	m := hygiene.Moment{At: now, Seq: end}
	for after, done := "", int64(0); ; {
		if err := ctx.Err(); err != nil {
			return b.did(), err
		}
		var pairs []MergePair
		err := s.read(func(c engine.Reader) (err error) {
			pairs, err = mergesOf(c, t.Root.ID, after)
			return err
		})
		if err != nil {
			return b.did(), err
		}
		if len(pairs) == 0 {
			return b.did(), s.finishBatch(&b)
		}
		after = pairs[len(pairs)-1].Old
		err = s.batchStep(policy, &b, now, func(w *txWriter, b *Batch) error { return t.undoPairs(w, pairs, m, b, watch) })
		if err != nil {
			return b.did(), err
		}
		if done += int64(len(pairs)); progress != nil {
			progress(done)
		}
	}
}

// PreviewUndoMerges calls watch with what undoing a batch of merges would change: it does
// it, and rolls back. Parts of one contact are seen one after the other.
func (s *Store) PreviewUndoMerges(policy *hygiene.Policy, t *UndoPlan, now hygiene.Instant, watch Observer) error {
	end, err := s.LastSeq()
	if err != nil {
		return err
	}
	m := hygiene.Moment{At: now, Seq: end}
	return ignorePreview(s.writeAs(policy, func(w *txWriter) error {
		for after := ""; ; {
			pairs, err := mergesOf(w, t.Root.ID, after)
			if err != nil {
				return err
			}
			if len(pairs) == 0 {
				return errPreview
			}
			after = pairs[len(pairs)-1].Old
			if err := t.undoPairs(w, pairs, m, &Batch{Kind: UndoBatch}, watch); err != nil {
				return err
			}
		}
	}))
}

func (t *UndoPlan) undoPairs(w *txWriter, pairs []MergePair, m hygiene.Moment, b *Batch, watch Observer) error {
	for _, pair := range pairs {
		again := w.mergeAgain
		if t.Undone {
			again = func(pair MergePair, batch int64, m hygiene.Moment, b *Batch, watch Observer) (bool, error) {
				return w.part(pair.Old, batch, m, b, watch)
			}
		}
		did, err := again(pair, t.Root.ID, m, b, watch)
		if err != nil {
			return err
		}
		b.changed = b.changed || did
	}
	return nil
}

func (w *txWriter) mergeAgain(pair MergePair, batch int64, m hygiene.Moment, b *Batch, watch Observer) (merged bool, err error) {
	root, _, err := w.rootOf(pair.Old)
	if err != nil || root != pair.Old {
		return false, err
	}
	did, err := w.merge(pair, batch, m, b)
	switch {
	case err != nil:
		return false, err
	case did.Refused != nil:
		return false, did.Refused
	case watch == nil || !did.Done:
		return did.Done, nil
	}
	for _, before := range []*hygiene.Contact{did.OldContact, did.Before} {
		if before != nil {
			watch(before, did.After)
		}
	}
	return true, nil
}

// part takes the contact of the old key, with all that was merged into it, out of the
// contact into which the batch merged it. It reports false when it is not in there by that
// batch.
func (w *txWriter) part(old string, batch int64, m hygiene.Moment, b *Batch, watch Observer) (parted bool, err error) {
	whole := &contactRow{}
	if err := whole.load(w, old); err != nil {
		return false, err
	}
	names, err := namesOf(w, whole.Key)
	if err != nil {
		return false, err
	}
	n := find(names, old)
	if n == nil || n.into == "" || n.batch != batch {
		return false, nil
	}
	if whole.stored.ID == 0 {
		whole.Parts = emptyParts(names, whole.Key)
	}
	before, of := whole.Contact, *n
	stay, leave := groupsWithout(whole.Parts, names, old)
	out, changes, outChanges := w.judge.Part(&whole.Contact, hygiene.Parting{Keys: leave, Batch: batch, Merged: of.at, At: m, By: b.By,
		Note: fmt.Sprintf("kept when batch %d was undone", batch)})
	own := *find(names, whole.Key)
	if err := cmp.Or(w.partMarks(whole.Key, stay, leave), w.partNames(names, stay, leave)); err != nil || whole.stored.ID == 0 {
		return true, err
	}
	if watch != nil {
		parted := before
		parted.Key = old
		watch(&before, &whole.Contact)
		watch(&parted, out)
	}
	if err := w.restoreContact(&contactRow{Contact: *out, measured: whole.measured}, of, outChanges, b); err != nil {
		return true, err
	}
	if err := w.partNumbers(whole.stored.ID, of.id); err != nil {
		return true, err
	}
	if !own.known && whole.isEmpty() {
		b.Contacts++
		return true, w.deleteContact(whole)
	}
	whole.measured = regret.Remade(&whole.Contact, whole.measured)
	return true, w.saveWhole(whole, before.Phone, changes, b)
}

// partNumbers notes with both contacts with which numbers the whole had to do. They wait
// to be placed.
func (w *txWriter) partNumbers(whole, out int64) error {
	return cmp.Or(w.copyFormer(whole, out), w.wait(whole, true), w.wait(out, true))
}

// groupsWithout are the keys of the parts that stay and of those that leave with the old
// key, each in the order of the parts. It sets when each was merged first of those that
// it stays with.
func groupsWithout(parts []hygiene.Part, names []name, old string) (stay, leave []string) {
	for i := range parts {
		if key := parts[i].Key; key == old || isOf(names, key, old) {
			leave = append(leave, key)
		} else {
			stay = append(stay, key)
		}
	}
	for i := range parts {
		group := stay
		if slices.Contains(leave, parts[i].Key) {
			group = leave
		}
		parts[i].Joined = firstMerge(names, parts[i].Key, group, parts[i].Joined)
	}
	return stay, leave
}

// restoreContact stores a contact again that was merged into another: with the id and
// the ledger that it had. One of which nothing is known is none.
func (w *txWriter) restoreContact(k *contactRow, n name, changes []hygiene.Change, b *Batch) error {
	if !n.known && k.isEmpty() {
		return nil
	}
	if err := w.insertContact(k, n.id, n.ledger); err != nil {
		return err
	}
	return w.saveInBatch(k, changes, b)
}

// isEmpty reports whether nothing is known of the contact.
func (k *contactRow) isEmpty() bool {
	return k.Phone == "" && len(k.Attributes) == 0 && string(k.Pack(nil)) == string((&hygiene.Contact{}).Pack(nil))
}

// partNames stores the names of two contacts that were one; one key alone is not kept.
func (w *txWriter) partNames(names []name, groups ...[]string) error {
	for _, group := range groups {
		for i, key := range group {
			n := find(names, key)
			n.contact = group[0]
			if i == 0 {
				*n = name{key: key, contact: key, id: n.id, known: n.known}
			}
			if err := putName(w, n, len(group) == 1); err != nil {
				return err
			}
		}
	}
	return nil
}
