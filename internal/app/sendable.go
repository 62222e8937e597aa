package app

import (
	"strings"

	"winnow/hygiene"
)

// Sendability is whether a contact may be texted. It is the one rule for whoever
// asks, one by one or with a whole list.
type Sendability struct {
	Status   string
	Sendable bool
	Reasons  []string // why not to text a suppressed contact
}

// Unknown is the standing of whom winnow knows nothing of: nothing is held
// against them.
var Unknown = Sendability{Status: "unknown", Sendable: true}

// SendabilityOf is whether a contact that is known may be texted now.
func SendabilityOf(contact *hygiene.Contact, now hygiene.Instant) Sendability {
	status := contact.Status(now)
	return Sendability{status.String(), status == hygiene.Active || status == hygiene.RetryDue, contact.Reasons(now)}
}

// Why says in a word, or a few joined with |, why not to text the contact;
// empty when it may be.
func (s Sendability) Why() string {
	switch {
	case s.Sendable:
		return ""
	case len(s.Reasons) > 0:
		return s.Status + ":" + strings.Join(s.Reasons, "|")
	}
	return s.Status
}
