// Package traffic says what a provider calls back in a simulation: which message, about
// which contact, what became of it, and in which order that arrives.
//
// Nothing is remembered and nothing is drawn one after the other: what the event of a number
// is follows from the seed and that number. So a run of any length costs no memory, the same
// seed is the same traffic, and a check can ask again what an event was.
//
// The order of arrival is a [Sequence]: the events one after the other, some of them late,
// some of them again.
//
// Where to change what: what a message becomes is in [Traffic.Event]; who its contact is and
// which phone numbers nobody has in contacts.go; the kinds of lies in lies.go; repeats and
// disorder in sequence.go.
package traffic

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"winnow/hygiene"
)

// Prefix begins the id of every simulated message, and the key of every simulated contact
// that is not a phone number.
const Prefix = "simulated-"

// Options say what traffic is like. Shares are from 0 to 1.
type Options struct {
	Seed     uint64
	Contacts int64   // how many there are
	Skew     float64 // of how often each gets a message: 0 for equally often, 1 for Zipf's law
	Mix      Mix     // what becomes of messages
	Repeats  float64 // share of the callbacks that are sent once more
	Disorder float64 // share of the callbacks that come late
	Late     int64   // by how many callbacks they come late, at most
	Lies     float64 // share of the messages whose last callback is a lie
	Kinds    []Lie   // of lies; without any there are none
	// Total is how many events there will be; 0 when that is not known. Bad hours need it.
	Total int64
	// Bad are the bad hours: stretches of the run in which failures surge.
	Bad BadHours
}

// BadHours are stretches of the traffic, spread over it, in which so many of the messages end
// with that outcome.
type BadHours struct {
	Count   int
	Length  float64 // of each, as a share of the run
	Outcome hygiene.Outcome
	Share   float64
}

// Share is how many of the messages end with an outcome.
type Share struct {
	Outcome hygiene.Outcome
	Weight  float64
}

// Mix is what becomes of messages. Weights count against their sum.
type Mix []Share

// DefaultMix is that of a list that is kept well.
var DefaultMix = Mix{
	{hygiene.Delivered, 92}, {hygiene.SoftBounce, 3}, {hygiene.HardBounce, 1.5}, {hygiene.UnknownDelivery, 1},
	{hygiene.Unsubscribed, 1}, {hygiene.CarrierViolation, .5}, {hygiene.InvalidNumber, .5}, {hygiene.Blocked, .5},
}

// ParseMix reads a mix like delivered=90,soft_bounce=5,hard_bounce=5.
func ParseMix(text string) (mix Mix, err error) {
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		outcome, err := hygiene.ParseOutcome(name)
		if err != nil || outcome == hygiene.Unrecognized {
			return nil, fmt.Errorf("%q is not an outcome of messages; write for example delivered=90,soft_bounce=5,hard_bounce=5", name)
		}
		weight, err := strconv.ParseFloat(value, 64)
		if err != nil || weight < 0 || math.IsInf(weight, 0) || math.IsNaN(weight) {
			return nil, fmt.Errorf("the share of %s is %q, which is not a number; write for example %[1]s=5", name, value)
		}
		if slices.ContainsFunc(mix, func(s Share) bool { return s.Outcome == outcome }) {
			return nil, fmt.Errorf("%s is there twice", name)
		}
		mix = append(mix, Share{outcome, weight})
	}
	if mix.sum() <= 0 {
		return nil, errors.New("all shares are 0")
	}
	return mix, nil
}

func (m Mix) sum() (sum float64) {
	for _, s := range m {
		sum += s.Weight
	}
	return sum
}

// Without is the mix without outcomes for which there is no body; what they had is
// delivered. It returns them too.
func (m Mix) Without(lacks func(hygiene.Outcome) bool) (rest Mix, lacking []hygiene.Outcome) {
	lost := 0.0
	for _, s := range m {
		if lacks(s.Outcome) {
			lacking, lost = append(lacking, s.Outcome), lost+s.Weight
			continue
		}
		rest = append(rest, s)
	}
	at := slices.IndexFunc(rest, func(s Share) bool { return s.Outcome == hygiene.Delivered })
	if at < 0 && lost > 0 {
		rest, at = append(rest, Share{hygiene.Delivered, 0}), len(rest)
	}
	if lost > 0 {
		rest[at].Weight += lost
	}
	return rest, lacking
}

// mostContacts is how many contacts there may be.
const mostContacts = 1 << 40

// Check says what is out of range, as the flag of winnow simulate and what it may be; "" for
// nothing.
func (o *Options) Check() string {
	isShare := func(share float64) bool { return share >= 0 && share <= 1 }
	switch {
	case o.Contacts < 1 || o.Contacts > mostContacts:
		return "contacts is at least 1"
	case !(o.Skew >= 0 && o.Skew <= 10):
		return "skew is from 0 to 10"
	case !isShare(o.Repeats):
		return "repeats is a share from 0 to 1, like 0.02"
	case !isShare(o.Disorder):
		return "disorder is a share from 0 to 1, like 0.02"
	case o.Late < 1 || o.Late > 1e6:
		return "late is from 1 to 1000000 callbacks"
	case !isShare(o.Lies):
		return "lies is a share from 0 to 1, like 0.005"
	case o.Bad.Count < 0 || o.Bad.Count > 10_000:
		return "bad-hours is from 0 to 10000"
	case !isShare(o.Bad.Share):
		return "bad-share is a share from 0 to 1, like 0.5"
	}
	return ""
}

// Event is one event of a message.
type Event struct {
	N       int64 // its number, from 0
	Message int64 // the number of its message, from 0
	Last    bool  // it is the last event of its message
	Contact int64 // the number of the contact, from 0: the busiest first
	Outcome hygiene.Outcome
	Lie     Lie    // NoLie for an honest one
	Draw    uint64 // chance of its own, to choose among bodies
}

// Traffic is traffic of one seed. It is safe for use by many goroutines.
type Traffic struct {
	o     Options
	steps int64 // events of a message
	sum   float64
	dead  float64 // share of contacts whose number is dead
}

// New makes traffic. first says that messages have an event before the last one: that it was
// sent.
func New(o Options, first bool) *Traffic {
	t := &Traffic{o: o, steps: 1, sum: o.Mix.sum()}
	if first {
		t.steps = 2
	}
	for _, s := range o.Mix {
		if isOfNumber(s.Outcome) {
			t.dead += s.Weight / t.sum
		}
	}
	return t
}

// Steps is how many events a message has.
func (t *Traffic) Steps() int64 { return t.steps }

// Number is the number of an event of a message.
func (t *Traffic) Number(message int64, last bool) int64 { return Number(t.steps, message, last) }

// Number is the number of an event of a message, of which each has so many.
func Number(steps, message int64, last bool) int64 {
	if last {
		return message*steps + steps - 1
	}
	return message * steps
}

// What is drawn of a message, so that one draw says nothing of another.
const (
	drawContact = iota + 1
	drawOutcome
	drawLie
	drawKind
	drawBody
	drawBad
	drawDead
	drawOrder
)

// Event is the event of a number. A contact whose number is dead bounces every time; the
// busiest contacts live, since nobody would go on texting them otherwise.
func (t *Traffic) Event(n int64) Event {
	e := Event{N: n, Message: n / t.steps}
	e.Last = n%t.steps == t.steps-1
	e.Contact = contactOf(t.unit(drawContact, e.Message), t.o.Contacts, t.o.Skew)
	e.Draw = t.draw(drawBody, n)
	if !e.Last {
		e.Outcome = hygiene.Sent
		return e
	}
	e.Outcome = t.outcome(&e)
	if len(t.o.Kinds) > 0 && t.unit(drawLie, e.Message) < t.o.Lies {
		e.Lie = pickLie(t.o.Kinds, t.unit(drawKind, e.Message))
	}
	return e
}

// alwaysAlive are the busiest contacts, whose numbers are not dead.
const alwaysAlive = 10

func (t *Traffic) outcome(e *Event) hygiene.Outcome {
	if t.IsBad(e.N) && t.unit(drawBad, e.Message) < t.o.Bad.Share {
		return t.o.Bad.Outcome
	}
	isDead := e.Contact >= alwaysAlive && t.unit(drawDead, e.Contact) < t.dead
	at := t.unit(drawOutcome, e.Message)
	if isDead { // always the same failure
		at = t.unit(drawOutcome, -1-e.Contact)
	}
	return t.o.Mix.at(at, func(o hygiene.Outcome) bool { return isOfNumber(o) == isDead })
}

// isOfNumber reports whether an outcome lasts: it is a fault of the number.
func isOfNumber(o hygiene.Outcome) bool {
	return o == hygiene.HardBounce || o == hygiene.InvalidNumber || o == hygiene.Deactivated
}

// at is the outcome at a place from 0 to 1 of those that count.
func (m Mix) at(place float64, counts func(hygiene.Outcome) bool) (is hygiene.Outcome) {
	sum := 0.0
	for _, s := range m {
		if counts(s.Outcome) {
			sum += s.Weight
		}
	}
	is = hygiene.Delivered
	for _, s := range m {
		if !counts(s.Outcome) || s.Weight == 0 {
			continue
		}
		is = s.Outcome
		if place -= s.Weight / sum; place < 0 {
			break
		}
	}
	return is
}

// IsBad reports whether the event of a number is in a bad hour.
func (t *Traffic) IsBad(n int64) bool {
	if t.o.Bad.Count == 0 || t.o.Total == 0 {
		return false
	}
	place := float64(n) / float64(t.o.Total)
	for i := range t.o.Bad.Count {
		middle := (float64(i) + .5) / float64(t.o.Bad.Count)
		if math.Abs(place-middle) <= t.o.Bad.Length/2 {
			return true
		}
	}
	return false
}

// draw is a random number that follows from the seed, what is drawn and a number.
func (t *Traffic) draw(what uint64, n int64) uint64 {
	return mix(mix(t.o.Seed^what*0x9e3779b97f4a7c15) + uint64(n))
}

// unit is [Traffic.draw] from 0 (inclusive) to 1 (exclusive).
func (t *Traffic) unit(what uint64, n int64) float64 { return float64(t.draw(what, n)>>11) / (1 << 53) }

// mix spreads a number over all 64 bits, by the finalizer of SplitMix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
