package store

import "winnow/hygiene"

// spreadWords gives the words that name a number alone to all who had it then. It does
// nothing for a contact.
func (w *txWriter) spreadWords(number *contactRow) error {
	if !number.IsNumber() || !w.judge.HasWords(&number.Contact) {
		return nil
	}
	n := len(number.Instructions)
	cause := number.Instructions[n-1].Moment
	return w.contactsOf(hygiene.NumberIn(number.Key), func(k *contactRow) error {
		changes, err := w.takeWords(k, cause)
		if err != nil || len(changes) == 0 && !k.factsChanged() {
			return err
		}
		if len(changes) > 0 {
			w.given.contacts++
			w.given.changes += int64(len(changes))
		}
		k.keeps = true // a word that it has from its number is not given back
		return w.save(k, changes)
	})
}

// takeWords gives the contact the words that name its numbers and no contact.
func (w *txWriter) takeWords(k *contactRow, cause hygiene.Moment) ([]hygiene.Change, error) {
	there, err := w.hasNumbers()
	if err != nil || !there {
		return nil, err
	}
	var numbers []*hygiene.Contact
	seen := map[string]bool{}
	k.EachAlone(k.stored.ID, func(c *hygiene.Contact, _ int64) {
		for _, phone := range c.AllNumbers() {
			number := &contactRow{}
			if err == nil && !seen[phone] {
				seen[phone] = true
				err = number.load(w, hygiene.NumberKey(phone))
			}
			if number.stored.ID != 0 {
				numbers = append(numbers, &number.Contact)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	changes, _ := w.judge.TakeWords(&k.Contact, numbers, cause)
	return changes, nil
}
