package store

import (
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
)

// ensureContact makes sure that there is a contact that the key names, and reports whether it is
// new. It reads nothing else of it.
func (w *txWriter) ensureContact(key string) (isNew bool, err error) {
	if _, named, err := w.rootOf(key); err != nil || named {
		if err == nil {
			err = w.claimName(key)
		}
		return false, err
	}
	known, err := w.Number("SELECT EXISTS (SELECT 1 FROM contacts WHERE key = ?)", key)
	if err != nil || known != 0 {
		return false, err
	}
	k := &contactRow{}
	k.reset(key)
	return true, w.save(k, nil)
}

// ensureContacts makes sure that there is a contact of each of these keys, which are
// sorted, and passes on what the send log says of messages to it. It uses as many rows.
func (w *txWriter) ensureContacts(keys []string, sent [][]engine.Message, rows []*contactRow) error {
	if err := loadRows(w, keys, rows); err != nil {
		return err
	}
	var missing []*contactRow
	for i, k := range rows {
		if k.stored.ID != 0 {
			if err := w.heardOfMessages(k, sent[i]); err != nil {
				return err
			}
			continue
		}
		for _, m := range sent[i] {
			k.TakeSentNumber(m.Phone, m.SentAt)
		}
		k.pack()
		missing = append(missing, k)
	}
	if err := w.savePacked(missing, make([][]hygiene.Change, len(missing))); err != nil {
		return err
	}
	for i, k := range rows {
		asks := slices.ContainsFunc(sent[i], func(m engine.Message) bool { return m.Phone != "" && m.Phone != k.Phone })
		if err := w.waitIfNew(k, missing, asks); err != nil {
			return err
		}
	}
	return nil
}

// waitIfNew makes a new contact wait to be placed if words may lie on its number, or if
// it asks.
func (w *txWriter) waitIfNew(k *contactRow, list []*contactRow, asks bool) error {
	if k.Phone == "" || !slices.Contains(list, k) {
		return nil
	}
	there, err := w.hasNumbers()
	if err != nil || !there && !asks {
		return err
	}
	return w.wait(k.stored.ID, asks)
}

// ensureName is ensureContacts for one key of a merged contact.
func (w *txWriter) ensureName(key string, sent []engine.Message) error {
	if err := w.claimName(key); err != nil || len(sent) == 0 {
		return err
	}
	k := &contactRow{}
	_, err := w.reviseName(k, key, func(part *hygiene.Contact) {
		for _, m := range sent {
			part.TakeSentNumber(m.Phone, m.SentAt)
		}
	})
	if err != nil || k.stored.ID == 0 {
		return err
	}
	return w.wait(k.stored.ID, true)
}

// reviseName changes the profile of the part of a merged contact that has the key, and
// reports whether that changed something about the contact.
func (w *txWriter) reviseName(k *contactRow, key string, revise func(part *hygiene.Contact)) (changed bool, err error) {
	if err := k.load(w, key); err != nil {
		return false, err
	}
	phone, attributes := k.Phone, k.Attributes
	if !k.RevisePart(key, revise) || !k.factsChanged() {
		return false, nil
	}
	if err := w.savePart(k, key, phone); err != nil {
		return false, err
	}
	return k.Phone != phone || !slices.Equal(k.Attributes, attributes), w.saveProfile(k)
}

// savePart saves a merged contact whose part of that key has another profile. The phone
// number was another before.
func (w *txWriter) savePart(k *contactRow, key, phone string) error {
	was := &contactRow{}
	was.reset(k.Key)
	was.stored, was.Phone = k.stored, phone
	if err := was.unpackFacts(); err != nil {
		return err
	}
	old, part := was.Alone(key), k.Alone(key)
	before := old.AllNumbers()
	if old.Phone == part.Phone && slices.Equal(old.Numbers, part.Numbers) && slices.Equal(before, part.AllNumbers()) {
		return w.save(k, nil)
	}
	for _, number := range append(before, part.Phone) {
		if number == "" || number == k.Phone {
			continue
		}
		if err := w.noteFormer(k.stored.ID, number); err != nil {
			return err
		}
	}
	if err := w.changeNumber(k, phone); err != nil {
		return err
	}
	k.keeps = true // until it is placed
	if err := w.save(k, nil); err != nil {
		return err
	}
	return w.wait(k.stored.ID, false)
}
