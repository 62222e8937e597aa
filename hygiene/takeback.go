package hygiene

import "slices"

// Concerns tells whether a Strike would change what counts for the contact:
// whether there is evidence that one of the policy's rules suppresses on, or a
// suppression on evidence that is gone, that is not struck yet. So the same
// strike again concerns nobody.
func (p *Policy) Concerns(c *Contact, in *Instruction) bool {
	for i := range c.Suppressions {
		s := &c.Suppressions[i]
		if (s.Review || p.hasSettled(&s.Grounds, p.floors(&c.History))) && in.strikesOpening(s) && !c.struckOpening(s) {
			return true
		}
	}
	for i := range p.Rules {
		if r := &p.Rules[i]; r.Then.Suppress != nil && p.concernsRule(c, r, in) {
			return true
		}
	}
	return false
}

// concernsRule tells whether entries that the rule counts would be struck, and
// are not yet.
func (p *Policy) concernsRule(c *Contact, r *Rule, in *Instruction) bool {
	counts := outcomesOf(r.Where)
	if r.When != nil {
		counts = r.When.Outcomes
	}
	j := judge{p: p, c: c}
	struck := j.struck(r.Then.Suppress.Reason, r.Name)
	for o := range counts.All() {
		trail := &c.History.trails[o]
		for i := range trail.Entries {
			e := &trail.Entries[i]
			k := c.History.Kind(e)
			if r.When != nil && !r.When.narrows(k) {
				continue
			}
			if in.strikes(r.Then.Suppress.Reason, r.Name, e, k) && (struck == nil || !struck(e)) {
				return true
			}
		}
	}
	return false
}

// Revoke takes back the contact's part of a batch, or, when revoked is false,
// lets it be as it was told. It returns no entry when nothing was to change.
func (p *Policy) Revoke(c *Contact, batch int64, revoked bool, m Moment) []Change {
	before := c.standing()
	told := false
	for i := range c.Instructions {
		in := &c.Instructions[i]
		if in.Batch != batch || in.Revoked == revoked {
			continue
		}
		told, in.Revoked = true, revoked
		if revoked {
			c.putBack(in.Lifted)
		}
	}
	if !told {
		return nil
	}
	stands := c.standing()
	gaveUp := p.replay(c, &stands)
	act := Undone
	if !revoked {
		act = Redone
	}
	return append(differences(&before, c, m, gaveUp), Change{At: m.At, Seq: m.Seq, Act: act})
}

// putBack puts lifted suppressions where a replay finds those that have settled.
func (c *Contact) putBack(lifted []Suppression) {
	for _, s := range lifted {
		if c.suppression(s.key()) < 0 {
			c.openSuppression(s)
		}
	}
}

// standing is the contact as it stands, for who compares it after a replay.
func (c *Contact) standing() Contact {
	d := *c
	d.Suppressions = slices.Clone(c.Suppressions)
	return d
}

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
	c.Suppressions = slices.DeleteFunc(c.Suppressions, func(s Suppression) bool {
		if s.Held == trip {
			s.Held = 0
			waited = append(waited, s)
		}
		return s.Held == 0 && slices.ContainsFunc(waited, func(w Suppression) bool { return w.Since == s.Since && w.Reason == s.Reason })
	})
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

// Reclassify moves an event from the history of the outcome that it had to that
// of the one it has now, and judges the contact anew. An event that the history
// no longer keeps, or a repeat, is only taken in as what it now is.
func (p *Policy) Reclassify(c *Contact, e *Event, was Outcome, m Moment) []Change {
	e.Held = c.History.remove(e, was)
	c.History.Add(e)
	c.History.unmute(MessageHash(e.Source, e.MessageID))
	return p.anew(c, m)
}

// remove takes the event out of the trail of an outcome, and tells which trip it
// waited for. Of a trail that overflowed nothing is known then before what was
// taken out, either.
func (h *History) remove(e *Event, was Outcome) (held int64) {
	t := &h.trails[was]
	i := slices.IndexFunc(t.Entries, func(old Entry) bool {
		return old.Moment == e.Moment() && old.Message == MessageHash(e.Source, e.MessageID)
	})
	if i < 0 {
		return 0
	}
	held = t.Entries[i].held
	if t.Dropped && i == 0 {
		t.floor = max(t.floor, t.Entries[0].At)
	}
	t.Entries = slices.Delete(t.Entries, i, i+1)
	if t.Dropped {
		return held
	}
	t.First = 0
	if len(t.Entries) > 0 {
		t.First = t.Entries[0].At
	}
	return held
}

// unmute settles anew which soft bounces of a message come after its delivery.
func (h *History) unmute(message uint64) {
	for i := range h.trails[SoftBounce].Entries {
		if e := &h.trails[SoftBounce].Entries[i]; e.Message == message {
			e.mute = false
		}
	}
	h.mute(Delivered, message)
}
