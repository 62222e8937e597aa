package hygiene

import (
	"cmp"
	"slices"
)

// Rejudge gives the contact what the policy makes of its history, operators'
// instructions kept. Under the policy in force it changes nothing.
func (p *Policy) Rejudge(c *Contact, at Moment) []Change { return p.anew(c, at) }

// anew makes the contact from its history and its instructions, replayed in
// order of time together with what more is to be done, and returns what
// differs from before as brought about at the moment cause.
func (p *Policy) anew(c *Contact, cause Moment, more ...step) []Change {
	before := *c
	gaveUp := p.replay(c, &before, more...)
	return differences(&before, c, cause, gaveUp)
}

// replay makes c from its history and instructions, and from what has settled
// of how it stood before. It tells when the last bounce went past the end of the
// retry list.
func (p *Policy) replay(c, before *Contact, more ...step) (gaveUp *Change) {
	c.Suppressions, c.Tags, c.Retry = nil, nil, nil
	j := judge{p: p, c: c, anew: true, floors: p.floors(&c.History)}
	for _, step := range p.steps(before, more, j.floors) {
		step.take(&j)
	}
	if r, old := c.Retry, before.Retry; r != nil && old != nil && r.Since == old.Since {
		r.MessageID, r.UniqueArgs = old.MessageID, old.UniqueArgs
	}
	return j.gaveUp
}

// step is one thing to replay. Of the same moment the event comes first, then
// what has settled, which the event itself may have opened, then instructions.
type step struct {
	Moment
	rank  stepRank
	order int // among those that are otherwise equal
	// One of these: of the many, nothing is made for the replay alone.
	entry *Entry
	told  *Instruction
	do    func(*judge)
}

type stepRank uint8

const (
	rankEvent stepRank = iota
	rankSettled
	rankTold
	rankReview
)

func (s *step) take(j *judge) {
	switch {
	case s.entry != nil:
		j.event(s.entry.outcome, s.entry)
	case s.told != nil:
		j.instruction(s.told)
	default:
		s.do(j)
	}
}

// steps is the contact's life in order: what has settled, the kept events and
// the instructions.
func (p *Policy) steps(c *Contact, more []step, floors []floor) []step {
	n := len(c.Instructions) + len(c.Suppressions) + len(c.Tags) + 1 + len(more)
	for o := range c.History.trails {
		n += len(c.History.trails[o].Entries)
	}
	steps := append(append(make([]step, 0, n), p.settled(c, floors)...), more...)
	for o := range c.History.trails {
		t := &c.History.trails[o]
		for i := range t.Entries {
			steps = append(steps, step{Moment: t.Entries[i].Moment, rank: rankEvent, entry: &t.Entries[i]})
		}
	}
	for i := range c.Instructions {
		steps = append(steps, step{Moment: c.Instructions[i].Moment, rank: rankTold, told: &c.Instructions[i]})
	}
	for i := range steps {
		steps[i].order = i
	}
	slices.SortFunc(steps, func(a, b step) int {
		if a.At != b.At {
			return cmp.Compare(a.At, b.At)
		}
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.rank, b.rank), cmp.Compare(a.order, b.order))
	})
	return steps
}

// settled lists what the history can no longer show: it opens again as it was.
func (p *Policy) settled(c *Contact, floors []floor) []step {
	var steps []step
	for i := range c.Suppressions {
		s := c.Suppressions[i]
		if s.Hand != ByRule || c.struckOpening(&s) {
			continue
		}
		// A review's opening is an instruction; what renewed it may have settled.
		if !s.Review && p.hasSettled(&s.Grounds, floors) {
			steps = append(steps, step{Moment: s.Since, rank: rankSettled, do: func(j *judge) { j.c.keepSuppression(s) }})
		} else if renewed := s.Renewal; !renewed.Review && p.hasSettled(&renewed.Grounds, floors) {
			again := Suppression{Reason: s.Reason, Held: s.Held, Since: renewed.At, Until: s.Until, Grounds: renewed.Grounds}
			steps = append(steps, step{Moment: renewed.At, rank: rankSettled, do: func(j *judge) { j.suppressBy(again, renewed.At) }})
		}
	}
	for i := range c.Tags {
		t := c.Tags[i]
		if p.hasSettled(&t.Grounds, floors) {
			steps = append(steps, step{Moment: t.Since, rank: rankSettled, do: func(j *judge) { j.c.keepTag(t) }})
		}
	}
	if r := c.Retry; r != nil && p.hasSettled(&r.Grounds, floors) && !c.struckRetry(r) {
		kept := *r
		steps = append(steps, step{Moment: r.Since, rank: rankSettled, do: func(j *judge) { j.c.Retry = &kept }})
	}
	return steps
}

// keepSuppression puts back a suppression that has settled, in the place of one
// of the same reason and hand that late evidence opened before it.
func (c *Contact) keepSuppression(s Suppression) {
	if i := c.suppression(s.key()); i >= 0 {
		if old := c.Suppressions[i]; old.standsAt(s.Since.At) && later(old.Until, s.Until) {
			s.Until = old.Until
		}
		c.Suppressions = slices.Delete(c.Suppressions, i, i+1)
	}
	c.openSuppression(s)
	if s.Held == 0 {
		c.Retry = nil
	}
}

// keepTag puts back a tag that has settled.
func (c *Contact) keepTag(t Tag) {
	if i := c.tag(t.Name); i >= 0 {
		c.Tags = slices.Delete(c.Tags, i, i+1)
	}
	c.openTag(t)
}

// hasSettled tells whether something stands on grounds that a replay can't find
// again, while its rule reads as it did: a review's, or evidence not newer than
// what the history still shows.
func (p *Policy) hasSettled(g *Grounds, floors []floor) bool {
	r := p.rule(g.Rule, g.Digest)
	return r != nil && (g.Review || g.Oldest <= floors[r.index].opens)
}

func (c *Contact) struckOpening(s *Suppression) bool {
	return slices.ContainsFunc(c.Instructions, func(in Instruction) bool { return in.strikesOpening(s) })
}

func (c *Contact) struckRetry(r *Retry) bool {
	return slices.ContainsFunc(c.Instructions, func(in Instruction) bool {
		return in.Kind == Allow && !in.Revoked && in.Reason == "" && r.Since.At <= in.At
	})
}

// floor is the time up to which a replay does not ask a rule, as the history no
// longer shows all that it looked at then; 0 when it shows all. What the rule
// opened up to then has settled, and what it lifted is lifted.
type floor struct{ opens, lifts Instant }

// floors is the floor of each rule.
func (p *Policy) floors(h *History) []floor {
	floors := make([]floor, len(p.Rules))
	if h.oldest(^Outcomes(0)&(1<<outcomeEnd-1)) == 0 {
		return floors // nothing was dropped
	}
	for i := range p.Rules {
		if r := &p.Rules[i]; r.When != nil {
			floors[i] = floor{p.opensFloor(h, r), r.liftsFloor(h)}
		}
	}
	p.raiseForRetries(floors)
	return floors
}

// raiseForRetries raises the floor of rules that retry to those of all rules
// that suppress: a suppression that the history no longer shows may be why there
// was no retry.
func (p *Policy) raiseForRetries(floors []floor) {
	var highest Instant
	for i := range p.Rules {
		if p.Rules[i].Then.Suppress != nil {
			highest = max(highest, floors[i].opens)
		}
	}
	for i := range p.Rules {
		if p.Rules[i].Then.Retry != nil {
			floors[i].opens = max(floors[i].opens, highest)
		}
	}
}

func (p *Policy) opensFloor(h *History, r *Rule) Instant {
	floor := h.oldest(r.When.Outcomes | r.When.Since)
	if r.Then.Retry != nil {
		floor = max(floor, h.oldest(OutcomesOf(Delivered)))
	}
	floor = max(floor, h.overflowedUntil(outcomesOf(r.Where)))
	for i := range p.Rules {
		if u := &p.Rules[i]; u.When != nil && undoes(u, r) && !u.alwaysLifts() {
			floor = max(floor, h.overflowedUntil(u.When.Outcomes|u.When.Since|outcomesOf(u.Where)))
		}
	}
	return floor
}

// liftsFloor is 0 for a rule that lifts on every event of its outcomes: of
// those the history keeps the latest, and one of them lifts what any dropped
// one did.
func (r *Rule) liftsFloor(h *History) Instant {
	if r.alwaysLifts() {
		return 0
	}
	return max(h.oldest(r.When.Outcomes|r.When.Since), h.overflowedUntil(outcomesOf(r.Where)))
}

func (r *Rule) alwaysLifts() bool { return r.When.always() && r.Where == nil }

// undoes tells whether the rule u lifts what the rule r opens.
func undoes(u, r *Rule) bool {
	if r.Then.Suppress != nil && slices.Contains(u.Then.Release, r.Then.Suppress.Reason) {
		return true
	}
	return r.Then.Tag != "" && u.Then.Untag == r.Then.Tag
}

// overflowedUntil is the latest time at which one of the outcomes that
// overflowed was seen: how they looked to a condition before it is lost.
func (h *History) overflowedUntil(set Outcomes) Instant {
	var t Instant
	for o := range set.All() {
		if trail := &h.trails[o]; trail.Dropped {
			t = max(t, trail.Last().At, trail.Oldest())
		}
	}
	return t
}

// outcomesOf is the set of outcomes that the condition looks at.
func outcomesOf(c Condition) Outcomes {
	var set Outcomes
	switch c := c.(type) {
	case All:
		for _, d := range c {
			set |= outcomesOf(d)
		}
	case Any:
		for _, d := range c {
			set |= outcomesOf(d)
		}
	case Not:
		set = outcomesOf(c.Of)
	case OutcomeTest:
		set = c.Outcomes | c.Since
	}
	return set
}

// instruction replays what an operator, an import or a review told.
func (j *judge) instruction(in *Instruction) {
	if in.Revoked {
		return
	}
	switch in.Kind {
	case SuppressByReview:
		if s := in.opening(); j.p.rule(in.Rule, in.Digest) != nil && !j.c.struckOpening(s) {
			j.suppressBy(*s, in.Moment)
		}
	case Suppress:
		j.suppressBy(Suppression{Reason: in.Reason, Hand: in.Hand, Since: in.Moment, Until: in.Until, By: in.By, Note: in.Note}, in.Moment)
	case Allow:
		j.release(in.Moment, "", func(s *Suppression) bool { return in.lifts(s.Reason) })
		if in.Reason == "" {
			j.dropRetry(in.Moment)
		}
	case ReleaseByReview:
		if j.p.rule(in.Rule, in.Digest) != nil {
			j.release(in.Moment, in.Rule, func(s *Suppression) bool { return s.Hand == ByRule && s.Reason == in.Reason })
		}
	case UntagByReview:
		if j.p.rule(in.Rule, in.Digest) != nil {
			j.untag(in.Reason, in.Rule, in.Moment)
		}
	}
}
