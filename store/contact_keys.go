package store

import (
	"errors"

	"winnow/hygiene"
)

// How the contacts of the roster are told apart, as the roster keeps it.
const (
	textKeys  = 1
	phoneKeys = 2
)

// ErrOtherKeys is the error of a config that tells contacts apart in another way
// than the store: it would find none of them, and none of their suppressions.
var ErrOtherKeys = errors.New("the store's contacts are told apart in another way")

// AgreeOnKeys keeps how contacts are told apart. As soon as there is a contact it
// is [ErrOtherKeys] for every other way. The region of phone numbers may change:
// keys are stored with their country.
func (s *Store) AgreeOnKeys(keys hygiene.KeyFormat) error {
	want := int64(textKeys)
	if keys.Phone {
		want = phoneKeys
	}
	kept, anyone := int64(0), int64(0)
	err := s.read(func(c *conn) (err error) {
		if kept, err = progress(c, keyFormat); err == nil {
			anyone, err = c.number("SELECT EXISTS (SELECT 1 FROM contacts)")
		}
		return err
	})
	switch {
	case err != nil || kept == want:
		return err
	case kept != 0 && anyone != 0:
		return ErrOtherKeys
	}
	return s.write(func(c *conn) error { return setProgress(c, keyFormat, want) })
}
