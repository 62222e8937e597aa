package store

import (
	"cmp"
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
)

// A contact that was merged into another is a name of that one from then on. Here,
// and nowhere else, is found out which contact a key names; all who read or write a
// contact by a key that comes from outside ask first.

// rootsOf returns the keys of the contacts that the keys name: of most, the keys
// themselves.
func rootsOf(c engine.Reader, keys []string) ([]string, error) {
	roots, own := keys, true
	err := c.FindNames(keys, func(i int, contact string) {
		if contact == keys[i] {
			return
		}
		if own {
			roots, own = slices.Clone(keys), false
		}
		roots[i] = contact
	})
	return roots, err
}

// rootOf is rootsOf for one key.
func rootOf(c engine.Reader, key string) (string, error) {
	roots, err := rootsOf(c, []string{key})
	return roots[0], err
}

// rootOf is the key of the contact that the key names. named is whether that contact was
// merged, so that what is done to it is also to be kept for this key.
func (w *txWriter) rootOf(key string) (root string, named bool, err error) {
	root = key
	if some, err := w.someNames(); err != nil || !some {
		return root, false, err
	}
	err = w.FindNames([]string{key}, func(_ int, contact string) { root, named = contact, true })
	return root, named, err
}

// someNames reports whether there are merged contacts.
func (w *txWriter) someNames() (bool, error) {
	if !w.namesRead {
		some, err := w.Number("SELECT EXISTS (SELECT 1 FROM names)")
		if err != nil {
			return false, err
		}
		w.namesRead, w.names = true, some == 1
	}
	return w.names, nil
}

// rootsOfEvents returns the keys of the contacts that the events are about, in their
// order; empty for those that are not known.
func rootsOfEvents(c engine.Reader, events []hygiene.Event) ([]string, error) {
	keys := make([]string, len(events))
	for i := range events {
		keys[i] = events[i].Contact
	}
	return rootsOf(c, keys)
}

// name is a key of a merged contact.
type name struct {
	key, contact, into string
	batch              int64
	at                 hygiene.Moment // of the merge
	id                 int64
	known              bool
	ledger             int64
}

const nameColumns = "key, contact, merged_into, batch, at, seq, id, known, ledger"

// namesOf reads the keys of a merged contact: none for any other.
func namesOf(c engine.Querier, contact string) (list []name, err error) {
	r := c.Query("SELECT "+nameColumns+" FROM names WHERE contact = ? ORDER BY key", contact)
	for r.Next() {
		list = append(list, name{key: r.Text(0), contact: r.Text(1), into: r.Text(2), batch: r.Int(3),
			at: hygiene.Moment{At: hygiene.Instant(r.Int(4)), Seq: r.Int(5)}, id: r.Int(6), known: r.Int(7) != 0, ledger: r.Int(8)})
	}
	return list, r.Close()
}

// Names are the keys of the contact that the key names, its own first. The contact need
// not be known.
func (s *Store) Names(key string) (keys []string, err error) {
	err = s.read(func(c engine.Reader) error {
		root, err := rootOf(c, key)
		if err != nil {
			return err
		}
		names, err := namesOf(c, root)
		keys = []string{root}
		for _, n := range names {
			if n.key != root {
				keys = append(keys, n.key)
			}
		}
		return err
	})
	return keys, err
}

// find returns the name of that key; nil for none.
func find(names []name, key string) *name {
	if i := slices.IndexFunc(names, func(n name) bool { return n.key == key }); i >= 0 {
		return &names[i]
	}
	return nil
}

// isOf reports whether the key was merged into that one, or into one that was.
func isOf(names []name, key, into string) bool {
	for n := find(names, key); n != nil && n.into != ""; n = find(names, n.into) {
		if n.into == into {
			return true
		}
	}
	return false
}

// putName stores a name, or deletes it when its contact has no other any more.
func putName(c engine.Writer, n *name, remove bool) error {
	if remove {
		return c.Exec("DELETE FROM names WHERE key = ?", n.key)
	}
	return c.Exec(`INSERT INTO names (key, contact, merged_into, batch, at, seq, id, known, ledger) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET contact = excluded.contact, merged_into = excluded.merged_into, batch = excluded.batch,
		at = excluded.at, seq = excluded.seq, id = excluded.id, known = excluded.known, ledger = excluded.ledger`,
		n.key, n.contact, n.into, n.batch, int64(n.at.At), n.at.Seq, n.id, asInt(n.known), n.ledger)
}

// emptyParts are the parts of a contact of which nothing is known yet; nil for one that
// has no other name.
func emptyParts(names []name, root string) (parts []hygiene.Part) {
	for _, key := range inOrder(names, root) {
		n := find(names, key)
		parts = append(parts, hygiene.Part{Contact: hygiene.Contact{Key: key}, ID: n.id, Joined: firstMerge(names, key, nil, n.at)})
	}
	if len(parts) == 1 {
		return nil
	}
	return parts
}

// inOrder are the key and those that were merged into it, in the order in which their
// values stand: each is followed by what was merged into it, the earliest first.
func inOrder(names []name, root string) []string {
	keys := []string{root}
	var into []name
	for _, n := range names {
		if n.into == root {
			into = append(into, n)
		}
	}
	slices.SortFunc(into, func(a, b name) int { return cmp.Or(cmp.Compare(a.batch, b.batch), cmp.Compare(a.key, b.key)) })
	for _, n := range into {
		keys = append(keys, inOrder(names, n.key)...)
	}
	return keys
}

// firstMerge is the moment at which the key was merged first with another of the group,
// or of all when that is nil; otherwise when it was not.
func firstMerge(names []name, key string, group []string, otherwise hygiene.Moment) hygiene.Moment {
	first := hygiene.Moment{}
	for _, n := range names {
		if n.into == "" || n.key != key && n.into != key || group != nil && !(slices.Contains(group, n.key) && slices.Contains(group, n.into)) {
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
