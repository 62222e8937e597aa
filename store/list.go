package store

import (
	"context"
	"slices"
)

// Listed is what adding contacts to a static list, or taking them off it, did.
type Listed struct {
	Changed   int64 // put on the list, or taken off it
	Unchanged int64 // on it before, or not on it
	New       int64 // contacts that came into being by it
}

// AddToList puts the contacts of those keys on the static list of that name,
// which comes into being with them. A contact that is not known comes into being.
// It is one transaction: give it a few thousand at a time.
func (s *Store) AddToList(list string, keys []string) (did Listed, err error) {
	err = s.onList(list, keys, true, &did)
	return did, err
}

// RemoveFromList takes the contacts of those keys off the static list of that
// name; with the last of them the list is gone. It is one transaction.
func (s *Store) RemoveFromList(list string, keys []string) (did Listed, err error) {
	err = s.onList(list, keys, false, &did)
	return did, err
}

func (s *Store) onList(list string, keys []string, on bool, did *Listed) error {
	keys = slices.Sorted(slices.Values(keys)) // neighbours in the file are written together
	return s.writeAs(nil, func(p *pen) error {
		for _, key := range keys {
			if err := p.putOnList(list, key, on, did); err != nil {
				return err
			}
		}
		return nil
	})
}

// putOnList is the one writer of lists.
func (p *pen) putOnList(list, key string, on bool, did *Listed) error {
	sql := "DELETE FROM lists WHERE list = ? AND contact = ? RETURNING 1"
	if on {
		sql = "INSERT INTO lists (list, contact) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING 1"
	}
	changed, err := p.c.number(sql, list, key)
	if err != nil {
		return err
	}
	did.Changed += changed
	did.Unchanged += 1 - changed
	if !on {
		return nil
	}
	fresh, err := p.greet(key)
	if fresh {
		did.New++
	}
	return err
}

// greet makes sure that there is a contact of that key, and tells whether there
// was none. It reads nothing else of it.
func (p *pen) greet(key string) (fresh bool, err error) {
	id, err := p.c.number("SELECT id FROM contacts WHERE key = ?", key)
	if err != nil || id != 0 {
		return false, err
	}
	k := &card{}
	k.reset(key)
	return true, p.save(k, nil)
}

// ListSize is a static list and how many are on it.
type ListSize struct {
	Name     string `json:"list"`
	Contacts int64  `json:"contacts"`
}

// Lists tells which static lists there are, by name.
func (s *Store) Lists() (lists []ListSize, err error) {
	err = s.read(func(c *conn) error {
		r := c.query("SELECT list, count(*) FROM lists GROUP BY list ORDER BY list")
		for r.next() {
			lists = append(lists, ListSize{r.text(0), r.int(1)})
		}
		return r.close()
	})
	return lists, err
}

// ListNames names the static lists, without counting who is on them.
func (s *Store) ListNames() (names []string, err error) {
	err = s.read(func(c *conn) (err error) {
		names, err = listNames(c)
		return err
	})
	return names, err
}

// listNames goes from list to list: their contacts may be many.
func listNames(c *conn) (names []string, err error) {
	for name := ""; err == nil; {
		r := c.query("SELECT list FROM lists WHERE list > ? ORDER BY list LIMIT 1", name)
		found := r.next()
		if found {
			name = r.text(0)
			names = append(names, name)
		}
		if err = r.close(); !found {
			break
		}
	}
	return names, err
}

// OnList visits the keys of who is on the static list of that name, in byte
// order, a page at a time: whoever changes the list meanwhile does not wait.
func (s *Store) OnList(ctx context.Context, list string, visit func(key string) error) error {
	for from := ""; ctx.Err() == nil; {
		var page []string
		err := s.read(func(c *conn) (err error) {
			page, err = listPage(c, list, from, 4096)
			return err
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, key := range page {
			if err := visit(key); err != nil {
				return err
			}
		}
		from = page[len(page)-1] + "\x00" // no key lies between
	}
	return ctx.Err()
}

// listPage reads the keys of who is on a list from that key on.
func listPage(c *conn, list, from string, most int) (keys []string, err error) {
	r := c.query("SELECT contact FROM lists WHERE list = ? AND contact >= ? ORDER BY contact LIMIT ?", list, from, most)
	for r.next() {
		keys = append(keys, r.text(0))
	}
	return keys, r.close()
}
