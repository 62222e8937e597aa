package store

import (
	"errors"

	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// What contacts are identified by, as the store keeps it.
const (
	textKeys   = 1
	phoneKeys  = 2
	foldedKeys = 3 // texts whose case is folded
)

// ErrKeyFormat is the error of a config that identifies contacts in another way
// than the store: it would find none of them, and none of their suppressions.
var ErrKeyFormat = errors.New("the store identifies contacts in another way")

// ErrFold is the error of a config that folds the case of keys or no longer does, where
// the store has contacts: opt-outs would stand under keys that nobody has.
var ErrFold = errors.New("the store has contacts whose keys were made otherwise")

// UseKeyFormat stores what contacts are identified by. As soon as there is a
// contact, every other way is [ErrKeyFormat]. The region of phone numbers may
// change: keys are stored with their country code.
//
// The first time that a version sees the contacts of an earlier one, it looks through
// their keys.
func (s *Store) UseKeyFormat(keys contactkey.Format) error {
	want := int64(textKeys)
	switch {
	case keys.Phone:
		want = phoneKeys
	case keys.Fold:
		want = foldedKeys
	}
	stored, contacts, version := int64(0), int64(0), int64(0)
	err := s.read(func(c engine.Reader) (err error) {
		if stored, err = counter(c, keyFormat); err != nil {
			return err
		}
		if version, err = counter(c, keyVersion); err != nil {
			return err
		}
		contacts, err = c.Number("SELECT EXISTS (SELECT 1 FROM contacts)")
		return err
	})
	switch {
	case err != nil:
		return err
	case stored != want && stored != 0 && stored != phoneKeys && want != phoneKeys && contacts != 0:
		return ErrFold
	case stored != want && stored != 0 && contacts != 0:
		return ErrKeyFormat
	case stored != want:
		err = s.write(func(c engine.Writer) error { return setCounter(c, keyFormat, want) })
	}
	if err != nil || version == contactkey.Version {
		return err
	}
	return s.indexKeys()
}

// keyStep is how many keys a step of [Store.indexKeys] looks at.
const keyStep = 10_000

// indexKeys looks through the keys of the store once, a step in a transaction: a store
// of an earlier version lacks the loose forms. When it was cut it goes on where it
// was.
func (s *Store) indexKeys() error {
	last, err := s.lastKeySeen()
	for err == nil {
		var rows []*engine.Contact
		if rows, err = s.keysAfter(last); err == nil {
			if len(rows) > 0 {
				last = rows[len(rows)-1].Key
			}
			err = s.writeAs(nil, func(w *txWriter) error { return w.indexStep(rows) })
		}
		if len(rows) < keyStep {
			break
		}
	}
	return err
}

func (s *Store) lastKeySeen() (key string, err error) {
	err = s.read(func(c engine.Reader) error {
		id, err := counter(c, keySeen)
		if err == nil && id != 0 {
			key, err = c.Text("SELECT key FROM contacts WHERE id = ?", id)
		}
		return err
	})
	return key, err
}

// keysAfter reads the next contacts by key, with nothing but their key.
func (s *Store) keysAfter(last string) (rows []*engine.Contact, err error) {
	err = s.read(func(c engine.Reader) error {
		r := c.Query("SELECT id, key FROM contacts WHERE key > ? ORDER BY key LIMIT ?", last, keyStep)
		for r.Next() {
			rows = append(rows, &engine.Contact{ID: r.Int(0), Key: r.Text(1)})
		}
		return r.Close()
	})
	return rows, err
}

// indexStep indexes the contacts of a step, and notes how far that is.
func (w *txWriter) indexStep(rows []*engine.Contact) error {
	if err := w.indexLooseForms(rows); err != nil {
		return err
	}
	if len(rows) < keyStep {
		return setCounter(w, keyVersion, contactkey.Version)
	}
	return setCounter(w, keySeen, rows[len(rows)-1].ID)
}
