package store

import (
	"maps"
	"slices"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/regret"
)

// ensureWholes makes sure that there are the merged contacts of these keys: where none of
// two was known when they were merged, there is none until something comes in.
func (w *txWriter) ensureWholes(roots []string) error {
	for _, root := range roots {
		known, err := w.Number("SELECT EXISTS (SELECT 1 FROM contacts WHERE key = ?)", root)
		if err != nil {
			return err
		}
		if known == 1 {
			continue
		}
		names, err := namesOf(w, root)
		if err != nil {
			return err
		}
		k := &contactRow{}
		k.reset(root)
		k.Parts = emptyParts(names, root)
		if err := w.insertContact(k, find(names, root).id, 0); err != nil {
			return err
		}
	}
	return nil
}

// insertContact stores a contact with an id that was reserved for it, and its ledger.
func (w *txWriter) insertContact(k *contactRow, id, ledger int64) error {
	changes, err := w.recallOne(k, k.Phone != "")
	if err != nil {
		return err
	}
	k.pack()
	k.stored = engine.Contact{ID: id, Key: k.Key, Phone: k.Phone, Attributes: packedAttributes(k.Attributes), Ledger: ledger, Facts: slices.Clone(k.packed)}
	k.storedStatus, k.measured = k.status, regret.Stored(&k.Contact) // its parts are counted
	if err := w.countPresence(k, +1); err != nil {
		return err
	}
	if err := w.InsertContacts([]*engine.Contact{&k.stored}); err != nil || len(changes) == 0 {
		return err
	}
	return w.save(k, changes)
}

// countPresence adds a stored contact to the counts by status, or takes it out.
func (w *txWriter) countPresence(k *contactRow, n int64) error {
	stored := &contactRow{}
	stored.reset(k.Key)
	stored.set(&k.stored)
	if err := stored.unpackFacts(); err != nil {
		return err
	}
	if err := attachNumbers(w, []*contactRow{stored}); err != nil {
		return err
	}
	w.counts.Add(stored.StatusChanges(), n)
	return nil
}

// reserveID is an id for a contact that is not known yet.
func (w *txWriter) reserveID() (int64, error) {
	id, _, err := w.NewIDs(1, 0)
	if err != nil {
		return 0, err
	}
	return id, counters.Set(w, engine.LastContact, id)
}

// deleteContact deletes a contact that is none of its own any more. Its ledger stays, and
// its id is not given out again.
func (w *txWriter) deleteContact(k *contactRow) error {
	if err := w.DeleteRetryMessages([]int64{k.stored.ID}); err != nil {
		return err
	}
	if err := w.countPresence(k, -1); err != nil {
		return err
	}
	last, err := counters.Get(w, engine.LastContact)
	if err != nil {
		return err
	}
	if k.stored.ID > last {
		if err := counters.Set(w, engine.LastContact, k.stored.ID); err != nil {
			return err
		}
	}
	return w.Exec("DELETE FROM contacts WHERE id = ?", k.stored.ID)
}

// rootsOfEvents is rootsOfEvents for a writer: merged contacts of which nothing was known are
// there then.
func (w *txWriter) rootsOfEvents(events []hygiene.Event) ([]string, error) {
	contacts := make([]string, len(events))
	for i := range events {
		contacts[i] = events[i].Contact
	}
	if some, err := w.someNames(); err != nil || !some {
		return contacts, err
	}
	keys := slices.Compact(slices.Sorted(slices.Values(contacts)))
	roots := map[string]string{}
	if err := w.FindNames(keys, func(i int, contact string) { roots[keys[i]] = contact }); err != nil {
		return nil, err
	}
	for i, key := range contacts {
		if root, ok := roots[key]; ok {
			contacts[i] = root
		}
	}
	return contacts, w.ensureWholes(slices.Compact(slices.Sorted(maps.Values(roots))))
}

// claimName notes that a contact of the key would be known, had it not been merged, and
// makes sure that there is the merged one.
func (w *txWriter) claimName(key string) error {
	root, _, err := w.rootOf(key)
	if err == nil {
		err = w.ensureWholes([]string{root})
	}
	if err != nil {
		return err
	}
	return w.Exec("UPDATE names SET known = 1 WHERE key = ? AND known = 0", key)
}

// loadKnown is load for what makes the contact known by that key.
func (w *txWriter) loadKnown(k *contactRow, key string) error {
	if _, named, err := w.rootOf(key); err != nil || named {
		if err == nil {
			err = w.claimName(key)
		}
		if err != nil {
			return err
		}
	}
	return k.load(w, key)
}
