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
	c.putBack(waited)
	stands := c.standing()
	gaveUp := p.replay(c, &stands)
	return differences(&before, c, m, gaveUp)
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
