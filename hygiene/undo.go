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
		r := &p.Rules[i]
		if r.Then.Suppress != nil && p.concernsRule(c, r, r.Then.Suppress.Reason, in) || r.Then.Retry != nil && p.concernsRule(c, r, "", in) {
			return true
		}
	}
	return false
}

// concernsRule tells whether entries that the rule counts would be struck for
// the reason, and are not yet; an empty reason asks for its retries.
func (p *Policy) concernsRule(c *Contact, r *Rule, reason string, in *Instruction) bool {
	asks := outcomesOf(r.Where)
	counts := asks
	if r.When != nil {
		counts |= r.When.Outcomes
	}
	j := judge{p: p, c: c}
	struck := j.struck(reason, r.Name)
	for o := range counts.All() {
		trail := &c.History.trails[o]
		for i := range trail.Entries {
			e := &trail.Entries[i]
			k := c.History.Kind(e)
			if !asks.Has(o) && !r.When.narrows(k) {
				continue
			}
			if in.strikes(reason, r.Name, e, k) && (struck == nil || !struck(e)) {
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
