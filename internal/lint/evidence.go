package lint

import (
	"slices"

	"fmt"

	"winnow/hygiene"
	"winnow/internal/yamldoc"
)

// wellMeaning completes "this rule suppresses for X, which …" for outcomes that speak
// for the contact. Those that say nothing about it have their own words, see
// [hygiene.Outcome.Blameless].
var wellMeaning = map[hygiene.Outcome]string{
	hygiene.Sent:      "only means that a message was handed to the carrier",
	hygiene.Delivered: "means that the contact was reached",
	hygiene.Opened:    "means that the contact was reached",
	hygiene.Clicked:   "means that the contact was reached",
}

// checkEvidence warns of a rule that suppresses contacts for what speaks for them, or
// for nothing.
func (l *linter) checkEvidence(e *yamldoc.Entry, r *hygiene.Rule) {
	if r.Then.Suppress == nil {
		return
	}
	switch {
	case r.When == nil:
		l.checkReviewed(e.Get("where"), r)
	case r.Where == nil && !limitsSendings(&r.When.Counting, r):
		for _, item := range e.Get("when").Get("outcome").Items() {
			if o, err := hygiene.ParseOutcome(item.Text()); err == nil && wellMeaning[o] != "" {
				l.warn(item, "this rule suppresses for "+item.Text()+", which "+wellMeaning[o], "count failures like hard_bounce, or use a tag")
			}
		}
	}
}

// limitsSendings reports whether a count of good outcomes has a purpose: it bounds how
// often a contact is texted for a while, or finds that something else does not follow.
func limitsSendings(q *hygiene.Counting, r *hygiene.Rule) bool {
	return q.Count > 1 && (q.Since != 0 || q.Within > 0 && r.Then.Suppress.For > 0)
}

// checkReviewed warns of a rule of the review that suppresses contacts for what speaks
// for them, or for what did not happen to contacts who were never texted.
func (l *linter) checkReviewed(e *yamldoc.Entry, r *hygiene.Rule) {
	const minimum = "also require sendings, like {outcome: sent, count: 5, within: 180d}, with all"
	switch {
	case asksForSilence(r.Where, false):
		l.warn(e, "this rule suppresses for silence, which says nothing against the contact: reports may have been lost on their way", "use a tag, or a segment of these contacts; winnow silent lists the messages to ask the provider about")
	case onlyGood(r.Where, r):
		l.warn(e, "this rule suppresses for "+orList(hygiene.InputsOf(r.Where).Outcomes.Names())+", which speaks for the contact", "count failures like hard_bounce, or use a tag")
	case never.mayHold(r.Where, false).becauseAbsent:
		l.warn(e, "this rule suppresses contacts who were never texted, like those just imported", minimum)
	case justSent.mayHold(r.Where, false).becauseAbsent:
		l.warn(e, "this rule suppresses contacts right after their first message, before it can be delivered", minimum)
	}
}

// asksForSilence reports whether silent messages make a condition hold. spared says that
// it is under a Not.
func asksForSilence(c hygiene.Condition, spared bool) bool {
	switch c := c.(type) {
	case hygiene.Not:
		return asksForSilence(c.Of, !spared)
	case hygiene.All:
		return slices.ContainsFunc(c, func(part hygiene.Condition) bool { return asksForSilence(part, spared) })
	case hygiene.Any:
		return slices.ContainsFunc(c, func(part hygiene.Condition) bool { return asksForSilence(part, spared) })
	case hygiene.OutcomeTest:
		return c.Silent > 0 && !spared
	}
	return false
}

// onlyGood reports whether a condition asks for nothing but outcomes that speak for the
// contact.
func onlyGood(c hygiene.Condition, r *hygiene.Rule) bool {
	good := true
	hygiene.Walk(c, func(c hygiene.Condition) bool {
		switch c := c.(type) {
		case hygiene.All, hygiene.Any:
		case hygiene.OutcomeTest:
			for o := range c.Outcomes.All() {
				good = good && wellMeaning[o] != "" && !limitsSendings(&c.Counting, r)
			}
		default:
			good = false
		}
		return good
	})
	return good
}

// history is a contact with no history, or with one message that was just sent.
type history struct{ sent bool }

var never, justSent = history{}, history{sent: true}

// verdict says in which ways a condition may hold: for a reason of its own, or only
// because something did not happen.
type verdict struct{ byItself, becauseAbsent bool }

// mayHold finds how a condition, or its negation, may hold for the contact. What the
// history does not decide, such as an attribute, may hold by itself.
func (h history) mayHold(c hygiene.Condition, negated bool) verdict {
	all := negated
	var parts []hygiene.Condition
	switch c := c.(type) {
	case hygiene.Not:
		return h.mayHold(c.Of, !negated)
	case hygiene.All:
		parts, all = c, !negated
	case hygiene.Any:
		parts = c
	case hygiene.OutcomeTest:
		holds := h.sent && c.Count == 1 && c.Outcomes.Has(hygiene.Sent) && c.Codes == nil && !c.Since.Has(hygiene.Sent)
		return verdict{byItself: holds && !negated, becauseAbsent: !holds && negated}
	case hygiene.SeenTest:
		holds := h.sent && c.Within > 0
		return verdict{byItself: holds && !negated, becauseAbsent: !holds && negated}
	default:
		return verdict{byItself: true}
	}
	if !all {
		return h.anyOf(parts, negated)
	}
	return h.allOf(parts, negated)
}

func (h history) anyOf(parts []hygiene.Condition, negated bool) (v verdict) {
	for _, part := range parts {
		p := h.mayHold(part, negated)
		v = verdict{v.byItself || p.byItself, v.becauseAbsent || p.becauseAbsent}
	}
	return v
}

func (h history) allOf(parts []hygiene.Condition, negated bool) verdict {
	v := verdict{byItself: true}
	possible := true
	for _, part := range parts {
		p := h.mayHold(part, negated)
		possible = possible && (p.byItself || p.becauseAbsent)
		v = verdict{v.byItself && p.byItself, v.becauseAbsent || p.becauseAbsent}
	}
	v.becauseAbsent = v.becauseAbsent && possible
	return v
}

// checkDoubt warns of failures that suppress contacts permanently and that no breaker
// doubts. What people said is not among it: who opted out is not texted meanwhile.
func (l *linter) checkDoubt(e *yamldoc.Entry, r *hygiene.Rule) {
	if r.When == nil || r.Then.Suppress == nil || r.Then.Suppress.For > 0 || l.config.Policy.Protects(r.Then.Suppress.Reason) {
		return
	}
	doubted := hygiene.Outcomes(0)
	for _, b := range l.config.Breakers {
		doubted |= hygiene.OutcomesOf(b.Outcome)
	}
	for _, item := range e.Get("when").Get("outcome").Items() {
		o, err := hygiene.ParseOutcome(item.Text())
		if err == nil && hygiene.FailedOutcomes().Has(o) && o.Blameless() == "" && !doubted.Has(o) && l.possible(r.When.Source, r.When.Codes).Has(o) {
			l.warn(item, fmt.Sprintf("this rule suppresses permanently for %s, and no breaker limits it: one bad hour of a provider would suppress all its contacts", o),
				fmt.Sprintf("add one under hygiene.breaker, like {outcome: %s, share: 20%%, window: 1h, min: 500}", o))
		}
	}
}
