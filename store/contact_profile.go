package store

import (
	"errors"
	"strings"

	"winnow/hygiene"
)

// Profile is what an import says of a contact. What it does not speak of stays.
type Profile struct {
	Key       string
	SaysPhone bool   // else the phone number stays
	Phone     string // E.164; empty: has none
	// Attributes are sorted by name; one whose value is an empty text is removed.
	Attributes hygiene.Attributes
}

// Effect is what became of a contact that an import speaks of.
type Effect uint8

// The effects.
const (
	Unchanged Effect = iota
	Updated
	New // it came into being
)

// Revision is what a profile changes about a contact: what was known before, and
// what is known then.
type Revision struct {
	Effect
	PhoneBefore, Phone string
	Before, After      hygiene.Attributes
}

// SaveProfiles writes what an import says of contacts, and tells what it changed,
// profile by profile. A contact that is not known comes into being. It is one
// transaction: give it a few thousand at a time.
func (s *Store) SaveProfiles(list []Profile) (revisions []Revision, err error) {
	err = s.writeAs(nil, func(p *pen) (err error) {
		revisions, err = p.revise(list)
		return err
	})
	return revisions, err
}

// PreviewProfiles tells what SaveProfiles would change: it does it, and takes it
// back.
func (s *Store) PreviewProfiles(list []Profile) (revisions []Revision, err error) {
	err = s.writeAs(nil, func(p *pen) (err error) {
		if revisions, err = p.revise(list); err != nil {
			return err
		}
		return errPreview
	})
	return revisions, previewed(err)
}

// errPreview takes back what was only done to see what it does.
var errPreview = errors.New("this was a preview")

func previewed(err error) error {
	if errors.Is(err, errPreview) {
		return nil
	}
	return err
}

func (p *pen) revise(list []Profile) ([]Revision, error) {
	revisions := make([]Revision, len(list))
	k := &card{}
	for i := range list {
		if err := p.reviseOne(k, &list[i], &revisions[i]); err != nil {
			return nil, err
		}
	}
	return revisions, nil
}

// reviseOne reads of a known contact nothing but its profile.
func (p *pen) reviseOne(k *card, said *Profile, r *Revision) (err error) {
	if err := k.fetch(p.c, said.Key); err != nil {
		return err
	}
	if k.attrs != nil {
		if r.Before, err = hygiene.UnpackAttributes(k.attrs); err != nil {
			return err
		}
	}
	r.PhoneBefore, r.Phone = k.Phone, k.Phone
	if said.SaysPhone {
		r.Phone = said.Phone
	}
	changed := false
	r.After, changed = merged(r.Before, said.Attributes)
	k.Phone, k.Attributes = r.Phone, r.After
	switch {
	case k.id == 0:
		r.Effect = New
		return p.save(k, nil)
	case changed || r.Phone != r.PhoneBefore:
		r.Effect = Updated
		return p.saveProfile(k)
	}
	return nil
}

// merged is the attributes with those that an import says, both sorted by name.
func merged(old, said hygiene.Attributes) (all hygiene.Attributes, changed bool) {
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
