package store

import (
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
)

// giveAll gives to the numbers of the contacts, which were saved, what lies on them now.
func (w *txWriter) giveAll(rows []*contactRow) error {
	if !w.judge.HasNumbers() {
		return nil
	}
	if err := w.proveNumbers(rows); err != nil {
		return err
	}
	for _, k := range rows {
		if k.keeps || k.Numbers == nil && k.Parts == nil && len(k.AllNumbers()) == 0 || k.IsNumber() {
			continue
		}
		if err := w.give(k); err != nil {
			return err
		}
	}
	return nil
}

// give gives to the contact's numbers what lies on them now, in place of what did.
func (w *txWriter) give(k *contactRow) error {
	var err error
	k.EachAlone(k.stored.ID, func(c *hygiene.Contact, id int64) {
		if err == nil {
			err = w.giveOf(k, giver{c, id})
		}
	})
	return err
}

// giver is a contact, or a part of a merged one, with the id under which it gives.
type giver struct {
	*hygiene.Contact
	id int64
}

func (w *txWriter) giveOf(k *contactRow, g giver) error {
	cause := w.causeOf(g.Contact)
	phones := g.AllNumbers()
	if len(phones) > 1 || len(phones) == 1 && phones[0] != k.Phone || g.Numbers != nil || g.AsksSendLog || k.Parts != nil {
		var err error
		if phones, err = w.rememberNumbers(k, phones); err != nil {
			return err
		}
	}
	for _, phone := range phones {
		number := &contactRow{}
		if err := number.load(w, hygiene.NumberKey(phone)); err != nil {
			return err
		}
		var err error
		switch {
		case number.stored.ID != 0:
			err = w.giveTo(number, g, cause)
		case w.judge.MayOpenOn(g.Contact, phone):
			err = w.beginNumber(number, g, cause)
		}
		if err != nil {
			return err
		}
	}
	g.Given()
	return nil
}

// causeOf is the moment to name in the ledger for what follows from a contact.
func (w *txWriter) causeOf(c *hygiene.Contact) hygiene.Moment {
	m := c.History.Latest()
	if n := len(c.Instructions); n > 0 && c.Instructions[n-1].After(m) {
		m = c.Instructions[n-1].Moment
	}
	return m
}

// beginNumber makes the number a subject: all who have it or had it give to it, and it
// takes the events that lie on it alone. g is one of them as it is in memory, or none.
func (w *txWriter) beginNumber(number *contactRow, g giver, cause hygiene.Moment) error {
	var changes []hygiene.Change
	if g.Contact != nil {
		changes, _, _ = w.judge.Give(&number.Contact, g.Contact, g.id, cause)
		number.ProveBy(g.Contact)
	}
	more, err := w.othersGive(number, g.id, cause)
	if err != nil {
		return err
	}
	own, err := w.takeOwn(number)
	if err != nil {
		return err
	}
	if err := w.save(number, slices.Concat(changes, more, own)); err != nil {
		return err
	}
	if g.Contact != nil && w.judge.HasWords(&number.Contact) {
		return w.waitAll(number)
	}
	return nil
}

// giveTo gives the number, which is stored, what lies on it of one contact.
func (w *txWriter) giveTo(number *contactRow, g giver, cause hygiene.Moment) error {
	changes, changed, again := w.judge.Give(&number.Contact, g.Contact, g.id, cause)
	if proved := number.ProveBy(g.Contact); !changed && !proved {
		return nil
	}
	if again {
		more, err := w.othersGive(number, g.id, cause)
		if err != nil {
			return err
		}
		changes = append(changes, more...)
	}
	return w.save(number, changes)
}

// othersGive gives the number what lies on it of all that have it or had it, but of the
// one of that id.
func (w *txWriter) othersGive(number *contactRow, but int64, cause hygiene.Moment) (changes []hygiene.Change, err error) {
	err = w.contactsOf(hygiene.NumberIn(number.Key), func(k *contactRow) error {
		k.EachAlone(k.stored.ID, func(c *hygiene.Contact, id int64) {
			if id != but {
				more, _, _ := w.judge.Give(&number.Contact, c, id, cause)
				changes = append(changes, more...)
				number.ProveBy(c)
			}
		})
		return nil
	})
	return changes, err
}

// contactsOf visits all contacts that have the number, or had it, by key. They hold until
// the visit returns.
func (w *txWriter) contactsOf(phone string, visit func(*contactRow) error) error {
	var keys []string
	err := w.FindContactsByPhone([]string{phone}, func(_ int, stored *engine.Contact) error {
		keys = append(keys, stored.Key)
		return nil
	})
	if err != nil {
		return err
	}
	if !w.ahead.NeverFormer(phone) {
		r := w.Query("SELECT c.key FROM former_numbers f JOIN contacts c ON c.id = f.contact WHERE f.phone = ?", phone)
		for r.Next() {
			keys = append(keys, r.Text(0))
		}
		if err := r.Close(); err != nil {
			return err
		}
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	rows := newRows(min(len(keys), chunkSize))
	for chunk := range slices.Chunk(keys, chunkSize) {
		if err := loadRows(w, chunk, rows); err != nil {
			return err
		}
		for _, k := range rows[:len(chunk)] {
			if err := k.unpack(); err != nil {
				return err
			}
			if err := visit(k); err != nil {
				return err
			}
		}
	}
	return nil
}

// rememberNumbers notes which numbers besides its present one the contact has to do with,
// and returns all that it ever had to do with.
func (w *txWriter) rememberNumbers(k *contactRow, phones []string) ([]string, error) {
	r := w.Query("SELECT phone FROM former_numbers WHERE contact = ? ORDER BY phone", k.stored.ID)
	var noted []string
	for r.Next() {
		noted = append(noted, r.Text(0))
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	for _, phone := range phones {
		if phone != k.Phone && !slices.Contains(noted, phone) {
			if err := w.noteFormer(k.stored.ID, phone); err != nil {
				return nil, err
			}
		}
	}
	for _, phone := range noted {
		if !slices.Contains(phones, phone) {
			phones = append(phones, phone)
		}
	}
	return phones, nil
}

// copyFormer notes with one contact the numbers that are noted with another.
func (w *txWriter) copyFormer(from, to int64) error {
	return w.Exec("INSERT INTO former_numbers (phone, contact) SELECT phone, ? FROM former_numbers WHERE contact = ? ON CONFLICT (phone, contact) DO NOTHING", to, from)
}

func (w *txWriter) noteFormer(contact int64, phone string) error {
	return w.Exec("INSERT INTO former_numbers (phone, contact) VALUES (?, ?) ON CONFLICT (phone, contact) DO NOTHING", phone, contact)
}
