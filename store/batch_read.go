package store

import (
	"cmp"
	"math"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/personal"
)

// BatchFilter narrows the manual changes that are read.
type BatchFilter struct {
	Before int64     // only those with a smaller number; 0 for all
	Kind   BatchKind // empty for any
	By     string    // empty for anybody
}

// Batches reads the manual changes, the latest first, at most so many.
func (s *Store) Batches(f BatchFilter, most int) (list []Batch, err error) {
	err = s.read(func(c engine.Reader) error {
		r := c.Query("SELECT "+batchColumns+" FROM batches WHERE id < ? AND (? = '' OR kind = ?) AND (? = '' OR by = ?) ORDER BY id DESC LIMIT ?",
			cmp.Or(f.Before, math.MaxInt64), string(f.Kind), string(f.Kind), f.By, f.By, most)
		for r.Next() {
			list = append(list, scanBatch(r))
		}
		err := r.Close()
		for i := 0; err == nil && i < len(list); i++ {
			if _, err = list[i].follow(c); err == nil {
				err = list[i].describe(c)
			}
		}
		return err
	})
	return list, err
}

// Batch reads the manual change of that number; false if there is none.
func (s *Store) Batch(id int64) (b Batch, ok bool, err error) {
	err = s.read(func(c engine.Reader) (err error) {
		if b, ok, err = batch(c, id); err != nil || !ok {
			return err
		}
		if _, err = b.follow(c); err == nil {
			err = b.describe(c)
		}
		return err
	})
	return b, ok, err
}

// BatchEntry is a ledger entry of a manual change.
type BatchEntry struct {
	LedgerEntry
	Key string // of the contact, or the number by [hygiene.NumberKey]; empty for a contact that was merged into another
}

// BatchEntries reads the ledger entries of a manual change, in the order in which they
// were written, at most so many.
func (s *Store) BatchEntries(id int64, most int) (list []BatchEntry, err error) {
	err = s.read(func(c engine.Reader) error {
		// The condition that batch is not 0 lets a database use the index of those rows.
		r := c.Query(`SELECT l.id, coalesce(k.key, n.phone, ''), n.phone IS NOT NULL FROM ledger l LEFT JOIN contacts k ON k.id = l.contact LEFT JOIN numbers n ON n.id = -l.contact
			WHERE l.batch = ? AND l.batch <> 0 ORDER BY l.id LIMIT ?`, id, most)
		for r.Next() {
			e := BatchEntry{Key: r.Text(1)}
			if e.ID = r.Int(0); r.Int(2) == 1 {
				e.Key = hygiene.NumberKey(e.Key)
			}
			list = append(list, e)
		}
		err := r.Close()
		for i := range list {
			if err == nil {
				list[i].LedgerEntry, _, err = personal.Entry(c, list[i].ID)
			}
		}
		return err
	})
	return list, err
}
