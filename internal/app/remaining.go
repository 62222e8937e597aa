package app

import (
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/internal/ui"
)

// Remaining is a reason for which a contact stays suppressed after it was allowed.
type Remaining struct {
	Contact     string `json:"contact"`
	Reason      string `json:"reason"`
	MustBeNamed bool   `json:"must_be_named"` // it is lifted only when it is named
	Command     string `json:"command"`       // that lifts it
}

// RemainingReasons returns the reasons for which the contacts of the keys, which are
// sorted, are suppressed at the time now, by contact and reason. path is that of the
// config, for the commands.
func (o *Operations) RemainingReasons(keys []string, path string, now hygiene.Instant) ([]Remaining, error) {
	list := []Remaining{}
	err := o.Store.FindContacts(keys, func(_ int, c *hygiene.Contact) {
		for _, reason := range c.Reasons(now) {
			list = append(list, Remaining{c.Key, reason, o.Config.Policy.Protects(reason),
				ui.CommandLine("winnow allow", c.Key, "--reason "+reason) + ConfigFlag(path)})
		}
	})
	return list, err
}

// String is the sentence about it.
func (r Remaining) String() string {
	named := ""
	if r.MustBeNamed {
		named = ", which must be named"
	}
	return fmt.Sprintf("%s stays suppressed: %s%s: %s", ui.Printable(r.Contact), r.Reason, named, r.Command)
}

// AnyMustBeNamed reports whether a contact stays suppressed for a reason that was not
// named.
func AnyMustBeNamed(list []Remaining) bool {
	return slices.ContainsFunc(list, func(r Remaining) bool { return r.MustBeNamed })
}
