package store

import (
	"errors"
	"strings"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Profile is what an import says about a contact. What it leaves out stays.
type Profile struct {
	Key      string
	HasPhone bool   // else the phone number stays
	Phone    string // E.164; empty takes none away
	// Attributes are sorted by name. One whose value is empty text is removed.
	Attributes hygiene.Attributes
}

// ProfileEffect is what an import did to a contact.
type ProfileEffect uint8

// The effects.
const (
	ProfileUnchanged ProfileEffect = iota
	ProfileUpdated
	ProfileNew // it was created
)

// ProfileChange is what a profile changed about a contact: what was known before, and
// what is known after.
type ProfileChange struct {
	ProfileEffect
	PhoneBefore, Phone string
	Before, After      hygiene.Attributes
}

// SaveProfiles writes what an import says of contacts, who have their numbers from the
// time at on, and returns what it
// changed, profile by profile. A contact that is not known is created. It is one
// transaction: give it a few thousand at a time.
func (s *Store) SaveProfiles(list []Profile, at hygiene.Instant) (revisions []ProfileChange, err error) {
	err = s.writeAs(nil, func(w *txWriter) (err error) {
		revisions, err = w.saveProfiles(list, at)
		return err
	})
	return revisions, err
}

// PreviewProfiles returns what SaveProfiles would change: it does it, and rolls
// back.
func (s *Store) PreviewProfiles(list []Profile, at hygiene.Instant) (revisions []ProfileChange, err error) {
	err = s.writeAs(nil, func(w *txWriter) (err error) {
		if revisions, err = w.saveProfiles(list, at); err != nil {
			return err
		}
		return errPreview
	})
	return revisions, ignorePreview(err)
}

// errPreview rolls back what was only done to see what it does.
var errPreview = errors.New("this was a preview")

func ignorePreview(err error) error {
	if errors.Is(err, errPreview) {
		return nil
	}
	return err
}

func (w *txWriter) saveProfiles(list []Profile, at hygiene.Instant) ([]ProfileChange, error) {
	revisions := make([]ProfileChange, len(list))
	k := &contactRow{}
	for i := range list {
		if err := w.reviseProfile(k, &list[i], at, &revisions[i]); err != nil {
			return nil, err
		}
	}
	return revisions, nil
}

// reviseProfile reads of a known contact nothing but its profile, unless its number
// changes.
func (w *txWriter) reviseProfile(k *contactRow, said *Profile, at hygiene.Instant, r *ProfileChange) error {
	if _, named, err := w.rootOf(said.Key); err != nil || named {
		if err == nil {
			err = w.reviseNamed(k, said, at, r)
		}
		return err
	}
	k.reset(said.Key)
	stored := w.Query("SELECT id, phone, attributes, substr(facts, 1, 2) FROM contacts WHERE key = ?", said.Key)
	if stored.Next() {
		k.stored.ID, k.Phone, k.stored.Attributes, k.stored.Facts = stored.Int(0), stored.Text(1), stored.Blob(2), stored.Blob(3)
	}
	if err := stored.Close(); err != nil {
		return err
	}
	if err := k.unpackAttributes(); err != nil {
		return err
	}
	r.Before, r.PhoneBefore, r.Phone = k.Attributes, k.Phone, k.Phone
	if said.HasPhone && said.Phone != "" {
		r.Phone = said.Phone
	}
	changed := false
	r.After, changed = mergeAttributes(r.Before, said.Attributes)
	k.Attributes = r.After
	switch {
	case k.stored.ID == 0:
		k.Phone = r.Phone
		r.ProfileEffect = ProfileNew
		return w.saveNew(k)
	case changed || r.Phone != r.PhoneBefore || r.Phone != "" && said.Phone != "" && hygiene.HasNumbers(k.stored.Facts):
		if r.ProfileEffect = ProfileUnchanged; changed || r.Phone != r.PhoneBefore {
			r.ProfileEffect = ProfileUpdated
		}
		if said.HasPhone && said.Phone != "" {
			if err := k.readFacts(w); err != nil {
				return err
			}
			if err := w.setNumber(k, func(c *hygiene.Contact) bool { return c.TakeNumber(r.Phone, at) }); err != nil {
				return err
			}
		}
		return w.saveProfile(k)
	}
	return nil
}

// reviseNamed is reviseProfile for a key of a merged contact.
func (w *txWriter) reviseNamed(k *contactRow, said *Profile, at hygiene.Instant, r *ProfileChange) error {
	if err := w.claimName(said.Key); err != nil {
		return err
	}
	if err := k.load(w, said.Key); err != nil {
		return err
	}
	r.Before, r.PhoneBefore = k.Attributes, k.Phone
	changed, err := w.reviseName(k, said.Key, func(part *hygiene.Contact) {
		part.Attributes, _ = mergeAttributes(part.Attributes, said.Attributes)
		if said.HasPhone {
			part.TakeNumber(said.Phone, at)
		}
	})
	if changed {
		r.ProfileEffect = ProfileUpdated
	}
	r.After, r.Phone = k.Attributes, k.Phone
	return err
}

// readFacts reads the facts of a stored contact of which only the profile was read.
func (k *contactRow) readFacts(c engine.Querier) error {
	r := c.Query("SELECT facts FROM contacts WHERE id = ?", k.stored.ID)
	if r.Next() {
		k.stored.Facts = r.Blob(0)
	}
	return r.Close()
}

// mergeAttributes is the old attributes with those that an import says, both
// sorted by name.
func mergeAttributes(old, said hygiene.Attributes) (all hygiene.Attributes, changed bool) {
	all = make(hygiene.Attributes, 0, len(old)+len(said))
	for i := range said {
		for len(old) > 0 && strings.Compare(old[0].Name, said[i].Name) < 0 {
			all, old = append(all, old[0]), old[1:]
		}
		had := len(old) > 0 && old[0].Name == said[i].Name
		has := said[i].Value.Text != ""
		changed = changed || had != has || had && old[0].Value != said[i].Value
		if had {
			old = old[1:]
		}
		if has {
			all = append(all, said[i])
		}
	}
	return append(all, old...), changed
}
