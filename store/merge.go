package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store/engine"
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

// Merge merges each old contact into the new one, at the time now, as one batch, and
// visits what became of each pair. The old key is a name of the new contact from then
// on. Repeated it merges what is not merged yet, so an interrupted one is finished by
// repeating it.
func (s *Store) Merge(ctx context.Context, policy *hygiene.Policy, pairs []MergePair, b Batch, now hygiene.Instant, visit func(*Merge)) (BatchResult, error) {
	end, err := s.LastSeq()
	if err != nil {
		return BatchResult{}, err
	}
	b.Kind = MergeBatch
	m := hygiene.Moment{At: now, Seq: end}
	for step := range slices.Chunk(pairs, mergeStep) {
		if err := ctx.Err(); err != nil {
			return b.did(), err
		}
		if err := s.batchStep(policy, &b, now, mergePairs(policy, step, m, visit)); err != nil {
			return b.did(), err
		}
	}
	return b.did(), s.finishBatch(&b)
}

// PreviewMerge visits what Merge would do with the pairs: it does it, and rolls back.
func (s *Store) PreviewMerge(policy *hygiene.Policy, pairs []MergePair, now hygiene.Instant, visit func(*Merge)) error {
	end, err := s.LastSeq()
	if err != nil {
		return err
	}
	merge := mergePairs(policy, pairs, hygiene.Moment{At: now, Seq: end}, visit)
	return ignorePreview(s.writeAs(policy, func(w *txWriter) error {
		if err := merge(w, &Batch{Kind: MergeBatch}); err != nil {
			return cmp.Or(ignoreNoChange(err), errPreview)
		}
		return errPreview
	}))
}

func mergePairs(policy *hygiene.Policy, pairs []MergePair, m hygiene.Moment, visit func(*Merge)) func(w *txWriter, b *Batch) error {
	return func(w *txWriter, b *Batch) error {
		before := b.Contacts
		for _, pair := range pairs {
			did, err := w.merge(policy, pair, b.ID, m, b)
			if err != nil {
				return fmt.Errorf("merge %s into %s: %w", pair.Old, pair.New, err)
			}
			if visit != nil {
				visit(did)
			}
		}
		if b.Contacts == before {
			return errNoChange
		}
		return nil
	}
}

// merge merges a pair as part of the batch of that number, which is not b when b undoes
// the undoing of it.
func (w *txWriter) merge(policy *hygiene.Policy, pair MergePair, batch int64, m hygiene.Moment, b *Batch) (*Merge, error) {
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
	did.describe(old, new)
	if did.Lists, did.Segments, err = w.mergeMarks(from, to, fromNamed, toNamed); err != nil {
		return nil, err
	}
	names, err := w.mergeNames(old, new, pair, batch, m)
	if err != nil {
		return nil, err
	}
	changes := policy.Merge(&new.Contact, &old.Contact, find(names, to).id, find(names, from).id, m)
	after := new.Contact
	did.Done, did.After = true, &after
	if did.OldContact != nil {
		if err := w.endLedger(old, m, b); err != nil {
			return nil, err
		}
	}
	for i := range names {
		if n := &names[i]; n.key == from {
			n.ledger = old.stored.Ledger
		}
		if err := putName(w, &names[i], false); err != nil {
			return nil, err
		}
	}
	w.namesRead, w.names = true, true
	if err := w.Exec("INSERT INTO merges (batch, old, new) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", batch, from, pair.New); err != nil {
		return nil, err
	}
	if err := w.saveInBatch(new, changes, b); err != nil {
		return nil, err
	}
	return did, w.saveProfile(new)
}

func (m *Merge) describe(old, new *contactRow) {
	copyOf := func(k *contactRow) *hygiene.Contact {
		if k.stored.ID == 0 {
			return nil
		}
		c := k.Contact
		return &c
	}
	m.OldContact, m.Before = copyOf(old), copyOf(new)
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

// mergeNames are the names that the new contact has with those of the old one. A
// contact that is not known yet is created.
func (w *txWriter) mergeNames(old, new *contactRow, pair MergePair, batch int64, m hygiene.Moment) ([]name, error) {
	names, err := namesOf(w, new.Key)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		known := new.stored.ID != 0
		if !known {
			if err := w.save(new, nil); err != nil {
				return nil, err
			}
		}
		names = append(names, name{key: new.Key, contact: new.Key, id: new.stored.ID, known: known})
	}
	others, err := namesOf(w, old.Key)
	if err != nil {
		return nil, err
	}
	if len(others) == 0 {
		others = append(others, name{key: old.Key, id: old.stored.ID, known: old.stored.ID != 0})
	}
	for i := range others {
		n := &others[i]
		n.contact = new.Key
		if n.key != old.Key {
			continue
		}
		n.into, n.batch, n.at = pair.New, batch, m
		if n.id == 0 {
			if n.id, err = w.reserveID(); err != nil {
				return nil, err
			}
			if err := w.indexLooseForms([]*engine.Contact{{ID: n.id, Key: n.key}}); err != nil {
				return nil, err
			}
		}
	}
	return append(names, others...), nil
}

// reserveID is an id for a contact that is not known yet.
func (w *txWriter) reserveID() (int64, error) {
	id, _, err := w.NewIDs(1, 0)
	if err != nil {
		return 0, err
	}
	return id, setCounter(w, engine.LastContact, id)
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

// deleteContact deletes a contact that is none of its own any more. Its ledger stays, and
// its id is not given out again.
func (w *txWriter) deleteContact(k *contactRow) error {
	if err := w.DeleteRetryMessages([]int64{k.stored.ID}); err != nil {
		return err
	}
	w.counts.move(k.storedStatus, nil)
	last, err := counter(w, engine.LastContact)
	if err != nil {
		return err
	}
	if k.stored.ID > last {
		if err := setCounter(w, engine.LastContact, k.stored.ID); err != nil {
			return err
		}
	}
	return w.Exec("DELETE FROM contacts WHERE id = ?", k.stored.ID)
}

// mergeMarks puts the new contact on the lists of the old one, and into its pins: where
// both are pinned in a segment, a pin that leaves the contact out stands. What each had
// is kept for the day on which they are parted.
func (w *txWriter) mergeMarks(from, to string, fromNamed, toNamed bool) (lists, pinned []string, err error) {
	for key, named := range map[string]bool{from: fromNamed, to: toNamed} {
		if err := w.keepMarks(key, named); err != nil {
			return nil, nil, err
		}
	}
	if lists, err = listsOf(w, from); err != nil {
		return nil, nil, err
	}
	for _, list := range lists {
		if _, err := w.setListed(list, from, false); err != nil {
			return nil, nil, err
		}
		if _, err := w.setListed(list, to, true); err != nil {
			return nil, nil, err
		}
	}
	moved, err := pinsOf(w, from)
	if err != nil {
		return nil, nil, err
	}
	has, err := pinsOf(w, to)
	for _, pin := range moved {
		if err != nil {
			break
		}
		pinned = append(pinned, pin.Segment)
		if _, err = w.setPin(&pin, true); err != nil {
			break
		}
		pin.Contact = to
		i := slices.IndexFunc(has, func(p segments.Pin) bool { return p.Segment == pin.Segment })
		if i < 0 || pin.Out && !has[i].Out {
			_, err = w.setPin(&pin, false)
		}
	}
	return lists, pinned, err
}

// keepMarks keeps the lists and pins of a contact that was not merged before as those of
// its key.
func (w *txWriter) keepMarks(key string, named bool) error {
	if named {
		return nil
	}
	lists, err := listsOf(w, key)
	for _, list := range lists {
		if err == nil {
			err = putNameList(w, key, list, true)
		}
	}
	if err != nil {
		return err
	}
	pins, err := pinsOf(w, key)
	for i := range pins {
		if err == nil {
			err = putNamePin(w, &pins[i], false)
		}
	}
	return err
}
