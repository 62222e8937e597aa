package store

import (
	"bytes"
	"context"
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/lookahead"
)

// stepSize is how many contacts a step looks at. Tests of what happens between two steps
// make it small, so that they need no thousands of contacts.
var stepSize = 5_000

// stepThrough steps through all contacts, and then through all numbers, for something that
// concerns some of them, and returns how many contacts it looked at. Each step looks without a lock first;
// only the keys of contacts concerned are passed to rewrite, which reads them
// again in a transaction. So a step in which none is concerned writes nothing.
// concerns may change the contact it looks at. progress, unless it is nil, is
// called with how many contacts were looked at.
func (s *Store) stepThrough(ctx context.Context, concerns func(*hygiene.Contact) bool, rewrite func(keys []string) error, progress func(contacts int64)) (looked int64, err error) {
	of := contactsByID
	for last := int64(0); ctx.Err() == nil; {
		keys, next, n, err := s.concerned(of, last, concerns)
		if err != nil {
			return looked, err
		}
		if n == 0 && of == numbersByID {
			return looked, nil
		}
		if last = next; n == 0 {
			of, last = numbersByID, 0
		}
		if of == contactsByID {
			looked += n
		}
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

const (
	contactsByID = "SELECT " + contactColumns + " FROM contacts WHERE id > ? ORDER BY id LIMIT ?"
	numbersByID  = "SELECT " + lookahead.NumberColumns + " FROM numbers WHERE id > ? ORDER BY id LIMIT ?"
)

// concerned looks at the contacts, or numbers, after the id last, a step of them, and returns
// the keys of those concerned, the last id and how many there were.
func (s *Store) concerned(of string, last int64, concerns func(*hygiene.Contact) bool) (keys []string, next, n int64, err error) {
	k := &contactRow{}
	err = s.read(func(c engine.Reader) error {
		r := c.Query(of, last, stepSize)
		scan := scanContact
		if of == numbersByID {
			scan = lookahead.ScanNumber
		}
		for r.Next() {
			row := scan(r)
			k.reset(row.Key)
			k.set(&row)
			if err := k.unpackForReading(); err != nil {
				r.Close()
				return err
			}
			n, next = n+1, max(row.ID, -row.ID)
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
// returns how many contacts were changed, with how many ledger entries of theirs. Entries
// of numbers are counted in w.given.
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
				if err := w.giveAll([]*contactRow{k}); err != nil {
					return 0, 0, err
				}
				continue
			}
			k.pack()
			changed, all = append(changed, k), append(all, changes)
			if !k.IsNumber() {
				written, entries = written+1, entries+int64(len(changes))
			}
		}
		if err := w.savePacked(changed, all); err != nil {
			return 0, 0, err
		}
		for _, k := range changed {
			if err := w.spreadWords(k); err != nil {
				return 0, 0, err
			}
		}
		place += len(chunk)
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
