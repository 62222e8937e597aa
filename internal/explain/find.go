package explain

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/store"
)

// Found is what a key or a phone number names: contacts, the number itself, or both.
type Found struct {
	Keys   []string // the contact of that key, then those that have the number
	Owners []string // of Keys those that have the number, sorted
	// Phone is the number, in E.164, if contacts have it or something is, or was, on it;
	// empty for none.
	Phone string

	own string // the key of the contact that was found by its key, which may be another than that
}

// Summary says whose phone number it was; empty for what was a key.
func (f *Found) Summary() string {
	phone := contactkey.ReadablePhone(f.Phone)
	switch {
	case f.Phone == "" || len(f.Owners) == 0 && len(f.Keys) > 0:
		return ""
	case len(f.Owners) == 0:
		return "no contact has the phone number " + phone
	case len(f.Owners) == 1:
		return phone + " is the phone number of " + f.Owners[0]
	}
	return fmt.Sprintf("%s is the phone number of %s: %s", phone, ui.Count(int64(len(f.Owners)), "contact"), ui.JoinFirst(f.Owners, 10))
}

// ErrNoKey is the error of a text that is neither a contact's key nor a phone number.
var ErrNoKey = errors.New("not a contact's key")

// Find is [Lookup] for people: that nothing is found is an error, which suggests what may
// have been meant.
func Find(a *app.App, given, region string) (Found, error) {
	found, err := Lookup(a.Config, a.Store, given, region)
	if err != nil || len(found.Keys) > 0 || found.Phone != "" {
		return found, err
	}
	key, err := a.Store.Keys(a.Config.Keys).Named(given)
	if err != nil {
		return found, err
	}
	return found, notFound(a, given, key)
}

// Lookup returns the contacts that are meant by a key or a phone number, and the number.
// region is the country of numbers without a country code; empty for that of the config.
func Lookup(cfg *config.Config, s *store.Store, given, region string) (found Found, err error) {
	format := cfg.Keys
	if region != "" {
		format.Region = region
	}
	key, keyErr := s.Keys(format).Named(given)
	if keyErr == nil {
		err = s.FindContacts([]string{key}, func(_ int, c *hygiene.Contact) {
			found.Keys, found.own = append(found.Keys, key), strings.Clone(c.Key)
		})
		if err != nil {
			return found, err
		}
	}
	phone := ""
	if !format.Phone {
		phone = phoneOf(given, format.Region, found.Keys == nil)
	}
	if phone == "" && keyErr != nil {
		return found, noKey{keyErr}
	}
	return found, found.addByPhone(s, phone)
}

// noKey is an [ErrNoKey] that says why.
type noKey struct{ error }

func (noKey) Is(target error) bool { return target == ErrNoKey }

// Number explains the phone number: as of now, or what was known at asOf unless that is 0.
// It is nil if nothing is, or was, on it, which is an error if no contact was found either.
func (f *Found) Number(a *app.App, asOf, now hygiene.Instant) (e *Explanation, cfg *config.Config, err error) {
	if asOf != 0 {
		e, cfg, err = NumberAsOf(a, f.Phone, asOf)
	} else {
		cfg = a.Config
		e, _, err = Number(cfg, a.Store, f.Phone, now)
	}
	switch {
	case err != nil || e != nil || len(f.Keys) > 0:
		return e, cfg, err
	case asOf != 0:
		return nil, nil, fmt.Errorf("nothing was known of phone number %s at %s", f.Phone, asOf)
	}
	return nil, nil, fmt.Errorf("nothing is on phone number %s any more", f.Phone)
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

// addByPhone adds the contacts that have the phone number, and the number.
func (f *Found) addByPhone(s *store.Store, phone string) error {
	if phone == "" {
		return nil
	}
	err := s.FindContactsByPhone([]string{phone}, func(_ int, c *hygiene.Contact) {
		f.Owners = append(f.Owners, strings.Clone(c.Key))
	})
	if err != nil {
		return err
	}
	slices.Sort(f.Owners)
	for _, key := range f.Owners {
		if key != f.own {
			f.Keys = append(f.Keys, key)
		}
	}
	_, known, err := s.Number(phone)
	if known || len(f.Owners) > 0 {
		f.Phone = phone
	}
	return err
}
