package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/store"
)

// Remaining is a reason for which a contact or a phone number stays suppressed after it
// was allowed.
type Remaining struct {
	Contact     string `json:"contact,omitempty"` // empty for a number that was allowed itself
	Number      string `json:"number,omitempty"`  // in E.164, if it stands on that
	From        string `json:"from,omitempty"`    // the contact on whose evidence it stands there; empty for what names the number
	Reason      string `json:"reason"`
	MustBeNamed bool   `json:"must_be_named"` // it is lifted only when it is named
	Command     string `json:"command"`       // that lifts it

	whose string // in words, whose evidence it is, if that is not the contact's own
}

// RemainingReasons returns the reasons for which the subjects are suppressed at the time
// now: contacts for themselves and by their numbers, and numbers. Of a number the contacts
// that have it come after it: a person's word that named the number is theirs too, and
// lifting it from the number leaves it with them. path is that of the config, for the
// commands.
func (o *Operations) RemainingReasons(of store.Subjects, path string, now hygiene.Instant) ([]Remaining, error) {
	r := remaining{ops: o, flag: ConfigFlag(path), now: now, list: []Remaining{}}
	numbers := map[string]string{} // of the contacts, by key
	err := o.Store.FindContacts(of.Keys, func(_ int, c *hygiene.Contact) {
		r.addOwn(c)
		if c.Phone != "" {
			numbers[strings.Clone(c.Key)] = strings.Clone(c.Phone)
		}
	})
	if err != nil {
		return nil, err
	}
	for key, phone := range numbers {
		if err := r.addOn(phone, key); err != nil {
			return nil, err
		}
	}
	for _, phone := range of.Phones {
		if err := r.addOn(phone, ""); err != nil {
			return nil, err
		}
	}
	err = o.Store.FindContactsByPhone(of.Phones, func(_ int, c *hygiene.Contact) {
		if !slices.Contains(of.Keys, c.Key) {
			r.addOwn(c)
		}
	})
	slices.SortStableFunc(r.list, func(a, b Remaining) int { return cmp.Compare(a.Contact, b.Contact) })
	return r.list, err
}

// remaining collects what remains.
type remaining struct {
	ops  *Operations
	flag string // of the config, for commands
	now  hygiene.Instant
	list []Remaining
}

func (r *remaining) add(left Remaining, lift string) {
	left.MustBeNamed = r.ops.Config.Policy.Protects(left.Reason)
	left.Command = ui.CommandLine("winnow allow", lift, "--reason "+left.Reason) + r.flag
	r.list = append(r.list, left)
}

// addOwn adds what stands on the contact itself.
func (r *remaining) addOwn(c *hygiene.Contact) {
	own := *c
	own.OnNumber = nil
	for _, reason := range own.Reasons(r.now) {
		key := strings.Clone(c.Key)
		r.add(Remaining{Contact: key, Reason: reason}, key)
	}
}

// addOn adds what stands on the number of the contact of that key, or on the number that
// was allowed itself if the key is empty. A contact's own word is added once.
func (r *remaining) addOn(phone, key string) error {
	standing, err := r.ops.Store.StandingOn(phone, r.now)
	for i := range standing {
		s := &standing[i]
		left, lift := Remaining{Contact: key, Number: phone, From: s.From, Reason: s.Reason}, phone
		switch {
		case s.From != "" && s.From == key:
			lift = key
		default:
			left.whose = whose(s)
		}
		if !slices.ContainsFunc(r.list, left.isLike) {
			r.add(left, lift)
		}
	}
	return err
}

// isLike reports whether both are lifted together.
func (r *Remaining) isLike(other Remaining) bool {
	return other.Contact == r.Contact && other.Reason == r.Reason && other.whose == r.whose
}

// whose says on whose evidence the suppression of a number stands.
func whose(s *store.OnNumber) string {
	switch {
	case s.From != "":
		return ", on the evidence of " + ui.Printable(s.From)
	case !s.Named:
		return ", on the evidence of a forgotten contact"
	case s.Origin == hygiene.ByRule:
		return ", on an event that names the number alone"
	case s.Origin == hygiene.ByImport:
		return ", by an import of " + ui.Printable(s.By)
	}
	return ", by " + ui.Printable(s.By)
}

// String is the sentence about it.
func (r Remaining) String() string {
	text := fmt.Sprintf("%s stays suppressed: %s", ui.Printable(cmp.Or(r.Contact, r.Number)), r.Reason)
	if r.Contact != "" && r.Number != "" {
		text += " on its number " + r.Number
	}
	text += r.whose
	if r.MustBeNamed {
		text += ", which must be named"
	}
	return text + ": " + r.Command
}

// IsRefusal reports whether something remains that allowing the subject by its name could
// not lift: a reason that was not named, or what stands on a contact's number on the
// evidence of others.
func IsRefusal(list []Remaining) bool {
	return slices.ContainsFunc(list, func(r Remaining) bool { return r.MustBeNamed || r.Contact != "" && r.whose != "" })
}
