package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/internal/ui"
	"winnow/store"
)

// Name returns what a person names with a key or a phone number. Where keys are text, a
// phone number with its country code names the number, and the contact whose key it is if
// there is one.
func (o *Operations) Name(text string) (of store.Subjects, err error) {
	key, err := o.Store.Keys(o.Config.Keys).Named(text)
	phone := ""
	if !o.Config.Keys.Phone {
		phone, _ = contactkey.ParsePhone(text, "")
	}
	if phone == "" {
		return store.Subjects{Keys: []string{key}}, err
	}
	of.Phones = []string{phone}
	if err != nil {
		return of, nil // there is no such key, and still it is a number
	}
	err = o.Store.FindContacts([]string{key}, func(int, *hygiene.Contact) { of.Keys = []string{key} })
	return of, err
}

// ErrNumber is the error of a key that is a phone number, or is meant to be one.
var ErrNumber = errors.New("a phone number is not a contact's key here")

// CheckNumbers is an [ErrNumber] if a key is unknown, and begins like a phone number with
// its country code but is not a valid one. A manual change would be to a new contact of
// that key, and those who have the number that was meant would still be texted.
func (o *Operations) CheckNumbers(keys []string) error {
	if o.Config.Keys.Phone {
		return nil
	}
	unknown, err := o.unknown(keys)
	for _, key := range unknown {
		if !isLikePhone(key) {
			continue
		}
		if _, invalid := contactkey.ParsePhone(key, ""); invalid != nil {
			err = errors.Join(err, fmt.Errorf("%w, and %q is %w", ErrNumber, key, invalid))
		}
	}
	return err
}

// isLikePhone reports whether a text is a plus and as many digits as phone numbers have,
// however they are grouped.
func isLikePhone(text string) bool {
	rest, ok := strings.CutPrefix(text, "+")
	digits := 0
	for _, r := range rest {
		switch {
		case '0' <= r && r <= '9':
			digits++
		case !strings.ContainsRune(" -.()/", r):
			return false
		}
	}
	return ok && digits >= 7
}

// CheckNoNumbers is an [ErrNumber] if a key is unknown and is the phone number of known
// contacts, for changes that are made to contacts alone.
func (o *Operations) CheckNoNumbers(keys []string) error {
	if o.Config.Keys.Phone {
		return nil
	}
	unknown, err := o.unknown(keys)
	if err != nil {
		return err
	}
	given := map[string]string{} // by phone number
	for _, key := range unknown {
		if phone, err := contactkey.ParsePhone(key, ""); err == nil {
			given[phone] = key
		}
	}
	var phones []string
	for phone := range given {
		phones = append(phones, phone)
	}
	slices.Sort(phones)
	owners := map[string][]string{} // by phone number
	err = o.Store.FindContactsByPhone(phones, func(i int, c *hygiene.Contact) {
		owners[phones[i]] = append(owners[phones[i]], strings.Clone(c.Key))
	})
	for _, phone := range phones {
		if have := owners[phone]; len(have) > 0 {
			slices.Sort(have)
			err = errors.Join(err, fmt.Errorf("%w: %q is that of %s; name the contact instead", ErrNumber, given[phone], ui.JoinFirst(have, 5)))
		}
	}
	return err
}

// unknown are the keys of which no contact is known, sorted.
func (o *Operations) unknown(keys []string) (unknown []string, err error) {
	known := map[string]bool{}
	if err := o.Store.FindContacts(keys, func(i int, _ *hygiene.Contact) { known[keys[i]] = true }); err != nil {
		return nil, err
	}
	for _, key := range keys {
		if !known[key] {
			unknown = append(unknown, key)
		}
	}
	slices.Sort(unknown)
	return unknown, nil
}
