package store

import "winnow/hygiene"

// Find looks contacts up by their keys, and gives found those that are known,
// in the order of the keys and by their place among them, without attributes
// and message. The contact holds until found returns. Sorted keys are found
// sooner: the roster's index has them side by side.
func (s *Store) Find(keys []string, found func(i int, contact *hygiene.Contact)) error {
	return s.read(func(c *conn) error {
		k := &card{}
		for i, key := range keys {
			if err := k.fetch(c, key); err != nil {
				return err
			}
			if k.id == 0 {
				continue
			}
			k.attrs = nil
			if err := k.unpack(); err != nil {
				return err
			}
			found(i, &k.Contact)
		}
		return nil
	})
}

// Seen remembers keys, however many: they are in a temporary file, each as it
// is, so that no two keys are ever taken for one.
type Seen struct{ file *scratch }

// NewSeen makes an empty Seen. Until it is closed it takes about 20 bytes more
// than each key, in the folder that the variable TMPDIR names, or beside the
// store.
func (s *Store) NewSeen() (*Seen, error) {
	file, err := s.newScratch("CREATE TABLE seen (key TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;")
	if err != nil {
		return nil, err
	}
	return &Seen{file}, nil
}

// Add remembers the key, and tells whether it is a new one. Keys that come in
// order, some ten thousand at a time, are added twice as fast.
func (s *Seen) Add(key string) (fresh bool, err error) {
	r := s.file.c.query("INSERT INTO seen (key) VALUES (?) ON CONFLICT DO NOTHING RETURNING 1", key)
	fresh = r.next()
	return fresh, s.file.whereFull(r.close())
}

// Close forgets all keys and frees their space.
func (s *Seen) Close() error { return s.file.close() }
