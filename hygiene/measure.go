package hygiene

import "slices"

// IsMeasured reports whether later events can prove the suppression right or wrong: a rule
// opened it, nothing holds it, and it is not for a reason that is always a person's word.
func (s *Suppression) IsMeasured() bool {
	return s.Origin == ByRule && s.Held == 0 && s.Rule != "" && !slices.Contains(alwaysProtected, s.Reason)
}

// Measured lists what rules suppressed and later events measure: what is open or over, and
// what an operator allowed. A message that arrives after that would have been lost to the
// rule just the same.
func (c *Contact) Measured() (list []Suppression) {
	for i := range c.Suppressions {
		if s := &c.Suppressions[i]; s.IsMeasured() {
			list = append(list, *s)
		}
	}
	for i := range c.Instructions {
		if in := &c.Instructions[i]; in.Kind == Allow && !in.Undone {
			for n := range in.Lifted {
				if s := &in.Lifted[n]; s.IsMeasured() {
					list = append(list, *s)
				}
			}
		}
	}
	return list
}

// Prove keeps with what is measured what was known of it before and what the contact's
// history says of it.
func (c *Contact) Prove(before []Suppression) {
	c.KeepProof(before)
	c.eachMeasured(func(s *Suppression) { s.Proof = max(s.Proof, c.ProofOf(s, Moment{})) })
}

// KeepProof keeps with what is measured what was known of it before.
func (c *Contact) KeepProof(before []Suppression) {
	c.eachMeasured(func(s *Suppression) {
		for n := range before {
			if s.IsSame(&before[n]) {
				s.Proof = max(s.Proof, before[n].Proof)
			}
		}
	})
}

// eachMeasured visits what is measured, to be changed.
func (c *Contact) eachMeasured(visit func(*Suppression)) {
	each := func(list []Suppression) {
		for i := range list {
			if s := &list[i]; s.IsMeasured() {
				visit(s)
			}
		}
	}
	each(c.Suppressions)
	for i := range c.Instructions {
		if in := &c.Instructions[i]; in.Kind == Allow && !in.Undone && len(in.Lifted) > 0 {
			in.Lifted = slices.Clone(in.Lifted)
			each(in.Lifted)
		}
	}
}

// ProveBy keeps with what is measured of a number what the history of one of its contacts
// says of it, and reports whether that was not known.
func (c *Contact) ProveBy(giver *Contact) (changed bool) {
	phone := NumberIn(c.Key)
	for i := range c.Suppressions {
		s := &c.Suppressions[i]
		if !s.IsMeasured() || s.Proof == Regretted {
			continue
		}
		if proof := giver.proofOn(phone, s, Moment{}); proof > s.Proof {
			s.Proof, changed = proof, true
		}
	}
	return changed
}

// ProofOf is what the contact's history says of the suppression, of the time until it was
// lifted; the zero moment if it was not.
func (c *Contact) ProofOf(s *Suppression, lifted Moment) Proof { return c.proofOn("", s, lifted) }

// proofOn is ProofOf by the events that lie on the number; by all of them if it is empty.
func (c *Contact) proofOn(phone string, s *Suppression, lifted Moment) Proof {
	counts := func(e *Entry) bool {
		return e.After(s.Since) && s.spans(e.At) && (lifted == Moment{} || !e.After(lifted)) && e.held == 0 &&
			(phone == "" || c.NumberOf(e) == phone) && !c.isStruck(s, e)
	}
	for proof := Regretted; proof > Unmeasured; proof-- {
		for o := range provenBy[proof].All() {
			entries := c.History.outcomes[o].Entries
			for i := len(entries) - 1; i >= 0; i-- {
				e := &entries[i]
				if counts(e) && (proof == Regretted || !e.afterDelivery && !c.History.opened(s, e.Message)) {
					return proof
				}
			}
		}
	}
	return Unmeasured
}

// IsSame reports whether both are one suppression by one rule, reading the same.
func (s *Suppression) IsSame(t *Suppression) bool {
	return s.SameRule(&t.Cause) && s.Reason == t.Reason && s.Since == t.Since
}

// opened reports whether an event of the message opened the suppression.
func (h *History) opened(s *Suppression, message uint64) bool {
	for o := range h.outcomes {
		for i := range h.outcomes[o].Entries {
			if e := &h.outcomes[o].Entries[i]; e.Message == message && e.Moment == s.Since {
				return true
			}
		}
	}
	return false
}

// isStruck reports whether an operator struck the entry as evidence for the reason.
func (c *Contact) isStruck(s *Suppression, e *Entry) bool {
	return slices.ContainsFunc(c.Instructions, func(in Instruction) bool {
		return in.Kind == Strike && in.strikes(s.Reason, s.Rule, e, c.History.Kind(e))
	})
}

// WasStruck reports whether an operator struck the evidence of the suppression, which is
// lifted by that: what the rule did does not count then.
func (c *Contact) WasStruck(s *Suppression) bool {
	return slices.ContainsFunc(c.Instructions, func(in Instruction) bool {
		return in.Kind == Strike && !in.Undone && slices.ContainsFunc(in.Lifted, func(l Suppression) bool { return l.IsSame(s) })
	})
}
