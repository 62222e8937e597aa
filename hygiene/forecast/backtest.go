package forecast

import (
	"iter"
	"slices"
	"time"

	"winnow/hygiene"
)

// Backtest replays contacts' events under one policy. For a span of time it counts
// what the rules would have done, and what of it they would regret.
//
// A suppression is regretted when the contact was delivered to while it was open:
// with it, that message would not have been sent. It is right when another message failed
// while it was open, and none was delivered, see [hygiene.Proof]. When nothing of the kind
// came it is unmeasured: a contact that the policy in force kept from being texted was
// not delivered to either. So the policy in force regrets little of what it did, and what
// another policy would have let through is not known. What operators and imports did is
// not replayed.
type Backtest struct {
	// What rules do from Since to Until, both included, is counted. What happened
	// before is replayed too, because rules look back; what happened after is left
	// out.
	Since, Until hygiene.Instant

	Suppressed int64    // contacts with a suppression opened within the span
	Regretted  int64    // those of them with a regretted one
	Rules      []Record // of each rule that suppresses, in the order of the policy

	policy  *hygiene.Policy
	reviews bool               // the policy has rules of the review
	records map[string]*Record // by the rule's name

	// Of the contact that is replayed.
	c                     hygiene.Contact
	openings              []opening // within the span, the latest of each reason
	suppressed, regretted bool
	nextReviewAt          hygiene.Instant // midnight; 0 for none
}

// Record is what one rule would have done within the span.
type Record struct {
	Name      string
	Acted     int64    // suppressions that it opened
	Right     int64    // those of them that later failures found right, see [Backtest]
	Regretted int64    // those of them that are regretted
	Samples   []string // the first contacts with a regretted one
}

// Unmeasured is how many of the rule's suppressions nothing speaks for or against.
func (r *Record) Unmeasured() int64 { return r.Acted - r.Right - r.Regretted }

// maxSamples is how many samples a record has at most.
const maxSamples = 5

// opening is a suppression that a rule opened within the span.
type opening struct {
	since   hygiene.Moment
	reason  string
	message uint64 // of the event that opened it; 0 for a review
	record  *Record
	open    bool // just before the event that is judged
	proof   hygiene.Proof
}

// NewBacktest begins a backtest of the policy.
func NewBacktest(p *hygiene.Policy, since, until hygiene.Instant) *Backtest {
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

// Replay replays one contact: its events in the order of their moments, repeats
// included. Conditions see the given attributes, those of today. A review runs at
// every midnight, UTC, from the first event on.
func (b *Backtest) Replay(key string, attributes hygiene.Attributes, events iter.Seq[*hygiene.Event]) {
	b.c.Reset(key)
	b.c.Attributes = attributes
	b.openings, b.suppressed, b.regretted, b.nextReviewAt = b.openings[:0], false, false, 0
	for e := range events {
		if e.At > b.Until {
			break
		}
		b.review(e.At - 1)
		b.event(e)
		b.nextReviewAt = b.midnight(e.At)
	}
	b.review(b.Until)
	if b.suppressed {
		b.Suppressed++
	}
	if b.regretted {
		b.Regretted++
	}
}

// event judges one event. A delivery counts against what was open just before it,
// also when it lifts that, and a failure of another message for it. Repeats do not count.
func (b *Backtest) event(e *hygiene.Event) {
	proof, message := hygiene.ProofBy(e.Outcome), hygiene.MessageHash(e.Source, e.MessageID)
	for i := range b.openings {
		o := &b.openings[i]
		o.open = proof > o.proof && b.isOpen(o, e.At) && (proof == hygiene.Regretted || message != o.message)
	}
	changes, added := b.policy.Apply(&b.c, e)
	for i := range b.openings {
		if o := &b.openings[i]; o.open && added == hygiene.Added && !b.c.History.CameAfterDelivery(e) {
			b.prove(o, proof)
		}
	}
	b.count(changes, message)
}

func (b *Backtest) isOpen(o *opening, at hygiene.Instant) bool {
	return slices.ContainsFunc(b.c.Suppressions, func(s hygiene.Suppression) bool {
		return s.Reason == o.reason && s.Origin == hygiene.ByRule && s.Since == o.since && s.OpenAt(at)
	})
}

func (b *Backtest) prove(o *opening, proof hygiene.Proof) {
	r := o.record
	if o.proof == hygiene.FoundRight {
		r.Right--
	}
	if o.proof = proof; proof == hygiene.FoundRight {
		r.Right++
		return
	}
	b.regretted = true
	r.Regretted++
	if len(r.Samples) < maxSamples && !slices.Contains(r.Samples, b.c.Key) {
		r.Samples = append(r.Samples, b.c.Key)
	}
}

// count counts the suppressions that were opened within the span, by an event about the
// message.
func (b *Backtest) count(changes []hygiene.Change, message uint64) {
	for i := range changes {
		c := &changes[i]
		if c.Act != hygiene.Suppressed || c.At < b.Since {
			continue
		}
		b.suppressed = true
		r := b.records[c.Rule]
		r.Acted++
		b.openings = slices.DeleteFunc(b.openings, func(o opening) bool { return o.reason == c.Reason })
		b.openings = append(b.openings, opening{since: b.sinceOf(c), reason: c.Reason, message: message, record: r})
	}
}

// sinceOf is the moment of the suppression that was opened. That of the change is another
// one where a repeat of an event leaves an event before it as the cause.
func (b *Backtest) sinceOf(c *hygiene.Change) hygiene.Moment {
	for i := range b.c.Suppressions {
		if s := &b.c.Suppressions[i]; s.Reason == c.Reason && s.Origin == hygiene.ByRule {
			return s.Since
		}
	}
	return hygiene.Moment{At: c.At, Seq: c.Seq} // the same event lifted it
}

// review reviews the contact at the midnights up to and including upTo. It skips
// those at which a review would do what the one before did: nothing.
func (b *Backtest) review(upTo hygiene.Instant) {
	for b.nextReviewAt != 0 && b.nextReviewAt <= upTo {
		now := hygiene.Moment{At: b.nextReviewAt, Seq: b.c.History.Latest().Seq}
		if changes := b.policy.Review(&b.c, now); len(changes) > 0 {
			b.count(changes, 0)
			b.nextReviewAt = b.midnight(now.At + 1)
		} else {
			b.nextReviewAt = b.midnight(b.policy.NextReview(&b.c, now.At))
		}
	}
}

// midnight is the first midnight not before the time; 0 when no time is given, or
// no rule is one of the review's.
func (b *Backtest) midnight(from hygiene.Instant) hygiene.Instant {
	if from == 0 || !b.reviews {
		return 0
	}
	const day = hygiene.Instant(hygiene.Day / time.Microsecond)
	return (from + day - 1) / day * day
}
