package explain

import (
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/internal/app"
	"winnow/internal/ui"
)

// Found is the contacts that a key or a phone number names.
type Found struct {
	Keys  []string // the contact of that key, then those that have the number, sorted
	Phone string   // by which some were found, in E.164; empty for none
}

// Summary says whose phone number it was; empty for what was a key.
func (f *Found) Summary() string {
	switch {
	case f.Phone == "":
		return ""
	case len(f.Keys) == 1:
		return contactkey.ReadablePhone(f.Phone) + " is the phone number of " + f.Keys[0]
	}
	return fmt.Sprintf("%s is the phone number of %s: %s", contactkey.ReadablePhone(f.Phone), ui.Count(int64(len(f.Keys)), "contact"), ui.JoinFirst(f.Keys, 10))
}

// Find returns the contacts that are meant by a key or a phone number. region is the country of numbers without a country
// code; empty for that of the config. The error of a text that
// is neither suggests what may have been meant.
func Find(a *app.App, given, region string) (found Found, err error) {
	format := a.Config.Keys
	if region != "" {
		format.Region = region
	}
	key, keyErr := a.Store.Keys(format).Named(given)
	if keyErr == nil {
		_, ok, err := a.Store.Contact(key)
		if err != nil {
			return found, err
		}
		if ok {
			found.Keys = append(found.Keys, key)
		}
	}
	if !format.Phone {
		phone := phoneOf(given, format.Region, found.Keys == nil)
		if phone == "" && keyErr != nil {
			return found, keyErr
		}
		if err := found.addByPhone(a, phone); err != nil {
			return found, err
		}
	}
	switch {
	case len(found.Keys) > 0:
		return found, nil
	case keyErr != nil:
		return found, keyErr
	}
	return found, notFound(a, given, key)
}

// phoneOf is the phone number that a text is; empty for none. Digits alone may be an
// international number whose + is missing, unless they are the key of a contact.
func phoneOf(text, region string, guess bool) string {
	phone, err := contactkey.ParsePhone(text, region)
	if err != nil && guess && strings.Trim(text, "0123456789 ") == "" {
		phone, _ = contactkey.ParsePhone("+"+strings.TrimPrefix(strings.TrimSpace(text), "00"), "")
	}
	if err == nil && !guess && !strings.HasPrefix(strings.TrimSpace(text), "+") {
		return ""
	}
	return phone
}

// addByPhone adds the contacts that have the phone number.
func (f *Found) addByPhone(a *app.App, phone string) error {
	if phone == "" {
		return nil
	}
	var keys []string
	err := a.Store.FindContactsByPhone([]string{phone}, func(_ int, c *hygiene.Contact) {
		if !slices.Contains(f.Keys, c.Key) {
			keys = append(keys, strings.Clone(c.Key))
		}
	})
	if len(keys) > 0 {
		slices.Sort(keys)
		f.Keys, f.Phone = append(f.Keys, keys...), phone
	}
	return err
}
