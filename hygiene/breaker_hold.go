package hygiene

import (
	"slices"
)

// ReleaseHeld puts into effect what the breaker trip holds, after someone has confirmed
// it.
func (p *Policy) ReleaseHeld(c *Contact, trip int64, m Moment) []Change {
	before := c.snapshot()
	found := false
	c.eachPart("", func(part *Contact) { found = part.IsHeldBy(trip) || found; p.ReleaseHeld(part, trip, m) })
	for o := range c.History.outcomes {
		for i := range c.History.outcomes[o].Entries {
			if e := &c.History.outcomes[o].Entries[i]; e.held == trip {
				e.held, found = 0, true
			}
		}
	}
	c.Instructions = slices.Clone(c.Instructions)
	for i := range c.Instructions {
		if in := &c.Instructions[i]; in.Kind == SuppressByReview && in.Held == trip {
			in.Held, found = 0, true
		}
	}
	var held []Suppression
	for _, s := range c.Suppressions {
		if s.Held == trip {
			s.Held = 0
			held = append(held, s)
		}
	}
	c.Suppressions = slices.DeleteFunc(c.Suppressions, func(s Suppression) bool { return s.Held == trip })
	if !found && held == nil {
		return nil
	}
	for _, s := range held {
		p.takeEffect(c, s)
	}
	start := c.snapshot()
	return diff(&before, c, m, p.replay(c, &start, remake{}))
}

// takeEffect opens what was held, or renews with it what was open when it came. A
// replay may no longer find it.
func (p *Policy) takeEffect(c *Contact, s Suppression) {
	i := c.suppression(s.key())
	if i < 0 {
		c.openSuppression(s)
		return
	}
	old := &c.Suppressions[i]
	if old.spans(s.Since.At) && endsLater(s.Until, old.Until) {
		p.renew(c, old, &s, s.Since)
	} else if s.Since.After(old.Since) && !old.spans(s.Since.At) {
		c.Suppressions = slices.Delete(c.Suppressions, i, i+1)
		c.openSuppression(s)
	}
}

// IsHeldBy reports whether the breaker trip holds an event or a suppression of the
// contact.
func (c *Contact) IsHeldBy(trip int64) bool {
	return c.anyPart(func(part *Contact) bool { return part.isHeldBy(trip) })
}

func (c *Contact) isHeldBy(trip int64) bool {
	for o := range c.History.outcomes {
		for i := range c.History.outcomes[o].Entries {
			if c.History.outcomes[o].Entries[i].held == trip {
				return true
			}
		}
	}
	return slices.ContainsFunc(c.Suppressions, func(s Suppression) bool { return s.Held == trip })
}
