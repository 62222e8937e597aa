package hygiene

import (
	"fmt"
	"iter"
	"math/bits"
	"strings"
)

// Outcome is winnow's word for what happened to a message. The numbers are stored
// in packed histories: a new outcome gets the next number, and no number ever
// changes.
type Outcome uint8

// The outcomes. A provider's event and code become one of these by the table of
// its source; what no line of that table names is Unrecognized.
const (
	Scheduled        Outcome = iota + 1 // accepted, to be sent later
	Sent                                // handed to the carrier
	Delivered                           // confirmed on the handset
	HardBounce                          // the number is not in use
	SoftBounce                          // not reachable at that moment
	CarrierViolation                    // content or spam filter: the content's fault
	UnknownDelivery                     // neither a success nor a failure
	InvalidNumber                       // not a phone number
	Dropped                             // not sent because of the sender's own policy
	SenderFault                         // not sent because of the sender's configuration
	Opened
	Clicked
	Unsubscribed
	Resubscribed
	Unrecognized // kept, counted and shown, never guessed
	Blocked      // the operator, a registry or the recipient's do-not-disturb blocks it
	Deactivated  // the number was given up, says a list of such numbers

	outcomeEnd = iota + 1
)

// outcomes is all that is known of each outcome. A new outcome is a constant above
// and a line here: the config's schema and warnings, the columns of segments, the
// metrics and the reports follow from this table.
var outcomes = [outcomeEnd]struct {
	name string // in YAML, SQL and JSON
	noun string // what people call one such event
	// blameless completes "suppressing for it is wrong, because it ..." when the
	// outcome says nothing against the contact; empty otherwise.
	blameless string
	failed    bool // the message was not delivered, for certain
}{
	Scheduled:        {name: "scheduled", noun: "scheduling", blameless: "only means that a message will be sent"},
	Sent:             {name: "sent", noun: "sending"},
	Delivered:        {name: "delivered", noun: "delivery"},
	HardBounce:       {name: "hard_bounce", noun: "hard bounce", failed: true},
	SoftBounce:       {name: "soft_bounce", noun: "soft bounce", failed: true},
	CarrierViolation: {name: "carrier_violation", noun: "carrier violation", failed: true, blameless: "is the fault of the text, not of the contact"},
	UnknownDelivery:  {name: "unknown_delivery", noun: "unknown delivery", blameless: "is neither a success nor a failure"},
	InvalidNumber:    {name: "invalid_number", noun: "invalid number", failed: true},
	Dropped:          {name: "dropped", noun: "drop", failed: true, blameless: "is the sender's own policy, not the contact's fault"},
	SenderFault:      {name: "sender_fault", noun: "sender fault", failed: true, blameless: "is the fault of the sender's settings, not of the contact"},
	Opened:           {name: "opened", noun: "opening"},
	Clicked:          {name: "clicked", noun: "click"},
	Unsubscribed:     {name: "unsubscribed", noun: "opt-out"},
	Resubscribed:     {name: "resubscribed", noun: "opt-in", blameless: "means that the contact wants to be texted"},
	Unrecognized:     {name: "unrecognized", noun: "unrecognized event", blameless: "is an event that winnow does not know"},
	Blocked:          {name: "blocked", noun: "block", failed: true},
	Deactivated:      {name: "deactivated", noun: "deactivation"},
}

// allOutcomes are all outcomes, in their order.
const allOutcomes Outcomes = 1<<outcomeEnd - 1<<Scheduled

// AllOutcomes are all outcomes.
func AllOutcomes() Outcomes { return allOutcomes }

var outcomesByName = func() map[string]Outcome {
	m := map[string]Outcome{}
	for o := range allOutcomes.All() {
		m[outcomes[o].name] = o
	}
	return m
}()

// String is the outcome's name as it is written in YAML, SQL and JSON; empty when
// there is no such outcome.
func (o Outcome) String() string {
	if o < outcomeEnd {
		return outcomes[o].name
	}
	return ""
}

// Noun is what people call one event of the outcome: a delivery, a hard bounce.
func (o Outcome) Noun() string { return outcomes[o].noun }

// Blameless says why the outcome says nothing against the contact, as the end of a
// sentence about it: "is the fault of the text, not of the contact". It is empty
// when the outcome does, or when it is good news.
func (o Outcome) Blameless() string { return outcomes[o].blameless }

// ParseOutcome finds the outcome of that name.
func ParseOutcome(name string) (Outcome, error) {
	if o, ok := outcomesByName[name]; ok {
		return o, nil
	}
	return 0, fmt.Errorf("unknown outcome %q", name)
}

// OutcomeNames lists all outcomes by name, in their order.
func OutcomeNames() []string { return allOutcomes.Names() }

// Outcomes is a set of outcomes.
type Outcomes uint32

// OutcomesOf is the set of the given outcomes.
func OutcomesOf(list ...Outcome) Outcomes {
	var s Outcomes
	for _, o := range list {
		s |= 1 << o
	}
	return s
}

// FailedOutcomes are the outcomes of messages that were certainly not delivered.
func FailedOutcomes() Outcomes {
	var s Outcomes
	for o := range allOutcomes.All() {
		if outcomes[o].failed {
			s |= 1 << o
		}
	}
	return s
}

// Has reports whether o is in the set.
func (s Outcomes) Has(o Outcome) bool { return s&(1<<o) != 0 }

// All yields the outcomes of the set in their order.
func (s Outcomes) All() iter.Seq[Outcome] {
	return func(yield func(Outcome) bool) {
		for s != 0 {
			o := Outcome(bits.TrailingZeros32(uint32(s)))
			if !yield(o) {
				return
			}
			s &= s - 1
		}
	}
}

// Names lists the outcomes of the set by name.
func (s Outcomes) Names() []string {
	var names []string
	for o := range s.All() {
		names = append(names, o.String())
	}
	return names
}

func (s Outcomes) nouns() string {
	var nouns []string
	for o := range s.All() {
		nouns = append(nouns, o.Noun())
	}
	return strings.Join(nouns, " or ")
}
