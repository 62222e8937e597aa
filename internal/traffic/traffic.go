// Package traffic makes up events and callbacks for benchmarks and tests: as many as are
// wanted, about as many contacts, and the same ones again from the same seed.
//
// The events are those that the goals of speed are about: each is of a message of its own
// and of any of the contacts, which is harder for a sweep than a campaign, where the events
// of a message concern the same contact. Where to change what: what is in an event is
// [Event], how outcomes are mixed is outcomes, what a provider sends is callback.go.
package traffic

import (
	"fmt"
	"math/rand/v2"
	"time"

	"winnow/hygiene"
)

// outcomes are what happens to messages, each as often as the others.
var outcomes = [...]hygiene.Outcome{hygiene.Sent, hygiene.Sent, hygiene.Sent, hygiene.Sent, hygiene.Delivered, hygiene.Delivered,
	hygiene.Delivered, hygiene.Delivered, hygiene.SoftBounce, hygiene.HardBounce}

// Source is the source of the events.
const Source = "insider"

// Event is an event of [Source] with the body that goes with it.
func Event(at hygiene.Instant, contact, message string, o hygiene.Outcome) hygiene.Event {
	return hygiene.Event{ReceivedAt: at, At: at, Source: Source, MessageID: message, Name: o.String(), Outcome: o, Contact: contact,
		Body: fmt.Appendf(nil, `{"id":%q,"event":%q,"uniqueArgs":{"contact_id":%q,"campaign":"spring sale"},"reason":{"message":"Soft Bounce","code":1404}}`, message, o, contact)}
}

// ContactKey is the key of the contact with that number.
func ContactKey(n int) string { return fmt.Sprintf("crm-%08d", n) }

// Phones is how many phone numbers there are.
const Phones = 100_000_000

// Phone is the phone number of the contact with that number, below [Phones].
func Phone(n int) string { return fmt.Sprintf("+9053%08d", n) }

// Events are n events of as many contacts at most, the first at a time and the others a step
// apart. Other seeds make other events.
func Events(n, contacts int, at hygiene.Instant, step time.Duration, seed uint64) []hygiene.Event {
	r := rand.New(rand.NewPCG(seed, 1))
	events := make([]hygiene.Event, n)
	for i := range events {
		events[i] = Event(at.Add(time.Duration(i)*step), ContactKey(r.IntN(contacts)), fmt.Sprintf("sms-%d-%d", seed, i), outcomes[r.IntN(len(outcomes))])
	}
	return events
}

// Visits are n events in which contact after contact is visited: each has so many events in a
// row, and after the last contact comes the first again. from is how many such events there
// were before. They are swept much faster than [Events], for what a log becomes in a long time.
func Visits(n, contacts, each, from int, at hygiene.Instant, step time.Duration) []hygiene.Event {
	r := rand.New(rand.NewPCG(uint64(from), 2))
	events := make([]hygiene.Event, n)
	for i := range events {
		contact := (from + i) / each % contacts
		events[i] = Event(at.Add(time.Duration(i)*step), ContactKey(contact), fmt.Sprintf("visit-%d", from+i), outcomes[r.IntN(len(outcomes))])
	}
	return events
}
