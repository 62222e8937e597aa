package reconcile

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"winnow/hygiene"
	"winnow/store"
)

// The sides of a record, in the order in which they are read.
const (
	theirSide = "0"
	ourSide   = "1"
)

// add adds a suppression of a side: of a contact by its key, or of a number.
func (c *comparison) add(name, side, reason string, until hygiene.Instant, phone string) error {
	const second = hygiene.Instant(time.Second / time.Microsecond)
	return c.sorted.Add(name, side, reason, strconv.FormatInt(int64(until/second), 10), phone)
}

// Listed implements imports.Comparison. A merged contact is named by its key of today.
func (c *comparison) Listed(some []store.ImportedSuppression) error {
	if c.byPhone {
		for _, s := range some {
			if s.Phone == "" {
				continue // a contact with the number as its key, after the number itself
			}
			if err := c.add(s.Phone, theirSide, s.Reason, s.Until, ""); err != nil {
				return err
			}
		}
		return nil
	}
	keys := make([]string, len(some))
	for i, s := range some {
		keys[i] = s.Key
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	names, phones := map[string]string{}, map[string]string{}
	err := c.app.Store.FindContacts(keys, func(i int, contact *hygiene.Contact) {
		if contact.Key != keys[i] {
			names[keys[i]] = contact.Key
		}
		if contact.Phone != "" {
			phones[keys[i]] = contact.Phone
		}
	})
	for i := 0; err == nil && i < len(some); i++ {
		name, merged := names[some[i].Key]
		if !merged {
			name = some[i].Key
		}
		err = c.add(name, theirSide, some[i].Reason, some[i].Until, phones[some[i].Key])
	}
	return err
}

// Compare implements imports.Comparison.
func (c *comparison) Compare() error {
	if err := c.gatherOurs(); err != nil {
		return err
	}
	if err := c.files.create(); err != nil {
		return err
	}
	s := &subject{}
	err := c.sorted.Each(func(record []string) error {
		if record[0] != s.name {
			c.finish(s)
			*s = subject{name: record[0]}
		}
		return errors.Join(s.add(record), c.ctx.Err())
	})
	if err != nil {
		return err
	}
	c.finish(s)
	return c.files.commit()
}

// gatherOurs adds whatever winnow suppresses now.
func (c *comparison) gatherOurs() (err error) {
	snapshot, err := c.app.Store.Snapshot()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	show, done := c.progress()
	defer done()
	visited := int64(0)
	err = snapshot.Contacts(c.ctx, false, func(contact *hygiene.Contact) error {
		if visited++; show != nil && visited%4096 == 0 {
			show(visited)
		}
		name := contact.Key
		if c.byPhone {
			name = contact.Phone
		}
		return c.addOpen(name, contact, contact.Phone)
	})
	if err != nil {
		return err
	}
	var failed error
	err = c.app.Store.EachUnownedNumber(c.ctx, func(number *hygiene.Contact) {
		phone := hygiene.NumberIn(number.Key)
		name := ""
		if c.byPhone || c.app.Config.Keys.Phone {
			name = phone
		}
		failed = errors.Join(failed, c.addOpen(name, number, phone))
	})
	return errors.Join(err, failed)
}

// addOpen adds what is in force of a contact or number. One without a name is counted
// only.
func (c *comparison) addOpen(name string, of *hygiene.Contact, phone string) error {
	open := of.OpenSuppressions(c.now)
	if name == "" && len(open) > 0 {
		c.result.Unlisted++
		return nil
	}
	for i := range open {
		if err := c.add(name, ourSide, open[i].Reason, open[i].Until, phone); err != nil {
			return err
		}
	}
	return nil
}
