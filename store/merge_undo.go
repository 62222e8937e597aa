package store

import (
	"context"
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store/engine"
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
		err = s.batchStep(policy, &b, now, func(w *txWriter, b *Batch) error { return t.undoPairs(w, policy, pairs, m, b, watch) })
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
			if err := t.undoPairs(w, policy, pairs, m, &Batch{Kind: UndoBatch}, watch); ignoreNoChange(err) != nil {
				return err
			}
		}
	}))
}

func (t *UndoPlan) undoPairs(w *txWriter, policy *hygiene.Policy, pairs []MergePair, m hygiene.Moment, b *Batch, watch Observer) error {
	before := b.Contacts
	for _, pair := range pairs {
		var err error
		if t.Undone {
			err = w.part(policy, pair.Old, t.Root.ID, m, b, watch)
		} else {
			err = w.mergeAgain(policy, pair, t.Root.ID, m, b, watch)
		}
		if err != nil {
			return err
		}
	}
	if b.Contacts == before {
		return errNoChange
	}
	return nil
}

func (w *txWriter) mergeAgain(policy *hygiene.Policy, pair MergePair, batch int64, m hygiene.Moment, b *Batch, watch Observer) error {
	root, _, err := w.rootOf(pair.Old)
	if err != nil || root != pair.Old {
		return err
	}
	did, err := w.merge(policy, pair, batch, m, b)
	switch {
	case err != nil:
		return err
	case did.Refused != nil:
		return did.Refused
	case watch == nil || !did.Done:
		return nil
	}
	for _, before := range []*hygiene.Contact{did.OldContact, did.Before} {
		if before != nil {
			watch(before, did.After)
		}
	}
	return nil
}

// part takes the contact of the old key, with all that was merged into it, out of the
// contact into which the batch merged it. Nothing is done when it is not in there by that
// batch.
func (w *txWriter) part(policy *hygiene.Policy, old string, batch int64, m hygiene.Moment, b *Batch, watch Observer) error {
	whole := &contactRow{}
	if err := whole.load(w, old); err != nil {
		return err
	}
	names, err := namesOf(w, whole.Key)
	if err != nil {
		return err
	}
	n := find(names, old)
	if n == nil || n.into == "" || n.batch != batch {
		return nil
	}
	before := whole.Contact
	var stay, leave []string
	for i := range whole.Parts {
		if key := whole.Parts[i].Key; key == old || isOf(names, key, old) {
			leave = append(leave, key)
		} else {
			stay = append(stay, key)
		}
	}
	for i := range whole.Parts {
		part := &whole.Parts[i]
		group := stay
		if slices.Contains(leave, part.Key) {
			group = leave
		}
		part.Joined = firstMerge(names, part.Key, group, part.Joined)
	}
	out, changes, outChanges := policy.Part(&whole.Contact, hygiene.Parting{Keys: leave, Batch: batch, Merged: n.at, At: m, By: b.By,
		Note: fmt.Sprintf("kept when batch %d was undone", batch)})
	if err := w.partMarks(whole.Key, stay, leave); err != nil {
		return err
	}
	id, ledger, known := n.id, n.ledger, n.known
	if err := w.partNames(names, stay, leave); err != nil {
		return err
	}
	if watch != nil {
		watch(&before, &whole.Contact)
		watch(&before, out)
	}
	if err := w.restoreContact(&contactRow{Contact: *out}, id, ledger, known, outChanges, b); err != nil {
		return err
	}
	if own := find(names, whole.Key); len(stay) == 1 && !own.known && whole.isEmpty() {
		b.Contacts++
		return w.deleteContact(whole)
	}
	if err := w.saveInBatch(whole, changes, b); err != nil {
		return err
	}
	return w.saveProfile(whole)
}

// firstMerge is the moment at which the key was merged first with another of the group;
// otherwise when it was not.
func firstMerge(names []name, key string, group []string, otherwise hygiene.Moment) hygiene.Moment {
	first := hygiene.Moment{}
	for _, n := range names {
		if n.into == "" || n.key != key && n.into != key || !slices.Contains(group, n.key) || !slices.Contains(group, n.into) {
			continue
		}
		if first == (hygiene.Moment{}) || first.After(n.at) {
			first = n.at
		}
	}
	if first == (hygiene.Moment{}) {
		return otherwise
	}
	return first
}

// restoreContact stores a contact again that was merged into another: with the id and
// the ledger that it had. One of which nothing is known is none.
func (w *txWriter) restoreContact(k *contactRow, id, ledger int64, known bool, changes []hygiene.Change, b *Batch) error {
	if !known && k.isEmpty() {
		return nil
	}
	k.pack()
	k.stored = engine.Contact{ID: id, Key: k.Key, Phone: k.Phone, Attributes: packedAttributes(k.Attributes), Ledger: ledger, Facts: k.packed}
	if err := w.InsertContacts([]*engine.Contact{&k.stored}); err != nil {
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

// partMarks gives two contacts that were one the lists and pins of their keys. What was
// taken away from the whole stays away from those that are still of several keys.
func (w *txWriter) partMarks(whole string, groups ...[]string) error {
	lists, err := listsOf(w, whole)
	if err != nil {
		return err
	}
	pins, err := pinsOf(w, whole)
	if err != nil {
		return err
	}
	for _, list := range lists {
		if _, err := w.setListed(list, whole, false); err != nil {
			return err
		}
	}
	for i := range pins {
		if _, err := w.setPin(&pins[i], true); err != nil {
			return err
		}
	}
	for _, group := range groups {
		alone := len(group) == 1
		onList := func(list string) bool { return alone || slices.Contains(lists, list) }
		pinned := func(segment string) bool {
			return alone || slices.ContainsFunc(pins, func(p segments.Pin) bool { return p.Segment == segment })
		}
		for _, key := range group {
			if err := w.restoreMarks(group[0], key, onList, pinned); err != nil {
				return err
			}
			if alone {
				if err := w.forgetMarks(key); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// restoreMarks gives the contact the lists and pins of one of its keys.
func (w *txWriter) restoreMarks(contact, key string, onList, pinned func(string) bool) error {
	var lists []string
	r := w.Query("SELECT list FROM name_lists WHERE key = ? ORDER BY list", key)
	for r.Next() {
		lists = append(lists, r.Text(0))
	}
	if err := r.Close(); err != nil {
		return err
	}
	for _, list := range lists {
		if onList(list) {
			if _, err := w.setListed(list, contact, true); err != nil {
				return err
			}
		}
	}
	var pins []segments.Pin
	r = w.Query("SELECT key, segment, out, at, by, note FROM name_pins WHERE key = ? ORDER BY segment", key)
	for r.Next() {
		pins = append(pins, scanPin(r))
	}
	if err := r.Close(); err != nil {
		return err
	}
	has, err := pinsOf(w, contact)
	for _, pin := range pins {
		i := slices.IndexFunc(has, func(p segments.Pin) bool { return p.Segment == pin.Segment })
		if err != nil || !pinned(pin.Segment) || i >= 0 && (has[i].Out || !pin.Out) {
			continue
		}
		pin.Contact = contact
		_, err = w.setPin(&pin, false)
	}
	return err
}

// forgetMarks forgets the lists and pins that were kept for a key.
func (w *txWriter) forgetMarks(key string) error {
	if err := w.Exec("DELETE FROM name_lists WHERE key = ?", key); err != nil {
		return err
	}
	return w.Exec("DELETE FROM name_pins WHERE key = ?", key)
}
