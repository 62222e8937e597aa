package store

import (
	"errors"

	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// What contacts are identified by, as the store keeps it.
const (
	textKeys  = 1
	phoneKeys = 2
)

// ErrKeyFormat is the error of a config that identifies contacts in another way
// than the store: it would find none of them, and none of their suppressions.
var ErrKeyFormat = errors.New("the store identifies contacts in another way")

// UseKeyFormat stores what contacts are identified by. As soon as there is a
// contact, every other way is [ErrKeyFormat]. The region of phone numbers may
// change: keys are stored with their country code.
func (s *Store) UseKeyFormat(keys contactkey.Format) error {
	want := int64(textKeys)
	if keys.Phone {
		want = phoneKeys
	}
	stored, contacts := int64(0), int64(0)
	err := s.read(func(c engine.Reader) (err error) {
		if stored, err = counter(c, keyFormat); err == nil {
			contacts, err = c.Number("SELECT EXISTS (SELECT 1 FROM contacts)")
		}
		return err
	})
	switch {
	case err != nil || stored == want:
		return err
	case stored != 0 && contacts != 0:
		return ErrKeyFormat
	}
	return s.write(func(c engine.Writer) error { return setCounter(c, keyFormat, want) })
}
