package store

import (
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/lookahead"
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
		there, err := hasNumbers(c)
		if err != nil {
			return err
		}
		if !there {
			return c.FindContacts(roots, false, s.passFacts(nil, found))
		}
		return s.findWithNumbers(c, roots, found)
	})
}

// findWithNumbers is FindContacts where something lies on numbers: those are looked up
// when the contacts of some keys have been read.
func (s *Store) findWithNumbers(c engine.Reader, keys []string, found func(i int, contact *hygiene.Contact)) error {
	rows, places := newRows(min(len(keys), chunkSize)), make([]int, chunkSize)
	for from := 0; from < len(keys); from += chunkSize {
		n := 0
		err := c.FindContacts(keys[from:min(from+chunkSize, len(keys))], false, func(i int, stored *engine.Contact) error {
			rows[n].reset(stored.Key)
			rows[n].set(stored)
			places[n] = from + i
			n++
			return rows[n-1].unpackFacts()
		})
		if err == nil {
			err = attachNumbers(c, rows[:n])
		}
		if err != nil {
			return err
		}
		for i, k := range rows[:n] {
			found(places[i], k.forReader(s.present))
		}
	}
	return nil
}

// FindContactsByPhone looks contacts up by phone numbers in E.164, each of which is given
// once. It calls found for every contact that has one of them, in no order, with
// the place of the number, as [Store.FindContacts] does. A merged contact has the numbers
// of all its keys.
func (s *Store) FindContactsByPhone(phones []string, found func(i int, contact *hygiene.Contact)) error {
	return s.read(func(c engine.Reader) error {
		onNumber := map[int][]hygiene.Suppression{}
		err := s.findNumbers(c, phones, func(i int, number *hygiene.Contact) {
			onNumber[i] = slices.Clone(number.Suppressions)
		})
		if err != nil {
			return err
		}
		if err := c.FindContactsByPhone(phones, s.passFacts(onNumber, found)); err != nil {
			return err
		}
		return s.findMergedByPhone(c, phones, onNumber, found)
	})
}

// findMergedByPhone is FindContactsByPhone for merged contacts that have the number by
// another key than their own.
func (s *Store) findMergedByPhone(c engine.Reader, phones []string, onNumber map[int][]hygiene.Suppression, found func(i int, contact *hygiene.Contact)) error {
	if some, err := c.Number("SELECT EXISTS (SELECT 1 FROM names)"); err != nil || some == 0 {
		return err
	}
	var keys []string
	var places []int
	args := make([]any, lookahead.AtOnce)
	for from := 0; from < len(phones); from += lookahead.AtOnce {
		clear(args)
		of := map[string]int{}
		for i, phone := range phones[from:min(from+lookahead.AtOnce, len(phones))] {
			args[i], of[phone] = phone, from+i
		}
		r := c.Query(findMergedNumbers, args...)
		for r.Next() {
			keys, places = append(keys, r.Text(0)), append(places, of[r.Text(1)])
		}
		if err := r.Close(); err != nil {
			return err
		}
	}
	return s.findWithNumbers(c, keys, func(i int, contact *hygiene.Contact) {
		place := places[i]
		has := func(part hygiene.Part) bool { return part.Phone == phones[place] }
		if contact.Phone != phones[place] && slices.ContainsFunc(contact.Parts, has) {
			contact.OnNumber = slices.Concat(contact.OnNumber, onNumber[place])
			found(place, contact)
		}
	})
}

var findMergedNumbers = "SELECT c.key, f.phone FROM former_numbers f JOIN contacts c ON c.id = f.contact JOIN names n ON n.key = c.key WHERE f.phone IN (" + placeholders(lookahead.AtOnce) + ")"

// FindNumbers looks phone numbers in E.164 up, each of which is given once, and calls
// found for those on which something lies, or lay, with their place. A number may have no
// contact. It holds until found returns.
func (s *Store) FindNumbers(phones []string, found func(i int, number *hygiene.Contact)) error {
	return s.read(func(c engine.Reader) error { return s.findNumbers(c, phones, found) })
}

func (s *Store) findNumbers(c engine.Reader, phones []string, found func(i int, number *hygiene.Contact)) error {
	there, err := hasNumbers(c)
	if err != nil || !there {
		return err
	}
	places := make(map[string]int, len(phones))
	for i, phone := range phones {
		places[phone] = i
	}
	pass := s.passFacts(nil, found)
	return findNumbers(c, phones, func(stored *engine.Contact) error {
		return pass(places[hygiene.NumberIn(stored.Key)], stored)
	})
}

// passFacts passes each contact on with its facts unpacked, and with what stands on its
// number by its place.
func (s *Store) passFacts(onNumber map[int][]hygiene.Suppression, found func(i int, contact *hygiene.Contact)) func(int, *engine.Contact) error {
	k := &contactRow{}
	return func(i int, stored *engine.Contact) error {
		k.reset(stored.Key)
		k.set(stored)
		if err := k.unpackFacts(); err != nil {
			return err
		}
		k.OnNumber = onNumber[i]
		found(i, k.forReader(s.present))
		return nil
	}
}
