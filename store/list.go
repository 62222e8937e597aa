package store

import (
	"context"
	"slices"

	"winnow/store/engine"
)

// ListChange is what adding contacts to a static list, or removing them, did.
type ListChange struct {
	Changed   int64 // added, or removed
	Unchanged int64 // on the list before, or not on it
	New       int64 // contacts that were created
}

// AddToList adds the contacts of those keys to the static list of that name. The
// list, and contacts that are not known, are created. It is one transaction: give
// it a few thousand keys at a time.
func (s *Store) AddToList(list string, keys []string) (did ListChange, err error) {
	err = s.changeList(list, keys, true, &did)
	return did, err
}

// RemoveFromList removes the contacts of those keys from the static list of that
// name. Without contacts the list is gone. It is one transaction.
func (s *Store) RemoveFromList(list string, keys []string) (did ListChange, err error) {
	err = s.changeList(list, keys, false, &did)
	return did, err
}

func (s *Store) changeList(list string, keys []string, add bool, did *ListChange) error {
	keys = slices.Sorted(slices.Values(keys)) // neighbours in the file are written together
	return s.writeAs(nil, func(w *txWriter) error {
		for _, key := range keys {
			if err := w.changeListed(list, key, add, did); err != nil {
				return err
			}
		}
		return nil
	})
}

// changeListed puts the contact that the key names on a list, or takes it off, and
// keeps that for the key if it is one of several.
func (w *txWriter) changeListed(list, key string, add bool, did *ListChange) error {
	root, named, err := w.rootOf(key)
	if err != nil {
		return err
	}
	if named {
		if err := putNameList(w, key, list, add); err != nil {
			return err
		}
	}
	changed, err := w.setListed(list, root, add)
	if err != nil {
		return err
	}
	did.Changed += changed
	did.Unchanged += 1 - changed
	if !add {
		return nil
	}
	isNew, err := w.ensureContact(key)
	if isNew {
		did.New++
	}
	return err
}

// setListed is the one writer of lists. It returns 1 when it changed something.
func (w *txWriter) setListed(list, key string, add bool) (int64, error) {
	if add {
		return w.Number("INSERT INTO lists (list, contact) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING 1", list, key)
	}
	return w.Number("DELETE FROM lists WHERE list = ? AND contact = ? RETURNING 1", list, key)
}

// putNameList keeps that the key was put on a list, or forgets it.
func putNameList(c engine.Writer, key, list string, on bool) error {
	if on {
		return c.Exec("INSERT INTO name_lists (key, list) VALUES (?, ?) ON CONFLICT DO NOTHING", key, list)
	}
	return c.Exec("DELETE FROM name_lists WHERE key = ? AND list = ?", key, list)
}

// listsOf names the lists that the contact of that key is on.
func listsOf(c engine.Querier, key string) (lists []string, err error) {
	names, err := listNames(c)
	for _, list := range names {
		on, err := c.Number("SELECT 1 FROM lists WHERE list = ? AND contact = ?", list, key)
		if err != nil {
			return nil, err
		}
		if on == 1 {
			lists = append(lists, list)
		}
	}
	return lists, err
}

// ListSize is a static list and how many contacts are on it.
type ListSize struct {
	Name     string `json:"list"`
	Contacts int64  `json:"contacts"`
}

// Lists reads the static lists by name, with their sizes.
func (s *Store) Lists() (lists []ListSize, err error) {
	err = s.read(func(c engine.Reader) error {
		r := c.Query("SELECT list, count(*) FROM lists GROUP BY list ORDER BY list")
		for r.Next() {
			lists = append(lists, ListSize{r.Text(0), r.Int(1)})
		}
		return r.Close()
	})
	return lists, err
}

// ListNames names the static lists, without counting who is on them.
func (s *Store) ListNames() (names []string, err error) {
	err = s.read(func(c engine.Reader) (err error) {
		names, err = listNames(c)
		return err
	})
	return names, err
}

// listNames goes from list to list: each may have many contacts.
func listNames(c engine.Querier) (names []string, err error) {
	for name := ""; ; {
		if name, err = c.Text("SELECT list FROM lists WHERE list > ? ORDER BY list LIMIT 1", name); err != nil || name == "" {
			return names, err
		}
		names = append(names, name)
	}
}

// OnList visits the keys of the contacts on the static list of that name, in byte
// order, a page at a time: a change of the list meanwhile does not wait.
func (s *Store) OnList(ctx context.Context, list string, visit func(key string) error) error {
	for after := ""; ctx.Err() == nil; {
		var page []string
		err := s.read(func(c engine.Reader) error {
			r := c.Query("SELECT contact FROM lists WHERE list = ? AND contact > ? ORDER BY contact LIMIT 4096", list, after)
			for r.Next() {
				page = append(page, r.Text(0))
			}
			return r.Close()
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, key := range page {
			if err := visit(key); err != nil {
				return err
			}
		}
		after = page[len(page)-1]
	}
	return ctx.Err()
}

// listMembers reads the keys on a list from that key on, at most so many.
func listMembers(c engine.Querier, list, from string, most int) (keys []string, err error) {
	r := c.Query("SELECT contact FROM lists WHERE list = ? AND contact >= ? ORDER BY contact LIMIT ?", list, from, most)
	for r.Next() {
		keys = append(keys, r.Text(0))
	}
	return keys, r.Close()
}
