package store

import (
	"errors"

	"winnow/hygiene"
)

// FindPhones looks contacts up by phone numbers in E.164, each of them once, and
// gives found all that have one of them, in no order, with the place of the number
// among them: without attributes and message. All are as of one moment. The
// contact holds until found returns. Sorted numbers are found sooner.
func (s *Store) FindPhones(phones []string, found func(i int, contact *hygiene.Contact)) error {
	if len(phones) == 0 {
		return nil
	}
	return s.read(func(c *conn) error {
		if err := c.exec("BEGIN"); err != nil {
			return err
		}
		for from := 0; from < len(phones); from += findKeys {
			asked := phones[from:min(from+findKeys, len(phones))]
			err := findPhones(c, asked, func(i int, contact *hygiene.Contact) { found(from+i, contact) })
			if err != nil {
				return errors.Join(err, c.rollback())
			}
		}
		return c.exec("COMMIT")
	})
}

var findPhonesSQL = `WITH asked (place, phone) AS (VALUES (0, ?)` + findRows() + `)
	SELECT asked.place, c.id, c.key, c.phone, c.ledger, c.facts
	FROM asked CROSS JOIN contacts c INDEXED BY contacts_by_phone ON c.phone = asked.phone`

// findPhones looks up findKeys numbers at most.
func findPhones(c *conn, phones []string, found func(i int, contact *hygiene.Contact)) (err error) {
	var asked [findKeys]any
	for i := range phones {
		asked[i] = phones[i]
	}
	k := &card{}
	r := c.query(findPhonesSQL, asked[:]...)
	for err == nil && r.next() {
		k.reset(r.text(2))
		k.id, k.Phone, k.ledger, k.facts = r.int(1), r.text(3), r.int(4), r.blob(5)
		if err = k.unpackFacts(); err == nil {
			found(int(r.int(0)), &k.Contact)
		}
	}
	return errors.Join(err, r.close())
}
