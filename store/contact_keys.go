package store

import (
	"errors"

	"winnow/hygiene/contactkey"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/forgotten"
	"winnow/store/location"
	"winnow/store/sqlite"
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

// ErrFold is the error of a config that does not fold the case of keys, where the store
// has contacts whose keys are folded: what comes in under another case would be somebody
// else's, and an opt-out would not hold.
var ErrFold = errors.New("the keys of the store are folded")

// UseKeyFormat checks what contacts are identified by, and stores it. As soon as there
// is a contact, every other way is [ErrKeyFormat] or [ErrFold]. The region of phone
// numbers may change: keys are stored with their country code. Folding may begin at any
// time, with [Store.PrepareKeys], and never ends.
func (s *Store) UseKeyFormat(keys contactkey.Format) error {
	want, stored, contacts := formatOf(keys), int64(0), int64(0)
	err := s.read(func(c engine.Reader) (err error) {
		if stored, err = counters.Get(c, counters.KeyFormat); err == nil {
			contacts, err = c.Number("SELECT EXISTS (SELECT 1 FROM contacts)")
		}
		return err
	})
	switch {
	case err != nil || stored == want:
		return err
	case stored == textKeys && want == foldedKeys && contacts != 0:
		return nil // until they are prepared
	case stored == foldedKeys && want == textKeys && contacts != 0:
		return ErrFold
	case stored != 0 && contacts != 0:
		return ErrKeyFormat
	}
	return s.write(func(c engine.Writer) error { return counters.Set(c, counters.KeyFormat, want) })
}

func formatOf(keys contactkey.Format) int64 {
	switch {
	case keys.Phone:
		return phoneKeys
	case keys.Fold:
		return foldedKeys
	}
	return textKeys
}

// LosesForgotten reports whether folding is about to begin in the store at the path, and
// persons were forgotten there: hashes of their keys can't be folded, so a key that had
// capitals is not recognized any more. Nothing is written.
func LosesForgotten(at string, keys contactkey.Format) (loses bool, err error) {
	if !keys.Fold {
		return false, nil
	}
	if exists, err := Exists(at); err != nil || !exists {
		return false, err
	}
	look := func(c engine.Querier) error {
		format, err := counters.Get(c, counters.KeyFormat)
		if err == nil && format == textKeys {
			loses, err = forgotten.Any(c)
		}
		return err
	}
	if location.IsServer(at) {
		s, err := OpenExisting(at)
		if err != nil {
			return false, err
		}
		err = s.read(func(c engine.Reader) error { return look(c) })
		return loses, errors.Join(err, s.Close())
	}
	err = sqlite.ReadContacts(at, func(c engine.Querier) error {
		n, err := c.Number("SELECT count(*) FROM sqlite_schema WHERE name = 'forgotten_messages'")
		if err != nil || n == 0 {
			return err
		}
		return look(c)
	})
	return loses, err
}
