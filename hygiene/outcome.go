package hygiene

import (
	"fmt"
	"iter"
	"math/bits"
)

// Outcome is winnow's word for what happened to a message. The numbers are
// stored in packed histories: new outcomes are added at the end and none is
// ever given another number.
type Outcome uint8

// The outcomes. A provider's event and code become one of these by the table of
// its source; what no line of the table names is Unrecognized.
const (
	Scheduled        Outcome = iota + 1 // accepted, to be sent later
	Sent                                // handed to the carrier
	Delivered                           // confirmed on the handset
	HardBounce                          // the number is not in use
	SoftBounce                          // not reachable at that moment
	CarrierViolation                    // content or spam filter: the content's fault
	UnknownDelivery                     // neither a success nor a failure
	InvalidNumber                       // no phone number at all
	Dropped                             // not sent, for the sender's own policy
	SenderFault                         // not sent, for the sender's configuration
	Opened
	Clicked
	Unsubscribed
	Resubscribed
	Unrecognized // kept, counted, shown, never guessed
)

const outcomeEnd = Unrecognized + 1

var outcomeNames = [outcomeEnd]string{
	Scheduled: "scheduled", Sent: "sent", Delivered: "delivered", HardBounce: "hard_bounce",
	SoftBounce: "soft_bounce", CarrierViolation: "carrier_violation", UnknownDelivery: "unknown_delivery",
	InvalidNumber: "invalid_number", Dropped: "dropped", SenderFault: "sender_fault", Opened: "opened",
	Clicked: "clicked", Unsubscribed: "unsubscribed", Resubscribed: "resubscribed", Unrecognized: "unrecognized",
}

var outcomesByName = func() map[string]Outcome {
	m := map[string]Outcome{}
	for o := Scheduled; o < outcomeEnd; o++ {
		m[outcomeNames[o]] = o
	}
	return m
}()

// String is the outcome's name as it is written in YAML, SQL and JSON.
func (o Outcome) String() string {
	if o > 0 && o < outcomeEnd {
		return outcomeNames[o]
	}
	return ""
}

// ParseOutcome finds the outcome of that name.
func ParseOutcome(name string) (Outcome, error) {
	if o, ok := outcomesByName[name]; ok {
		return o, nil
	}
	return 0, fmt.Errorf("unknown outcome %q", name)
}

// OutcomeNames lists all outcomes by name, in their order.
func OutcomeNames() []string { return outcomeNames[1:] }

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

// Has tells whether o is in the set.
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
