package command

import (
	"strings"

	"winnow/hygiene"
)

// standing is whether a contact may be texted. It is the one rule for whoever
// asks, one by one or with a whole list.
type standing struct {
	status   string
	sendable bool
	reasons  []string // why not to text a suppressed contact
}

// unknown is the standing of whom winnow knows nothing of: nothing is held
// against them.
var unknown = standing{status: "unknown", sendable: true}

func standingOf(contact *hygiene.Contact, now hygiene.Instant) standing {
	status := contact.Status(now)
	return standing{status.String(), status == hygiene.Active || status == hygiene.RetryDue, contact.Reasons(now)}
}

// why says in a word, or a few joined with |, why not to text the contact;
// empty when it may be.
func (s standing) why() string {
	switch {
	case s.sendable:
		return ""
	case len(s.reasons) > 0:
		return s.status + ":" + strings.Join(s.reasons, "|")
	}
	return s.status
}
