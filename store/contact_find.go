package store

import (
	"errors"
	"fmt"
	"strings"

	"winnow/hygiene"
)

// Find looks contacts up by their keys, and gives found those that are known,
// in the order of the keys and by their place among them, without attributes
// and message. All are as of one moment. The contact holds until found returns.
// Sorted keys are found sooner: the roster's index has them side by side.
func (s *Store) Find(keys []string, found func(i int, contact *hygiene.Contact)) error {
	return s.read(func(c *conn) error {
		// One transaction: each of its own would ask the file system for its locks.
		if err := c.exec("BEGIN"); err != nil {
			return err
		}
		f := &finder{c: c, found: found}
		for from := 0; from < len(keys); from += findKeys {
			if err := f.find(keys[from:min(from+findKeys, len(keys))], from); err != nil {
				return errors.Join(err, c.rollback())
			}
		}
		return c.exec("COMMIT")
	})
}

// findKeys is how many keys one statement looks up: who is not known then costs
// no crossing into C.
const findKeys = 256

var findSQL = `WITH asked (place, key) AS (VALUES (0, ?)` + findRows() + `)
	SELECT asked.place, c.id, c.phone, c.ledger, c.facts FROM asked CROSS JOIN contacts c ON c.key = asked.key ORDER BY asked.place`

func findRows() string {
	var b strings.Builder
	for i := 1; i < findKeys; i++ {
		fmt.Fprintf(&b, ", (%d, ?)", i)
	}
	return b.String()
}

// finder looks keys up.
type finder struct {
	c     *conn
	card  card
	asked [findKeys]any
	found func(i int, contact *hygiene.Contact)
}

// find looks up so many keys, the first of which has that place.
func (f *finder) find(keys []string, place int) (err error) {
	for i := range f.asked {
		f.asked[i] = nil
		if i < len(keys) {
			f.asked[i] = keys[i]
		}
	}
	r := f.c.query(findSQL, f.asked[:]...)
	k := &f.card
	for err == nil && r.next() {
		i := int(r.int(0))
		k.reset(keys[i])
		k.id, k.Phone, k.ledger, k.facts = r.int(1), r.text(2), r.int(3), r.blob(4)
		if err = k.unpackFacts(); err == nil {
			f.found(place+i, &k.Contact)
		}
	}
	return errors.Join(err, r.close())
}
