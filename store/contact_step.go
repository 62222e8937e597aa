package store

import (
	"bytes"
	"context"
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
)

// stepSize is how many contacts a step looks at.
const stepSize = 5_000

// stepThrough steps through all contacts for something that concerns some of
// them, and returns how many it looked at. Each step looks without a lock first;
// only the keys of contacts concerned are passed to rewrite, which reads them
// again in a transaction. So a step in which none is concerned writes nothing.
// concerns may change the contact it looks at. progress, unless it is nil, is
// called with how many contacts were looked at.
func (s *Store) stepThrough(ctx context.Context, concerns func(*hygiene.Contact) bool, rewrite func(keys []string) error, progress func(contacts int64)) (looked int64, err error) {
	for last := int64(0); ctx.Err() == nil; {
		keys, next, n, err := s.concerned(last, concerns)
		if err != nil || n == 0 {
			return looked, err
		}
		last, looked = next, looked+n
		if len(keys) > 0 {
			if err := rewrite(keys); err != nil {
				return looked, err
			}
		}
		if progress != nil {
			progress(looked)
		}
	}
	return looked, ctx.Err()
}

// concerned looks at the contacts after the id last, a step of them, and returns
// the keys of those concerned, the last id and how many there were.
func (s *Store) concerned(last int64, concerns func(*hygiene.Contact) bool) (keys []string, next, n int64, err error) {
	k := &contactRow{}
	err = s.read(func(c engine.Reader) error {
		r := c.Query("SELECT "+contactColumns+" FROM contacts WHERE id > ? ORDER BY id LIMIT ?", last, stepSize)
		for r.Next() {
			stored := scanContact(r)
			k.reset(stored.Key)
			k.set(&stored)
			if err := k.unpackForReading(); err != nil {
				r.Close()
				return err
			}
			n, next = n+1, stored.ID
			if concerns(&k.Contact) {
				keys = append(keys, k.Key)
			}
		}
		return r.Close()
	})
	return keys, next, n, err
}

// changeEach changes the stored contacts of the keys, each of which is given
// once, and writes those for which change says so, with what it returns. It
// returns how many were written, with how many ledger entries.
func (w *txWriter) changeEach(keys []string, change func(i int, k *contactRow) (changes []hygiene.Change, write bool)) (written, entries int64, err error) {
	rows := newRows(min(len(keys), chunkSize))
	place := 0
	for chunk := range slices.Chunk(keys, chunkSize) {
		if err := loadRows(w, chunk, rows); err != nil {
			return 0, 0, err
		}
		var changed []*contactRow
		var all [][]hygiene.Change
		for i, k := range rows[:len(chunk)] {
			if k.stored.ID == 0 {
				continue
			}
			if err := k.unpack(); err != nil {
				return 0, 0, err
			}
			changes, write := change(place+i, k)
			if !write {
				continue
			}
			k.pack()
			changed, all = append(changed, k), append(all, changes)
			entries += int64(len(changes))
		}
		if err := w.savePacked(changed, all); err != nil {
			return 0, 0, err
		}
		written, place = written+int64(len(changed)), place+len(chunk)
	}
	return written, entries, nil
}

// partsChanged reports whether a part of a merged contact may be another than is stored.
func (k *contactRow) partsChanged() bool { return k.Parts != nil && k.factsChanged() }

// changesWith reports whether what change does is to be written: of a merged contact, it
// may change a part alone. It changes c.
func changesWith(c *hygiene.Contact, change func(*hygiene.Contact) []hygiene.Change) bool {
	if c.Parts == nil {
		return len(change(c)) > 0
	}
	before := c.Pack(nil)
	return len(change(c)) > 0 || !bytes.Equal(before, c.Pack(nil))
}

// factsChanged reports whether what is judged differs from what is stored.
func (k *contactRow) factsChanged() bool { return !bytes.Equal(k.Pack(nil), k.stored.Facts) }
