package hygiene

import (
	"fmt"

	"winnow/hygiene/reason"
)

// Origin is who opened a suppression. A release by a rule never lifts what an operator
// or an import opened.
type Origin uint8

// The hands. The numbers are stored.
const (
	ByRule Origin = iota
	ByOperator
	ByImport
)

var handNames = [...]string{"rule", "operator", "import"}

// String is rule, operator or import.
func (h Origin) String() string { return handNames[h] }

// ParseOrigin finds the origin of that name. Any other name is a rule's.
func ParseOrigin(name string) Origin {
	for h, n := range handNames {
		if n == name {
			return Origin(h)
		}
	}
	return ByRule
}

// The reasons that are a person's word under every policy, see [Policy.Protects].
const (
	OptedOut  = reason.OptedOut
	Complaint = reason.Complaint
)

// Cause is why something is open: the rule that opened it and what it counted.
type Cause struct {
	Rule     string  // the rule's name; empty when no rule did it
	Digest   uint64  // of the rule's content, so that an edited rule differs from the one that acted
	Review   bool    // a review did it, looking at the time alone
	Evidence []int64 // seq of the events that were counted at the opening
	Oldest   Instant // time of the oldest of them
}

// Suppression is one reason not to text one contact. Of each reason, origin and
// breaker trip at most one is kept: the latest.
type Suppression struct {
	Reason string
	Origin Origin
	Held   int64 // the breaker trip that holds it; until that is confirmed it has no effect; 0 for none
	Since  Moment
	Until  Instant // 0: permanently
	By     string  // who, when an operator or an import did it
	Note   string
	Cause
	// heard is the place in the log of the latest event that says so, if the log
	// received it at the time that the event has; 0 if not known. It is kept for
	// protected reasons only: a release that the log received before lifts nothing.
	heard   int64
	Renewal Renewal // what set Until last, when that was not the opening
	Proof   Proof   // what later events say of one by a rule
}

// Renewal is why a suppression lasts longer than its opening said.
type Renewal struct {
	At Moment // zero for none
	Cause
}

// OpenAt reports whether the suppression is in effect at t: from its opening until
// the instant Until, when it is over. A held one is not in effect. Of a contact that is
// looked at in the present, ask [Contact.InForce].
func (s *Suppression) OpenAt(t Instant) bool { return s.Held == 0 && s.spans(t) }

// spans is OpenAt without asking whether the suppression is held.
func (s *Suppression) spans(t Instant) bool {
	return s.Since.At <= t && (s.Until == 0 || t < s.Until)
}

// suppressionKey is what at most one suppression is kept of.
type suppressionKey struct {
	reason string
	origin Origin
	held   int64
}

func (s *Suppression) key() suppressionKey { return suppressionKey{s.Reason, s.Origin, s.Held} }

// Tag is a word that rules put on a contact.
type Tag struct {
	Name  string
	Since Moment
	Cause
}

// Retry is the time after which a softly bounced contact may be tried again.
type Retry struct {
	DueAt    Instant
	LapsesAt Instant // at this instant a due retry is over
	Attempt  int     // 1 for the first
	Since    Moment  // of the bounce
	Message  uint64  // see [MessageHash]
	Cause
	// MessageID and UniqueArgs are those of the bounced message. A history does not
	// have them: the store fills them in from the log, by Since.Seq, when the retry is
	// of another bounce than before.
	MessageID  string
	UniqueArgs []byte
}

// OpenAt reports whether the retry is set at t, and neither over nor lapsed. A nil
// retry never is.
func (r *Retry) OpenAt(t Instant) bool { return r != nil && r.Since.At <= t && t < r.LapsesAt }

// Status says whether a contact may be texted.
type Status uint8

// The statuses.
const (
	Active       Status = iota + 1
	Cooling             // a retry is set and not due yet
	RetryDue            // a retry is due
	IsSuppressed        // at least one suppression is open
)

var statusNames = [...]string{Active: "active", Cooling: "cooling", RetryDue: "retry", IsSuppressed: "suppressed"}

// String is active, cooling, retry or suppressed.
func (s Status) String() string { return statusNames[s] }

// StatusNames lists the statuses by name.
func StatusNames() []string { return statusNames[1:] }

// ParseStatus finds the status of that name.
func ParseStatus(name string) (Status, error) {
	for s := Active; s <= IsSuppressed; s++ {
		if statusNames[s] == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("unknown status %q", name)
}
