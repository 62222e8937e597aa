package app

import (
	"strings"

	"winnow/hygiene"
)

// Sendability is whether a contact may be texted. The check API and scrub use the same
// rule.
type Sendability struct {
	Status   string
	Sendable bool
	Reasons  []string // of the suppressions, if the contact is suppressed
}

// Unknown is the sendability of a contact that the store does not have: nothing is
// known against texting it.
var Unknown = Sendability{Status: "unknown", Sendable: true}

// SendabilityOf returns whether a contact that the store has may be texted now.
func SendabilityOf(contact *hygiene.Contact, now hygiene.Instant) Sendability {
	status := contact.Status(now)
	return Sendability{status.String(), status == hygiene.Active || status == hygiene.RetryDue, contact.Reasons(now)}
}

// Why returns why the contact may not be texted, as STATUS or STATUS:REASON|REASON;
// empty if it may.
func (s Sendability) Why() string {
	switch {
	case s.Sendable:
		return ""
	case len(s.Reasons) > 0:
		return s.Status + ":" + strings.Join(s.Reasons, "|")
	}
	return s.Status
}
