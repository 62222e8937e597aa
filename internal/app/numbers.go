package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/internal/ui"
)

// ErrNumber is the error of suppressing a key that is the phone number of known contacts.
var ErrNumber = errors.New("a phone number is not a contact's key here")

// checkNumbers is an [ErrNumber] if a key is unknown and is the phone number of known
// contacts. The suppression would be of a new contact with that key, and those who have
// the number would still be texted.
func (o *Operations) checkNumbers(keys []string) error {
	if o.Config.Keys.Phone {
		return nil
	}
	known := map[string]bool{}
	if err := o.Store.FindContacts(keys, func(i int, _ *hygiene.Contact) { known[keys[i]] = true }); err != nil {
		return err
	}
	given := map[string]string{} // by phone number
	for _, key := range keys {
		if phone, err := contactkey.ParsePhone(key, o.Config.Keys.Region); err == nil && !known[key] {
			given[phone] = key
		}
	}
	var phones []string
	for phone := range given {
		phones = append(phones, phone)
	}
	owners := map[string][]string{} // by phone number
	err := o.Store.FindContactsByPhone(phones, func(i int, c *hygiene.Contact) {
		owners[phones[i]] = append(owners[phones[i]], strings.Clone(c.Key))
	})
	slices.Sort(phones)
	for _, phone := range phones {
		if have := owners[phone]; len(have) > 0 {
			slices.Sort(have)
			err = errors.Join(err, fmt.Errorf("%w: %q is that of %s; name the contact instead", ErrNumber, given[phone], ui.JoinFirst(have, 5)))
		}
	}
	return err
}
