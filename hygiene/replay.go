package hygiene

import (
	"cmp"
	"slices"
)

// Rejudge gives the contact what the policy makes of its history; operators'
// instructions stay. Under the policy in force it changes nothing.
//
// What is open or was lifted for a protected reason stays so, unless it is the reason
// named.
func (p *Policy) Rejudge(c *Contact, at Moment, named string) []Change {
	c.eachPart("", func(part *Contact) { p.Rejudge(part, at, named) })
	return p.rejudge(c, remake{cause: at, named: named})
}

// rejudge replays the contact's history and instructions, and returns what differs
// from before.
func (p *Policy) rejudge(c *Contact, r remake) []Change {
	before := *c
	gaveUp := p.replay(c, &before, r)
	changes := diff(&before, c, r.cause, gaveUp)
	r.trace.replayed(changes)
	return changes
}

// replay makes c from its history and instructions, and from what before was and
// stays as it was. gaveUp is set when the last bounce went past the end of the retry
// list.
func (p *Policy) replay(c, before *Contact, r remake) (gaveUp *Change) {
	before.Instructions = r.instructions(p, before.Instructions)
	c.Instructions = before.Instructions
	c.settle(p, before)
	c.Suppressions, c.Tags, c.Retry = nil, nil, nil
	j := judge{p: p, c: c, replaying: true, horizons: p.horizons(&c.History), trace: r.trace}
	for _, step := range p.steps(before, &r, j.horizons) {
		if r.until != (Moment{}) && step.After(r.until) {
			break
		}
		step.run(&j)
	}
	j.recordReleases()
	if r, old := c.Retry, before.Retry; r != nil && old != nil && r.Since == old.Since {
		r.MessageID, r.UniqueArgs = old.MessageID, old.UniqueArgs
	}
	return j.gaveUp
}

// settle remembers which faults of before its history no longer shows, when they are
// its number's.
func (c *Contact) settle(p *Policy, before *Contact) {
	if !p.hasFaultsElsewhere(c) || c.Parts != nil {
		return
	}
	for _, s := range before.Suppressions {
		if s.Origin == ByRule && !s.Review && p.opensElsewhere(c, s.Reason, p.RuleOf(&s.Cause)) && !c.History.showsAll(s.Evidence) && !c.struckOpening(&s) {
			c.settled = append(slices.Clip(c.settled), s)
		}
	}
}

// step is one thing to replay. At the same moment the event comes first, then what
// is frozen, which the event itself may have opened, then instructions.
type step struct {
	Moment
	order stepOrder
	index int // among those that are otherwise equal
	// One of these. Entries and instructions, of which there are many, need no
	// closure.
	entry       *Entry
	instruction *Instruction
	do          func(*judge)
}

type stepOrder uint8

const (
	eventStep stepOrder = iota
	frozenStep
	instructionStep
	reviewStep
)

func (s *step) run(j *judge) {
	switch {
	case s.entry != nil:
		j.event(s.entry.outcome, s.entry)
	case s.instruction != nil:
		j.instruction(s.instruction)
	default:
		s.do(j)
	}
}

// steps is all that happened to the contact, in order: what is frozen, the kept
// events and the instructions.
func (p *Policy) steps(c *Contact, r *remake, horizons []horizon) []step {
	n := len(c.Instructions) + len(c.Suppressions) + len(c.Tags) + 1 + len(r.more)
	for o := range c.History.outcomes {
		n += len(c.History.outcomes[o].Entries)
	}
	steps := append(append(make([]step, 0, n), p.frozenSteps(c, r, horizons)...), r.more...)
	steps = append(steps, p.joinSteps(c)...)
	for o := range c.History.outcomes {
		t := &c.History.outcomes[o]
		for i := range t.Entries {
			e := &t.Entries[i]
			if c.History.repeatsOther(e) {
				continue
			}
			steps = append(steps, step{Moment: e.Moment, order: eventStep, entry: e})
			if again := e.again(); again != nil {
				steps = append(steps, step{Moment: again.Moment, order: eventStep, do: func(j *judge) { j.saidAgain(e) }})
			}
		}
	}
	for i := range c.Instructions {
		steps = append(steps, step{Moment: c.Instructions[i].Moment, order: instructionStep, instruction: &c.Instructions[i]})
	}
	for i := range steps {
		steps[i].index = i
	}
	slices.SortFunc(steps, func(a, b step) int {
		if a.At != b.At {
			return cmp.Compare(a.At, b.At)
		}
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.order, b.order), cmp.Compare(a.index, b.index))
	})
	return steps
}

// frozenSteps restores what the history can no longer show, as it was, and what stays
// open for a protected reason.
func (p *Policy) frozenSteps(c *Contact, r *remake, horizons []horizon) []step {
	var steps []step
	add := func(m Moment, do func(*judge)) {
		steps = append(steps, step{Moment: m, order: frozenStep, do: do})
	}
	for i := range c.Suppressions {
		s := c.Suppressions[i]
		if s.Origin != ByRule || c.struckOpening(&s) || r.restsOnGone(&s.Cause) || p.opensElsewhere(c, s.Reason, p.RuleOf(&s.Cause)) {
			continue
		}
		// The opening by a review is an instruction; what renewed it may be frozen.
		if !s.Review && p.isFrozen(&s.Cause, horizons) {
			add(s.Since, func(j *judge) { j.c.restoreSuppression(s) })
		} else if r.keeps(p, c, &s) {
			add(s.Since, func(j *judge) { j.keepOpen(s) })
		} else if renewed := s.Renewal; !renewed.Review && !r.restsOnGone(&renewed.Cause) && p.isFrozen(&renewed.Cause, horizons) {
			renewal := Suppression{Reason: s.Reason, Held: s.Held, Since: renewed.At, Until: s.Until, Cause: renewed.Cause}
			add(renewed.At, func(j *judge) { j.suppressBy(renewal, renewed.At) })
		}
	}
	for i := range c.Tags {
		if t := c.Tags[i]; p.isFrozen(&t.Cause, horizons) {
			add(t.Since, func(j *judge) { j.c.restoreTag(t) })
		}
	}
	if r := c.Retry; r != nil && p.isFrozen(&r.Cause, horizons) && !c.struckRetry(r) {
		restored := *r
		add(r.Since, func(j *judge) { j.c.Retry = &restored })
	}
	return steps
}

// joinSteps put in force what was in force for each part when it was merged.
func (p *Policy) joinSteps(c *Contact) (steps []step) {
	for i := range c.Parts {
		m := c.Parts[i].Joined
		for _, s := range p.standing(&c.Parts[i]) {
			steps = append(steps, step{Moment: m, order: frozenStep, do: func(j *judge) { j.keepOpen(s) }})
		}
	}
	return steps
}

// standing is what was in force for the part when it was merged.
func (p *Policy) standing(part *Part) []Suppression {
	alone := part.Contact
	if alone.latest().After(part.Joined) {
		before := alone
		p.replay(&alone, &before, remake{until: part.Joined})
	}
	return slices.DeleteFunc(slices.Clone(alone.Suppressions), func(s Suppression) bool {
		return s.Since.After(part.Joined) || !s.spans(part.Joined.At)
	})
}

// restoreSuppression puts a frozen suppression back, in the place of one of the
// same reason and origin that late evidence opened before it.
func (c *Contact) restoreSuppression(s Suppression) {
	if i := c.suppression(s.key()); i >= 0 {
		if old := c.Suppressions[i]; old.spans(s.Since.At) && endsLater(old.Until, s.Until) {
			s.Until = old.Until
		}
		c.Suppressions = slices.Delete(c.Suppressions, i, i+1)
	}
	c.openSuppression(s)
	if s.Held == 0 {
		c.Retry = nil
	}
}

// restoreTag puts a frozen tag back.
func (c *Contact) restoreTag(t Tag) {
	if i := c.tag(t.Name); i >= 0 {
		c.Tags = slices.Delete(c.Tags, i, i+1)
	}
	c.openTag(t)
}

// isFrozen reports whether a replay can't find the cause again, while their rule
// reads as it did: they are those of a review, or their evidence is not newer than
// the horizon.
func (p *Policy) isFrozen(g *Cause, horizons []horizon) bool {
	r := p.rule(g.Rule, g.Digest)
	return r != nil && (g.Review || g.Oldest <= horizons[r.index].opens)
}

func (c *Contact) struckOpening(s *Suppression) bool {
	return slices.ContainsFunc(c.Instructions, func(in Instruction) bool {
		return in.strikesOpening(s) && (in.from == 0 || c.isSoleGiver(in.from))
	})
}

// liftedAhead reports whether an operator lifted what an earlier batch suppressed at a
// time that was ahead of the clock.
func (c *Contact) liftedAhead(in *Instruction) bool {
	return slices.ContainsFunc(c.Instructions, func(allow Instruction) bool {
		return allow.Kind == Allow && !allow.Undone && in.Batch < allow.Batch && allow.At < in.At && in.At <= allow.To && allow.lifts(in.Reason)
	})
}

func (c *Contact) struckRetry(r *Retry) bool {
	return slices.ContainsFunc(c.Instructions, func(in Instruction) bool {
		return in.Kind == Allow && !in.Undone && in.Reason == "" && r.Since.At <= in.At
	})
}

// instruction replays what an operator, an import or a review decided.
func (j *judge) instruction(in *Instruction) {
	if in.Undone {
		return
	}
	gone := j.p.rule(in.Rule, in.Digest) == nil
	switch in.Kind {
	case SuppressByReview, UntagByReview:
		if gone {
			return
		}
	case ReleaseByReview:
		if gone && !j.p.Protects(in.Reason) {
			return
		}
	case ReleaseByRule:
		if !gone { // the rule does it again
			return
		}
	}
	switch in.Kind {
	case SuppressByReview:
		if s := in.suppression(); !j.c.struckOpening(s) && !j.p.opensElsewhere(j.c, s.Reason, j.p.RuleOf(&s.Cause)) {
			j.suppressBy(*s, in.Moment)
		}
	case Suppress:
		if j.c.liftedAhead(in) || j.c.allowedByGiver(in) {
			return
		}
		j.suppressBy(Suppression{Reason: in.Reason, Origin: in.Origin, Since: in.Moment, Until: in.Until, By: in.By, Note: in.Note}, in.Moment)
	case Remembered, RememberedOfNumber:
		j.remembered(in)
	case Allow:
		if in.from != 0 { // it strikes what its contact gave, and what that alone can have opened
			j.release(in.Moment, "", func(s *Suppression) bool {
				return s.Origin == ByRule && in.lifts(s.Reason) && !s.IsRecalled() && j.c.isSoleGiver(in.from)
			})
			return
		}
		j.release(in.Moment, "", func(s *Suppression) bool { return in.lifts(s.Reason) })
		if in.Reason == "" {
			j.dropRetry(in.Moment)
		}
	case ReleaseByReview, ReleaseByRule:
		j.release(in.Moment, in.Rule, func(s *Suppression) bool { return s.Origin == ByRule && s.Reason == in.Reason && s.heard <= in.Seq })
	case UntagByReview:
		j.untag(in.Reason, in.Rule, in.Moment)
	}
}
