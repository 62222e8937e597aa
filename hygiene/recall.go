package hygiene

import "slices"

// ByForgotten is the author of what is remembered of a contact, or a number, that was
// forgotten before.
const ByForgotten = "forgotten"

// Memory is a reason that is remembered of a forgotten subject.
type Memory struct {
	Reason       string
	Since, Until Instant // Until is 0 for no end
	// OfNumber says that it lies on the phone number which the contact had: it holds only
	// while the contact has none.
	OfNumber bool
	// Named says that the number itself was named, by an act or an event without a contact.
	Named bool
}

// Recall gives a subject that was forgotten what is remembered of it, by that of its keys,
// and judges it again. It can be repeated. What came since may have lifted it already.
func (p *Policy) Recall(c *Contact, key string, list []Memory, cause Moment) []Change {
	if c.Parts != nil {
		c.eachPart(key, func(part *Contact) { p.Recall(part, key, list, cause) })
	}
	recorded := false
	for _, m := range list {
		in := Instruction{Moment: Moment{At: m.Since}, Kind: Remembered, Reason: m.Reason, Until: m.Until, By: ByForgotten}
		switch {
		case m.OfNumber:
			in.Kind = RememberedOfNumber
		case m.Named:
			in.Kind, in.Origin = Suppress, ByImport
		}
		if !slices.ContainsFunc(c.Instructions, in.sameAct) {
			c.record(in)
			recorded = true
		}
	}
	if !recorded {
		return nil
	}
	return p.rejudge(c, remake{cause: cause})
}

// remembered replays what is remembered. A rule may lift it.
func (j *judge) remembered(in *Instruction) {
	switch {
	case in.Kind == RememberedOfNumber && j.c.hasNumber():
	case j.p.isElsewhere(j.c, in.Reason), j.c.allowedByGiver(in):
	default:
		j.suppressBy(Suppression{Reason: in.Reason, Since: in.Moment, Until: in.Until, By: in.By}, in.Moment)
	}
}

// hasNumber reports whether the contact, or one of its parts, has a phone number.
func (c *Contact) hasNumber() bool {
	return c.Phone != "" || c.anyPart(func(part *Contact) bool { return len(part.AllNumbers()) > 0 })
}

// IsRecalled reports whether the suppression is what is remembered of a forgotten subject.
func (s *Suppression) IsRecalled() bool { return s.By == ByForgotten && s.Origin != ByOperator }

// WordsOf are a person's words in an event: the protected reasons that it opens, and those
// that it lifts.
func (p *Policy) WordsOf(e *Event) (opens []Memory, lifts []string) {
	for _, i := range p.triggers[e.Outcome] {
		r := &p.Rules[i]
		if !r.When.triggeredBy(e.Outcome, Kind{e.Source, e.Code}) || r.When.Count > 1 {
			continue
		}
		for _, reason := range r.Then.Release {
			if p.Protects(reason) {
				lifts = append(lifts, reason)
			}
		}
		if s := r.Then.Suppress; s != nil && p.Protects(s.Reason) {
			m := Memory{Reason: s.Reason, Since: e.At}
			if s.For > 0 {
				m.Until = e.At.Add(s.For)
			}
			opens = append(opens, m)
		}
	}
	return opens, lifts
}
