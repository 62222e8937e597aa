package hygiene

import (
	"iter"
	"slices"
	"time"
)

// Backtest replays contacts' lives under one policy, and counts for a span of
// time what its rules would have done and what of it they would regret.
//
// A suppression is regretted when the contact was delivered to while it stood:
// whoever had heeded it would not have sent that message. It is right when
// nothing shows the contrary, which is less than a proof: whom the policy in
// force kept from being texted was not delivered to either, so that policy
// regrets little of what it did, and what another would have let through is not
// known. The acts of operators and imports are not replayed.
type Backtest struct {
	// What rules do from Since to Until, both included, is counted. What happened
	// before is replayed as well, since rules look back; what happened after is
	// left out.
	Since, Until Instant

	Suppressed int64    // contacts with a suppression opened within the span
	Regretted  int64    // those of them with one that is regretted
	Rules      []Record // of each rule that suppresses, in the order of the policy

	policy  *Policy
	reviews bool               // the policy has rules of the review
	records map[string]*Record // by the rule's name

	// Of the contact whose life is being replayed.
	c                     Contact
	openings              []opening // within the span, the latest of each reason
	suppressed, regretted bool
	midnight              Instant // of the next review; 0 for none
}

// Record is what one rule would have done within the span.
type Record struct {
	Name      string
	Acted     int64    // suppressions that it opened
	Regretted int64    // those of them that are regretted, see [Backtest]
	Samples   []string // contacts with a regretted one: the first few of the replay
}

// Right is how many of the rule's suppressions nothing shows to be wrong.
func (r *Record) Right() int64 { return r.Acted - r.Regretted }

// samplesKept is how many samples a record has at most.
const samplesKept = 5

// opening is a suppression that a rule opened within the span.
type opening struct {
	since     Moment
	reason    string
	record    *Record
	standing  bool // just before the event that is being judged
	regretted bool
}

// NewBacktest begins a backtest of the policy.
func NewBacktest(p *Policy, since, until Instant) *Backtest {
	b := &Backtest{Since: since, Until: until, policy: p, records: map[string]*Record{}}
	for i := range p.Rules {
		b.reviews = b.reviews || p.Rules[i].When == nil
		if p.Rules[i].Then.Suppress != nil {
			b.Rules = append(b.Rules, Record{Name: p.Rules[i].Name})
		}
	}
	for i := range b.Rules {
		b.records[b.Rules[i].Name] = &b.Rules[i]
	}
	return b
}

// Contact replays the life of one contact: its events in the order of their
// moments, repeats included. Conditions see the attributes given, those of
// today. The review comes at every midnight, UTC, from the first event on.
func (b *Backtest) Contact(key string, attributes Attributes, life iter.Seq[*Event]) {
	b.c.Reset(key)
	b.c.Attributes = attributes
	b.openings, b.suppressed, b.regretted, b.midnight = b.openings[:0], false, false, 0
	for e := range life {
		if e.At > b.Until {
			break
		}
		b.review(e.At - 1)
		b.event(e)
		b.midnight = b.nextReview(e.At)
	}
	b.review(b.Until)
	if b.suppressed {
		b.Suppressed++
	}
	if b.regretted {
		b.Regretted++
	}
}

// event judges one event. A delivery is held against what stood just before
// it, also when it lifts that; the repeat of a delivery is none.
func (b *Backtest) event(e *Event) {
	for i := range b.openings {
		b.openings[i].standing = e.Outcome == Delivered && b.stands(&b.openings[i], e.At)
	}
	changes, added := b.policy.Apply(&b.c, e)
	for i := range b.openings {
		if o := &b.openings[i]; o.standing && added == Added {
			b.regret(o)
		}
	}
	b.note(changes)
}

func (b *Backtest) stands(o *opening, at Instant) bool {
	i := b.c.suppression(suppressionKey{reason: o.reason})
	return i >= 0 && b.c.Suppressions[i].Since == o.since && b.c.Suppressions[i].OpenAt(at)
}

func (b *Backtest) regret(o *opening) {
	if o.regretted {
		return
	}
	o.regretted, b.regretted = true, true
	r := o.record
	r.Regretted++
	if len(r.Samples) < samplesKept && !slices.Contains(r.Samples, b.c.Key) {
		r.Samples = append(r.Samples, b.c.Key)
	}
}

// note counts the suppressions that were opened within the span.
func (b *Backtest) note(changes []Change) {
	for i := range changes {
		c := &changes[i]
		if c.Act != Suppressed || c.At < b.Since {
			continue
		}
		b.suppressed = true
		r := b.records[c.Rule]
		r.Acted++
		b.openings = slices.DeleteFunc(b.openings, func(o opening) bool { return o.reason == c.Reason })
		b.openings = append(b.openings, opening{since: Moment{c.At, c.Seq}, reason: c.Reason, record: r})
	}
}

// review reviews the contact at the midnights up to and including the time
// given, but for those at which it would do what it did at the one before:
// nothing.
func (b *Backtest) review(upTo Instant) {
	for b.midnight != 0 && b.midnight <= upTo {
		now := Moment{b.midnight, b.c.History.Latest().Seq}
		if changes := b.policy.Review(&b.c, now); len(changes) > 0 {
			b.note(changes)
			b.midnight = b.nextReview(now.At + 1)
		} else {
			b.midnight = b.nextReview(b.policy.wakes(&b.c, now.At))
		}
	}
}

// nextReview is the first midnight not before the time given; 0 for none: no
// time was given, or no rule is one of the review's.
func (b *Backtest) nextReview(from Instant) Instant {
	if from == 0 || !b.reviews {
		return 0
	}
	const day = Instant(Day / time.Microsecond)
	return (from + day - 1) / day * day
}

// wakes is the earliest time after t at which a review may do something to the
// contact, when nothing happens to it and a review at t did nothing; 0 for never.
func (p *Policy) wakes(c *Contact, t Instant) Instant {
	var w waking
	w.after = t
	for i := range c.Suppressions {
		w.at(c.Suppressions[i].Until) // what is over may be opened again
	}
	for i := range p.Rules {
		if r := &p.Rules[i]; r.When == nil {
			w.ask(r.Where, &c.History)
		}
	}
	return w.first
}

// waking looks for the earliest time after a given one.
type waking struct{ after, first Instant }

func (w *waking) at(t Instant) {
	if t > w.after && (w.first == 0 || t < w.first) {
		w.first = t
	}
}

// ask looks for the times at which the condition may hold otherwise without a
// further event: when something becomes too old for it.
func (w *waking) ask(c Condition, h *History) {
	switch c := c.(type) {
	case All:
		for _, part := range c {
			w.ask(part, h)
		}
	case Any:
		for _, part := range c {
			w.ask(part, h)
		}
	case Not:
		w.ask(c.Of, h)
	case OutcomeTest:
		w.entries(&c.Counting, h)
	case SeenTest:
		for _, seen := range []Instant{h.FirstSeen(), h.Latest().At} {
			w.at(seen.Add(max(c.Within, c.OlderThan)) + 1)
		}
	case AttributeTest, ContactTest:
	default:
		w.at(w.after + 1)
	}
}

func (w *waking) entries(q *Counting, h *History) {
	if q.Within == 0 {
		return
	}
	for o := range q.Outcomes.All() {
		for i := range h.trails[o].Entries {
			w.at(h.trails[o].Entries[i].At.Add(q.Within) + 1)
		}
	}
}
