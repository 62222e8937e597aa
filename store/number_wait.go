package store

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// wait makes the contact wait to be placed. asks says that the send log names another
// number for one of its messages.
func (w *txWriter) wait(contact int64, asks bool) error {
	return w.Exec(`INSERT INTO unplaced (contact, asks) VALUES (?, ?)
		ON CONFLICT (contact) DO UPDATE SET asks = unplaced.asks | excluded.asks`, contact, asInt(asks))
}

// heardOfMessages passes on to a stored contact, which is packed, what the send log says
// of messages to it. Its number is one that nothing else names, and it waits to be placed
// if another number is meant by what happened to it.
func (w *txWriter) heardOfMessages(k *contactRow, sent []engine.Message) error {
	asks := hygiene.AsksSendLog(k.stored.Facts)
	var phones []engine.Message
	for _, m := range sent {
		asks = asks || m.Phone != "" && k.Phone != "" && m.Phone != k.Phone
		if m.Phone != "" && (k.Phone == "" || asks || hygiene.HasNumbers(k.stored.Facts)) {
			phones = append(phones, m)
		}
	}
	if len(phones) > 0 {
		id, before := k.stored.ID, k.Phone
		err := w.setNumber(k, func(c *hygiene.Contact) (changed bool) {
			for _, m := range phones {
				changed = c.TakeSentNumber(m.Phone, m.SentAt) || changed
			}
			return changed
		})
		if err != nil {
			return err
		}
		if k.Phone != before {
			if err := w.Exec("UPDATE contacts SET phone = ? WHERE id = ?", k.Phone, id); err != nil {
				return err
			}
		}
		for _, m := range phones {
			asks = asks || m.Phone != k.Phone
		}
	}
	if asks {
		return w.wait(k.stored.ID, true)
	}
	return nil
}

// setNumber gives a stored contact, which is in k with its facts packed, another number:
// take does that, and reports whether it did. The column of the number is left.
func (w *txWriter) setNumber(k *contactRow, take func(c *hygiene.Contact) bool) error {
	id, before := k.stored.ID, k.Phone
	if err := k.unpackFacts(); err != nil {
		return err
	}
	facts := k.stored.Facts
	if !take(&k.Contact) {
		return nil
	}
	if err := w.changeNumber(k, before); err != nil {
		return err
	}
	if before != "" && k.Phone != before {
		if err := w.noteFormer(id, before); err != nil {
			return err
		}
	}
	if k.factsChanged() {
		k.stored.Facts = k.Pack(nil)
		if err := w.Exec("UPDATE contacts SET facts = ? WHERE id = ?", k.stored.Facts, id); err != nil {
			return err
		}
	}
	there, err := w.hasNumbers()
	if err != nil || !there && len(facts) == len(emptyFacts) {
		return err // nothing lies on a number, and nothing is there to lie on it
	}
	return w.wait(id, false)
}

// emptyFacts is what is kept of a contact of which only the profile is known.
var emptyFacts = (&hygiene.Contact{}).Pack(nil)
