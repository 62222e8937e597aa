package hygiene

import "slices"

// Unhold lets what waits for the trip take effect: someone looked, and the
// events are what they say.
func (p *Policy) Unhold(c *Contact, trip int64, m Moment) []Change {
	before := c.standing()
	found := false
	for o := range c.History.trails {
		for i := range c.History.trails[o].Entries {
			if e := &c.History.trails[o].Entries[i]; e.held == trip {
				e.held, found = 0, true
			}
		}
	}
	var waited []Suppression
	for _, s := range c.Suppressions {
		if s.Held == trip {
			s.Held = 0
			waited = append(waited, s)
		}
	}
	c.Suppressions = slices.DeleteFunc(c.Suppressions, func(s Suppression) bool { return s.Held == trip })
	if !found && waited == nil {
		return nil
	}
	for _, s := range waited {
		c.takeEffect(s)
	}
	stands := c.standing()
	gaveUp := p.replay(c, &stands)
	return differences(&before, c, m, gaveUp)
}

// takeEffect opens what waited, or renews with it what stood when it came, for a
// replay that no longer finds it.
func (c *Contact) takeEffect(s Suppression) {
	i := c.suppression(s.key())
	if i < 0 {
		c.openSuppression(s)
		return
	}
	old := &c.Suppressions[i]
	if old.standsAt(s.Since.At) && later(s.Until, old.Until) {
		old.Until, old.Renewal = s.Until, Renewal{s.Since, s.Grounds}
	} else if s.Since.After(old.Since) && !old.standsAt(s.Since.At) {
		c.Suppressions = slices.Delete(c.Suppressions, i, i+1)
		c.openSuppression(s)
	}
}

// Waits tells whether an event of the contact or a verdict waits for the trip.
func (c *Contact) Waits(trip int64) bool {
	for o := range c.History.trails {
		for i := range c.History.trails[o].Entries {
			if c.History.trails[o].Entries[i].held == trip {
				return true
			}
		}
	}
	return slices.ContainsFunc(c.Suppressions, func(s Suppression) bool { return s.Held == trip })
}
