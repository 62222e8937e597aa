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

// MergePair is a contact that is merged into another, both by any of their keys.
type MergePair struct{ Old, New string }

// Merge is what merging a pair does.
type Merge struct {
	MergePair
	Done bool // false: both are names of one contact already
	// Refused is why the pair can't be merged; nil when it can.
	Refused error

	// The two contacts as they were, and the one that they are; nil for one that was
	// not known. They hold until the visit returns.
	OldContact, Before, After *hygiene.Contact
	Lists, Segments           []string // those that the old one was on, or pinned in
}

// mergeStep is how many pairs are merged in one transaction.
const mergeStep = 200

// Merging is merges under way, as one batch.
type Merging struct {
	store  *Store
	policy *hygiene.Policy
	batch  Batch
	moment hygiene.Moment
}

// BeginMerging begins to merge contacts, at the time now.
func (s *Store) BeginMerging(policy *hygiene.Policy, b Batch, now hygiene.Instant) (*Merging, error) {
	end, err := s.LastSeq()
	b.Kind = MergeBatch
	return &Merging{store: s, policy: policy, batch: b, moment: hygiene.Moment{At: now, Seq: end}}, err
}

// Save merges each old contact into the new one, and visits what became of each pair. The
// old key is a name of the new contact from then on. What is merged already is left as it
// is: so what was interrupted is finished by repeating it.
func (g *Merging) Save(ctx context.Context, pairs []MergePair, visit func(*Merge)) error {
	for step := range slices.Chunk(pairs, mergeStep) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := g.store.batchStep(g.policy, &g.batch, g.moment.At, mergePairs(step, g.moment, visit)); err != nil {
			return err
		}
	}
	return nil
}

// Preview visits what Save would do with the pairs: it does it, and rolls back.
func (g *Merging) Preview(pairs []MergePair, visit func(*Merge)) error {
	return ignorePreview(g.store.writeAs(g.policy, func(w *txWriter) error {
		b := g.batch
		if err := saveBatch(w, &b); err != nil {
			return err
		}
		if err := mergePairs(pairs, g.moment, visit)(w, &b); err != nil {
			return err
		}
		return errPreview
	}))
}

// mergePairs merges the pairs as a part of a batch.
func mergePairs(pairs []MergePair, m hygiene.Moment, visit func(*Merge)) func(w *txWriter, b *Batch) error {
	return func(w *txWriter, b *Batch) error {
		for _, pair := range pairs {
			did, err := w.merge(pair, b.ID, m, b)
			if err != nil {
				return fmt.Errorf("merge %s into %s: %w", pair.Old, pair.New, err)
			}
			if b.changed = b.changed || did.Done; visit != nil {
				visit(did)
			}
		}
		return nil
	}
}

// End finishes the batch. Its number is 0 when nothing was to be merged.
func (g *Merging) End() (BatchResult, error) {
	err := g.store.finishBatch(&g.batch)
	return g.batch.did(), err
}

// Merge merges all pairs, as [Merging.Save] does.
func (s *Store) Merge(ctx context.Context, policy *hygiene.Policy, pairs []MergePair, b Batch, now hygiene.Instant, visit func(*Merge)) (BatchResult, error) {
	g, err := s.BeginMerging(policy, b, now)
	if err != nil {
		return BatchResult{}, err
	}
	if err := g.Save(ctx, pairs, visit); err != nil {
		return g.batch.did(), err
	}
	return g.End()
}

// merge merges a pair as part of the batch of that number, which is not b when b undoes
// the undoing of it.
func (w *txWriter) merge(pair MergePair, batch int64, m hygiene.Moment, b *Batch) (*Merge, error) {
	did := &Merge{MergePair: pair}
	from, fromNamed, err := w.rootOf(pair.Old)
	if err != nil {
		return nil, err
	}
	to, toNamed, err := w.rootOf(pair.New)
	if err != nil {
		return nil, err
	}
	if from == to {
		did.Refused, err = refuseMerge(w, pair, to)
		return did, err
	}
	old, new := &contactRow{}, &contactRow{}
	if err := cmp.Or(old.load(w, from), new.load(w, to)); err != nil {
		return nil, err
	}
	if err := did.describe(w, old, new); err != nil {
		return nil, err
	}
	if did.Lists, did.Segments, err = w.mergeMarks(from, to, fromNamed, toNamed); err != nil {
		return nil, err
	}
	names, err := w.mergeNames(old, new, pair, batch, m)
	if err != nil {
		return nil, err
	}
	if old.stored.ID != 0 || new.stored.ID != 0 { // else there is no contact, and only names are merged
		if err := w.mergeContacts(old, new, names, m, b); err != nil {
			return nil, err
		}
		after := &contactRow{Contact: new.Contact}
		if err := attachNumbers(w, []*contactRow{after}); err != nil {
			return nil, err
		}
		did.After = &after.Contact
	}
	for i := range names {
		if err := putName(w, &names[i], false); err != nil {
			return nil, err
		}
	}
	did.Done, w.namesRead, w.names = true, true, true
	return did, w.Exec("INSERT INTO merges (batch, old, new) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", batch, from, pair.New)
}

// mergeContacts makes the two contacts, one of which may not be known yet, the new one.
func (w *txWriter) mergeContacts(old, new *contactRow, names []name, m hygiene.Moment, b *Batch) error {
	from, to := find(names, old.Key), find(names, new.Key)
	if old.stored.ID == 0 {
		old.Parts = emptyParts(names, old.Key)
	}
	if new.stored.ID == 0 {
		apart := slices.DeleteFunc(slices.Clone(names), func(n name) bool { return n.key == old.Key })
		new.Parts = emptyParts(apart, new.Key)
		if err := w.insertContact(new, to.id, 0); err != nil {
			return err
		}
	}
	if old.stored.ID == 0 {
		if _, err := w.recallOne(old, new.Phone != ""); err != nil {
			return err
		}
	}
	phone := new.Phone // which the merge may change
	changes := w.judge.Merge(&new.Contact, &old.Contact, to.id, from.id, m)
	new.SortParts(inOrder(names, new.Key))
	if old.stored.ID != 0 {
		if err := w.endLedger(old, m, b); err != nil {
			return err
		}
		from.ledger = old.stored.Ledger
		if err := w.mergeNumbers(old, new); err != nil {
			return err
		}
	}
	new.measured = regret.Remade(&new.Contact, new.measured, old.measured)
	return w.saveWhole(new, phone, changes, b)
}

// saveWhole saves a stored contact that was merged or parted, and had the phone number
// before.
func (w *txWriter) saveWhole(k *contactRow, phone string, changes []hygiene.Change, b *Batch) error {
	if err := w.changeNumber(k, phone); err != nil {
		return err
	}
	if err := w.saveInBatch(k, changes, b); err != nil {
		return err
	}
	return w.saveProfile(k)
}

// mergeNumbers notes with the new contact with which numbers the old one has to do, and
// whether it waits to be placed.
func (w *txWriter) mergeNumbers(old, new *contactRow) error {
	if err := w.copyFormer(old.stored.ID, new.stored.ID); err != nil {
		return err
	}
	if old.Phone != "" && old.Phone != new.Phone {
		if err := w.noteFormer(new.stored.ID, old.Phone); err != nil {
			return err
		}
	}
	claimed, err := w.Number("DELETE FROM unplaced WHERE contact = ? RETURNING 1 + asks", old.stored.ID)
	if err != nil || claimed == 0 {
		return err
	}
	return w.wait(new.stored.ID, claimed == 2)
}

// describe copies the two contacts, with what stands on their numbers.
func (m *Merge) describe(c engine.Querier, old, new *contactRow) error {
	rows := []*contactRow{{Contact: old.Contact}, {Contact: new.Contact}}
	err := attachNumbers(c, rows)
	if old.stored.ID != 0 {
		m.OldContact = &rows[0].Contact
	}
	if new.stored.ID != 0 {
		m.Before = &rows[1].Contact
	}
	return err
}

// refuseMerge says why two keys of the contact can't be merged; nil when they are already.
func refuseMerge(c engine.Querier, pair MergePair, contact string) (refused, err error) {
	names, err := namesOf(c, contact)
	switch {
	case err != nil:
		return nil, err
	case pair.Old == pair.New:
		return fmt.Errorf("%s can't be merged into itself", pair.Old), nil
	case isOf(names, pair.New, pair.Old):
		return fmt.Errorf("%s was merged into %s, so %s can't be merged into it; undo that merge first, winnow undo --list shows it", pair.New, pair.Old, pair.Old), nil
	}
	return nil, nil
}

// mergeNames are the names that the new contact has with those of the old one.
func (w *txWriter) mergeNames(old, new *contactRow, pair MergePair, batch int64, m hygiene.Moment) (names []name, err error) {
	for _, k := range []*contactRow{new, old} {
		list, err := namesOf(w, k.Key)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			n := name{key: k.Key, id: k.stored.ID, known: k.stored.ID != 0}
			if !n.known {
				if n.id, err = w.reserveID(); err != nil {
					return nil, err
				}
				if err := w.indexLooseForms([]*engine.Contact{{ID: n.id, Key: n.key}}); err != nil {
					return nil, err
				}
			}
			list = append(list, n)
		}
		names = append(names, list...)
	}
	for i := range names {
		n := &names[i]
		if n.contact = new.Key; n.key == old.Key {
			n.into, n.batch, n.at = pair.New, batch, m
		}
	}
	return names, nil
}

// endLedger adds a last entry to the ledger of a contact that is merged into another,
// and deletes the contact.
func (w *txWriter) endLedger(k *contactRow, m hygiene.Moment, b *Batch) error {
	_, id, err := w.NewIDs(0, 1)
	if err != nil {
		return err
	}
	changes := []hygiene.Change{{At: m.At, Seq: m.Seq, Act: hygiene.Merged}}
	b.sign(changes)
	b.Contacts, b.Changes = b.Contacts+1, b.Changes+1
	entry := engine.Entry{ID: id, Contact: k.stored.ID, Prev: k.stored.Ledger, Policy: w.policy, Batch: w.batch, Change: &changes[0]}
	k.stored.Ledger = id
	if err := w.AppendLedger([]engine.Entry{entry}); err != nil {
		return err
	}
	return w.deleteContact(k)
}
