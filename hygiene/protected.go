package hygiene

import (
	"slices"

	"winnow/hygiene/reason"
)

// What is open for a protected reason stays open when a contact is replayed, and what
// a release lifted stays lifted, whatever the policy says by now. A replay finds both
// by itself while the rules read as they did. When they do not, it restores them: what
// was open by [judge.keepOpen], and what was lifted by an instruction of the kind
// ReleaseByRule.

var alwaysProtected = []string{Complaint, OptedOut}

// Protect adds reasons that are a person's word, and returns the policy.
func (p *Policy) Protect(reasons ...string) *Policy {
	p.protected = slices.Compact(slices.Sorted(slices.Values(slices.Concat(p.protected, reasons))))
	return p
}

// Protects reports whether the reason is a person's word: nothing lifts it unless it is
// named, by a rule's release, by an operator, or by rejudging for that reason.
func (p *Policy) Protects(reason string) bool { return slices.Contains(p.protected, reason) }

// Protected lists the reasons that are a person's word, sorted.
func (p *Policy) Protected() []string { return slices.Clone(p.protected) }

// ReasonOf is the reason that a word stands for, and whether it is another word for it,
// see [reason.Of].
func (p *Policy) ReasonOf(word string) (is string, other bool) {
	return reason.Of(word, p.protected...)
}

// remake says what a replay is for, and so what of the contact it may change.
type remake struct {
	cause Moment
	trace *Trace
	more  []step // also to be replayed
	until Moment // what came later is left out; zero for nothing
	// named is the protected reason that an operator named, which is judged like any
	// other then; empty for none. With unsaid, only what those events opened is.
	named string
	// replaced is the moment that a repeated entry, of that outcome, had before; zero for
	// none. What it opened then is judged at its moments of now.
	replaced Moment
	outcome  Outcome
	// unsaid are the seqs of events to which an operator gave another outcome; nil for none.
	unsaid []int64
	// gone are the seqs of entries that left a number: what they opened or lifted there
	// goes with them.
	gone []int64
}

// restsOnGone reports whether the cause counted an entry that left.
func (r *remake) restsOnGone(g *Cause) bool { return g.restsOn(r.gone) }

func (g *Cause) restsOn(seqs []int64) bool {
	return len(seqs) > 0 && slices.ContainsFunc(g.Evidence, func(seq int64) bool { return slices.Contains(seqs, seq) })
}

// isNamed reports whether an operator named what lifts the suppression.
func (r *remake) isNamed(s *Suppression) bool {
	return s.Reason == r.named && (r.unsaid == nil || s.restsOn(r.unsaid))
}

// judgesAnew reports whether what the rule did at the moment is judged at another one
// now. An entry that had another outcome then is not what the rule saw.
func (r *remake) judgesAnew(rule *Rule, m Moment) bool {
	return m == r.replaced && rule.When != nil && rule.When.Outcomes.Has(r.outcome)
}

// keeps reports whether a suppression by a rule stays open for a protected reason.
func (r *remake) keeps(p *Policy, c *Contact, s *Suppression) bool {
	if !p.Protects(s.Reason) || r.isNamed(s) || c.struckEvidence(s) {
		return false
	}
	// Rules that look at one event alone do the same again while it is there.
	return !r.doesAgain(p, c, s.Since, &s.Cause) || s.Renewal.At != (Moment{}) && !r.restsOnGone(&s.Renewal.Cause) && !r.doesAgain(p, c, s.Renewal.At, &s.Renewal.Cause)
}

// renew makes an open suppression of the contact last as long as s, for what happened at
// the moment. A renewal of a protected reason that a replay can't find again stays named:
// it is why the suppression was open when it was renewed once more.
func (p *Policy) renew(c *Contact, old, s *Suppression, m Moment) {
	old.Until = s.Until
	if named := &old.Renewal; named.At == (Moment{}) || !p.Protects(old.Reason) || (&remake{}).doesAgain(p, c, named.At, &named.Cause) {
		old.Renewal = Renewal{m, s.Cause}
	}
}

// doesAgain reports whether the replay itself does what the cause did at the moment, or
// rightly no longer does.
func (r *remake) doesAgain(p *Policy, c *Contact, m Moment, g *Cause) bool {
	rule := p.looksAtOneEvent(g)
	return rule != nil && (r.judgesAnew(rule, m) || c.History.triggers(rule, m))
}

// looksAtOneEvent is the rule of the cause if it reads as it did and asks for nothing
// but the event itself; nil otherwise. What such a rule opens does not depend on the
// order in which events arrive.
func (p *Policy) looksAtOneEvent(g *Cause) *Rule {
	r := p.RuleOf(g)
	if r == nil || !r.isOfOneEvent() {
		return nil
	}
	return r
}

// isOfOneEvent reports whether the rule asks for nothing but the event itself.
func (r *Rule) isOfOneEvent() bool {
	return r.When != nil && r.When.Count <= 1 && r.When.Since == 0 && r.When.Apart == 0 && r.Where == nil
}

// triggers reports whether an entry of that moment triggers the rule.
func (h *History) triggers(r *Rule, m Moment) bool {
	for o := range r.When.Outcomes.All() {
		if slices.ContainsFunc(h.outcomes[o].Entries, func(e Entry) bool {
			return (e.Moment == m || e.latest() == m) && r.When.triggeredBy(o, h.Kind(&e))
		}) {
			return true
		}
	}
	return false
}

// struckEvidence reports whether an operator struck evidence of the suppression.
func (c *Contact) struckEvidence(s *Suppression) bool {
	j := judge{c: c}
	struck := j.struck(s.Reason, s.Rule)
	if struck == nil {
		return false
	}
	for o := range c.History.outcomes {
		for i := range c.History.outcomes[o].Entries {
			e := &c.History.outcomes[o].Entries[i]
			if slices.Contains(s.Evidence, e.Seq) && struck(e) {
				return true
			}
			if again := e.again(); again != nil && slices.Contains(s.Evidence, again.Seq) && struck(again) {
				return true
			}
		}
	}
	return false
}

// suppressionOf is what the rule opens at the entry.
func (p *Policy) suppressionOf(r *Rule, e *Entry, t tally) Suppression {
	s := Suppression{Reason: r.Then.Suppress.Reason, Held: t.held, Since: e.Moment, Cause: r.cause(t)}
	if p.Protects(s.Reason) && e.received {
		s.heard = e.Seq
	}
	if s.Held == 0 {
		s.Held = p.heldBy(r, e.Seq)
	}
	if r.Then.Suppress.For > 0 {
		s.Until = e.At.Add(r.Then.Suppress.For)
	}
	return s
}

// keepOpen opens the suppression as it was, unless the replay has one open, which then
// ends no earlier.
func (j *judge) keepOpen(s Suppression) {
	i := j.c.suppression(s.key())
	if i < 0 || !j.c.Suppressions[i].spans(s.Since.At) {
		j.c.restoreSuppression(s)
		return
	}
	if old := &j.c.Suppressions[i]; endsLater(s.Until, old.Until) {
		old.Until, old.Renewal = s.Until, s.Renewal
		if s.Renewal.At == (Moment{}) {
			old.Renewal = Renewal{s.Since, s.Cause}
		}
	}
}

// instructions are those that a replay obeys: without what rules released of a reason
// that is named, and without the release by an event that is at another moment now.
func (r *remake) instructions(p *Policy, list []Instruction) []Instruction {
	void := func(in Instruction) bool {
		rule := p.rule(in.Rule, in.Digest)
		switch in.Kind {
		case ReleaseByRule:
			return in.Reason == r.named && r.unsaid == nil || slices.Contains(r.gone, in.Seq) || rule != nil && r.judgesAnew(rule, in.Moment)
		case ReleaseByReview:
			return in.Reason == r.named && r.unsaid == nil && rule == nil
		case SuppressByReview:
			return slices.ContainsFunc(in.Evidence, func(seq int64) bool { return slices.Contains(r.gone, seq) })
		}
		return false
	}
	if !slices.ContainsFunc(list, void) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), void)
}

// noteRelease remembers that the rule lifted a suppression of a protected reason.
func (j *judge) noteRelease(r *Rule, reason string, m Moment) {
	if j.p.Protects(reason) {
		j.releases = append(j.releases, Instruction{Kind: ReleaseByRule, Moment: m, Reason: reason, Rule: r.Name, Digest: r.digest})
	}
}

// recordReleases keeps what was lifted, of each reason the latest: it lifts what the
// earlier ones did.
func (j *judge) recordReleases() {
	if len(j.releases) == 0 {
		return
	}
	// The contact may share its instructions with the one it is compared with.
	j.c.Instructions = slices.Clone(j.c.Instructions)
	for _, in := range j.releases {
		later := func(old Instruction) bool {
			return old.Kind == ReleaseByRule && old.Reason == in.Reason && old.After(in.Moment)
		}
		if slices.ContainsFunc(j.c.Instructions, later) {
			continue
		}
		j.c.Instructions = slices.DeleteFunc(j.c.Instructions, func(old Instruction) bool {
			return old.Kind == ReleaseByRule && old.Reason == in.Reason && !old.After(in.Moment)
		})
		j.c.record(in)
	}
}
