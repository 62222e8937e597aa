package hygiene

import (
	"slices"
)

// Affects reports whether a Strike would change what counts for the contact: whether
// it is about evidence that one of the policy's rules looks at, or about a suppression
// whose evidence is gone, and that is not struck yet. So the same Strike again
// concerns no contact.
func (p *Policy) Affects(c *Contact, in *Instruction) bool {
	spares := *in
	spares.Spares = p.Spared(in)
	return c.anyPart(func(part *Contact) bool { return p.affects(part, &spares) })
}

func (p *Policy) affects(c *Contact, in *Instruction) bool {
	var horizons []horizon
	for i := range c.Suppressions {
		s := &c.Suppressions[i]
		if !in.strikesOpening(s) || c.struckOpening(s) {
			continue
		}
		if horizons == nil {
			horizons = p.horizons(&c.History)
		}
		if s.Review || p.isFrozen(&s.Cause, horizons) {
			return true
		}
	}
	for i := range p.Rules {
		r := &p.Rules[i]
		if s := r.Then.Suppress; s != nil && p.strikesMore(c, r, s.Reason, in) {
			return true
		}
		if r.Then.Retry != nil && p.strikesMore(c, r, "", in) {
			return true
		}
	}
	return false
}

// strikesMore reports whether the Strike is about entries that the rule may count
// for the reason and that are not struck yet. An empty reason is that of retries.
func (p *Policy) strikesMore(c *Contact, r *Rule, reason string, in *Instruction) bool {
	j := judge{p: p, c: c}
	struck := j.struck(reason, r.Name)
	for o := range r.outcomes().All() {
		history := &c.History.outcomes[o]
		for i := range history.Entries {
			e := &history.Entries[i]
			k := c.History.Kind(e)
			strikes := func(e *Entry) bool { return in.strikes(reason, r.Name, e, k) && (struck == nil || !struck(e)) }
			if again := e.again(); r.mayCount(o, k) && (strikes(e) || again != nil && strikes(again)) {
				return true
			}
		}
	}
	return false
}

// SetUndone undoes the contact's part of a batch, or, when revoked is false, redoes
// it. It returns no entries when there was nothing to change.
func (p *Policy) SetUndone(c *Contact, batch int64, revoked bool, m Moment) []Change {
	return p.setUndone(c, batch, revoked, m, (*Contact).isIts)
}

// PreviewUndone is SetUndone also for what a number has from its contacts, and a contact
// from its numbers. In a store that follows.
func (p *Policy) PreviewUndone(c *Contact, batch int64, revoked bool, m Moment) []Change {
	return p.setUndone(c, batch, revoked, m, func(*Contact, *Instruction) bool { return true })
}

// setUndone is SetUndone for the instructions that are its own.
func (p *Policy) setUndone(c *Contact, batch int64, revoked bool, m Moment, isOwn func(*Contact, *Instruction) bool) []Change {
	before := c.snapshot()
	found := false
	c.eachPart("", func(part *Contact) { found = p.setUndone(part, batch, revoked, m, isOwn) != nil || found })
	for i := range c.Instructions {
		in := &c.Instructions[i]
		if in.Batch != batch || in.Undone == revoked || !isOwn(c, in) {
			continue
		}
		found, in.Undone = true, revoked
		if revoked {
			c.restoreLifted(in.Lifted)
		}
	}
	if !found {
		return nil
	}
	start := c.snapshot()
	gaveUp := p.replay(c, &start, remake{})
	act := Undone
	if !revoked {
		act = Redone
	}
	return append(diff(&before, c, m, gaveUp), Change{At: m.At, Seq: m.Seq, Act: act})
}

// HasUndone reports whether the contact has a part of the batch that is undone, or, when
// undone is false, that is not.
func (c *Contact) HasUndone(batch int64, undone bool) bool {
	return c.anyPart(func(part *Contact) bool {
		return slices.ContainsFunc(part.Instructions, func(in Instruction) bool { return part.isIts(&in) && in.Batch == batch && in.Undone == undone })
	})
}

// restoreLifted puts lifted suppressions back, where a replay finds the frozen
// ones.
func (c *Contact) restoreLifted(lifted []Suppression) {
	for _, s := range lifted {
		if c.suppression(s.key()) < 0 {
			c.openSuppression(s)
		}
	}
}

// snapshot is a copy of the contact to compare with after a replay.
func (c *Contact) snapshot() Contact {
	d := *c
	d.Suppressions = slices.Clone(c.Suppressions)
	return d
}
