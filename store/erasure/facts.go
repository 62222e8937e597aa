package erasure

import (
	"context"
	"errors"
	"fmt"

	"winnow/hygiene"
	"winnow/store/engine"
)

// facts erases notes that are kept with contacts and numbers.
func (r *Run) facts(ctx context.Context) error {
	for _, table := range []string{"contacts", "numbers"} {
		for at := int64(0); ctx.Err() == nil; {
			var list []noted
			var next int64
			err := r.Engine.Read(func(c engine.Reader) (err error) {
				list, next, err = notedAfter(c, r.Names, table, at)
				return err
			})
			if err != nil {
				return err
			}
			if len(list) > 0 {
				r.Did.Notes += int64(len(list))
				err := r.change("facts", func(w engine.Writer) error { return eraseNoted(w, r.Names, table, list) })
				if err != nil {
					return err
				}
			}
			if at = next; next == 0 {
				break
			}
		}
	}
	return ctx.Err()
}

// noted is a contact or a number with a note that names somebody.
type noted struct {
	id    int64
	facts []byte
}

// factsStep is how many contacts are looked at together.
const factsStep = 5_000

// notedAfter finds the contacts, or numbers, after that id whose notes may name somebody,
// among a step of them. next is 0 at the end.
func notedAfter(c engine.Querier, n *Names, table string, after int64) (list []noted, next int64, err error) {
	r := c.Query("SELECT id, facts FROM "+table+" WHERE id > ? ORDER BY id LIMIT ?", after, factsStep)
	for r.Next() {
		next = r.Int(0)
		facts := r.Blob(1)
		if n.marks.notIn(facts) {
			continue
		}
		var k hygiene.Contact
		if err := k.Unpack(facts); err != nil {
			return nil, 0, errors.Join(fmt.Errorf("read %s %d: %w", table, next, err), r.Close())
		}
		if k.EraseNotes(n.InText) {
			list = append(list, noted{next, facts})
		}
	}
	return list, next, r.Close()
}

// eraseNoted erases the notes of contacts, or numbers, that are still as they were read.
func eraseNoted(w engine.Writer, n *Names, table string, list []noted) error {
	for i := range list {
		var k hygiene.Contact
		if err := k.Unpack(list[i].facts); err != nil {
			return err
		}
		k.EraseNotes(n.InText)
		changed, err := w.Number("UPDATE "+table+" SET facts = ? WHERE id = ? AND facts = ? RETURNING 1", k.Pack(nil), list[i].id, list[i].facts)
		if err != nil {
			return err
		}
		if changed == 0 {
			return fmt.Errorf("%s %d changed meanwhile; repeat it", table, list[i].id)
		}
	}
	return nil
}
