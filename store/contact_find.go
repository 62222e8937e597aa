package store

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// FindContacts looks contacts up by their keys, and calls found for those that are known,
// in the order of the keys and with their place among them, without attributes
// and message. All are as of one moment. The contact holds until found returns.
// Sorted keys are found faster: the index has them side by side.
func (s *Store) FindContacts(keys []string, found func(i int, contact *hygiene.Contact)) error {
	return s.read(func(c engine.Reader) error {
		roots, err := rootsOf(c, keys)
		if err != nil {
			return err
		}
		return c.FindContacts(roots, false, s.passFacts(found))
	})
}

// FindContactsByPhone looks contacts up by phone numbers in E.164, each of which is given
// once. It calls found for every contact that has one of them, in no order, with
// the place of the number, as [Store.FindContacts] does.
func (s *Store) FindContactsByPhone(phones []string, found func(i int, contact *hygiene.Contact)) error {
	return s.read(func(c engine.Reader) error { return c.FindContactsByPhone(phones, s.passFacts(found)) })
}

// passFacts passes each contact on with its facts unpacked.
func (s *Store) passFacts(found func(i int, contact *hygiene.Contact)) func(int, *engine.Contact) error {
	k := &contactRow{}
	return func(i int, stored *engine.Contact) error {
		k.reset(stored.Key)
		k.set(stored)
		if err := k.unpackFacts(); err != nil {
			return err
		}
		found(i, k.forReader(s.present))
		return nil
	}
}
