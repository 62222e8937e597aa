// Package forecast finds out what other rules would do: to contacts as they are, if all
// of them were judged again ([Planner]), and what they would have done in the past
// ([Backtest]). It judges with package hygiene, and changes nothing. Its tests are beside
// those of hygiene, whose random histories they use.
package forecast

import (
	"slices"

	"winnow/hygiene"
)

// PlannedKind is one of the ways in which a contact would change if all contacts were
// judged again.
type PlannedKind uint8

// The kinds of what is planned, in the order in which they are shown.
const (
	PlannedSuppression PlannedKind = iota // a new suppression is in effect
	PlannedRelease                        // a suppression is no longer in effect
	PlannedRetry                          // a retry is set, or at another time
	PlannedRetryEnd                       // a retry is gone
	PlannedExtension                      // a suppression lasts longer
	PlannedShortening                     // a suppression ends earlier
	PlannedTag
	PlannedUntag
	// PlannedReopening is a suppression that judging again lifts, because its rule of
	// the review was edited, and that the next review opens again.
	PlannedReopening
	// PlannedKept changes nothing: the suppression is open for a protected reason, for
	// which the given policy would not open it. It stays, unless that reason is named.
	PlannedKept
	// PlannedRelabel changes nothing for the contact: the suppression is in effect
	// as before, but because of another rule, or of the same rule as it reads now.
	PlannedRelabel

	PlannedKinds = iota // how many kinds there are
)

// Planned is one difference between a contact as it is and as it would be.
type Planned struct {
	Kind PlannedKind
	// Rule is the name of the rule that opens, sets or tags; of what goes, the rule
	// that had done so. Edited reports whether it did so when it read differently from
	// the rule of that name in the given policy.
	Rule     string
	Edited   bool
	Reason   string // of the suppression, or the tag
	AtReview bool   // the next review does it, not judging again
}

// Planner finds out what the given policy would change about contacts. It is safe for
// concurrent use.
type Planner struct {
	given  *hygiene.Policy
	review *hygiene.Policy // the given one, of whose rules of the review only the fresh ones hold for anyone
	fresh  []*hygiene.Rule // those
	stable *stableRules    // nil when not known
	now    hygiene.Moment
	named  string // see [hygiene.Policy.Rejudge]
}

// NewPlanner prepares to compare. inForce is the policy whose reviews have been made,
// nil for none. judged are all policies that ever judged the contacts, nil when not
// all of them are known. now is the present and the end of the log.
//
// Judging again restores what the rules of a review opened before, and does not
// review. So rules of the review that read differently from those in force are
// evaluated here as the next review will evaluate them. The others have been.
//
// named is the protected reason for which contacts are judged like for any other;
// empty for none.
func NewPlanner(given, inForce *hygiene.Policy, judged []*hygiene.Policy, now hygiene.Moment, named string) *Planner {
	review := *given
	review.Rules = slices.Clone(given.Rules)
	p := &Planner{given: given, review: &review, now: now, named: named}
	for i := range review.Rules {
		r := &review.Rules[i]
		switch {
		case r.When != nil:
		case inForce.HasSameRule(given, r.Name):
			// It keeps its name and content for what it opened, and holds for nobody.
			r.Where = hygiene.Any{}
		default:
			p.fresh = append(p.fresh, r)
		}
	}
	if len(judged) > 0 {
		p.stable = newStableRules(given, judged)
	}
	return p
}

// Plan makes after the contact as it would be, with what its number would have, and
// appends to found what differs at present. It does not change c, and after shares memory
// with it. When nothing differs, after may be left as it was.
func (p *Planner) Plan(c, after *hygiene.Contact, found []Planned) []Planned {
	unchanged := p.Skips(c) && (c.Number == nil || p.Skips(c.Number))
	reviewed := p.concernsReview(c)
	if unchanged && !reviewed {
		return found
	}
	*after = *c
	if !unchanged {
		p.judgeAgain(after, p.named)
		reviewed = p.concernsReview(after)
	}
	judged := after
	if reviewed {
		judged = copyForReview(after)
		p.review.Review(after, p.now)
		if number := after.Number; number != nil {
			number = copyForReview(number)
			p.review.Review(number, p.now)
			after.OnNumber = number.Suppressions
		}
	}
	d := planDiff{planner: p, before: c, judged: judged, after: after, found: found}
	d.suppressions()
	d.retry()
	d.tags()
	if !unchanged {
		d.kept()
	}
	return d.found
}

// judgeAgain judges the contact by the given policy, and the number that it has.
func (p *Planner) judgeAgain(c *hygiene.Contact, named string) {
	p.given.Rejudge(c, p.now, named)
	number := p.given.NumberOnceGiven(c, p.now)
	if number == nil {
		return
	}
	p.given.Rejudge(number, p.now, named)
	c.Number, c.OnNumber = number, number.Suppressions
}

// Skips reports whether judging again leaves the contact as it is because only rules
// that stayed the same ever concerned it.
func (p *Planner) Skips(c *hygiene.Contact) bool { return p.stable.unchanged(c) }

// concernsReview reports whether a fresh rule of the review holds for the contact, or for
// its number.
func (p *Planner) concernsReview(c *hygiene.Contact) bool {
	return c.Number != nil && p.concernsReview(c.Number) || slices.ContainsFunc(p.fresh, func(r *hygiene.Rule) bool { return p.review.HoldsAtReview(c, r, p.now) })
}

// copyForReview is a copy to look back at while the contact itself is reviewed: a
// review changes instructions in place.
func copyForReview(c *hygiene.Contact) *hygiene.Contact {
	d := *c
	c.Instructions = slices.Clone(c.Instructions)
	return &d
}

// planDiff finds the differences of one contact: as it is, judged again, and after
// the next review.
type planDiff struct {
	planner               *Planner
	before, judged, after *hygiene.Contact
	found                 []Planned
}

func (d *planDiff) add(kind PlannedKind, g *hygiene.Cause, reason string, atReview bool) {
	edited := d.planner.given.RuleOf(g) == nil
	d.found = append(d.found, Planned{Kind: kind, Rule: g.Rule, Edited: edited, Reason: reason, AtReview: atReview})
}

func (d *planDiff) suppressions() {
	now := d.planner.now.At
	before, judged, after := d.before.OpenSuppressions(now), d.judged.OpenSuppressions(now), d.after.OpenSuppressions(now)
	for i := range after {
		s := &after[i]
		atReview := findSuppression(judged, s) == nil
		if old := findSuppression(before, s); old != nil {
			d.suppression(old, s, atReview)
		} else {
			d.add(PlannedSuppression, &s.Cause, s.Reason, atReview)
		}
	}
	for i := range before {
		if s := &before[i]; findSuppression(after, s) == nil {
			d.add(PlannedRelease, &s.Cause, s.Reason, findSuppression(judged, s) != nil)
		}
	}
}

// kept adds what stays open for protected reasons alone.
func (d *planDiff) kept() {
	now := d.planner.now.At
	for _, s := range d.judged.OpenSuppressions(now) {
		if s.Origin != hygiene.ByRule || !d.planner.given.Protects(s.Reason) {
			continue
		}
		named := *d.before
		d.planner.judgeAgain(&named, s.Reason)
		if findSuppression(named.OpenSuppressions(now), &s) == nil {
			d.add(PlannedKept, &s.Cause, s.Reason, false)
		}
	}
}

func findSuppression(list []hygiene.Suppression, s *hygiene.Suppression) *hygiene.Suppression {
	for i := range list {
		if list[i].Reason == s.Reason && list[i].Origin == s.Origin {
			return &list[i]
		}
	}
	return nil
}

// suppression compares a suppression that is in effect before and after.
func (d *planDiff) suppression(old, new *hygiene.Suppression, atReview bool) {
	if atReview {
		d.add(PlannedReopening, &new.Cause, new.Reason, true)
	}
	switch {
	case endsLater(new.Until, old.Until):
		d.add(PlannedExtension, lastCause(new), new.Reason, atReview)
	case endsLater(old.Until, new.Until):
		d.add(PlannedShortening, lastCause(old), old.Reason, atReview)
	case !atReview && !sameCause(old, new):
		d.add(PlannedRelabel, &new.Cause, new.Reason, false)
	}
}

// endsLater reports whether the end a is later than the end b; 0 is never.
func endsLater(a, b hygiene.Instant) bool { return b != 0 && (a == 0 || a > b) }

// lastCause is what set the end of the suppression.
func lastCause(s *hygiene.Suppression) *hygiene.Cause {
	if s.Renewal.At != (hygiene.Moment{}) {
		return &s.Renewal.Cause
	}
	return &s.Cause
}

// sameCause reports whether both are open because of the same rules, since the same
// times.
func sameCause(s, t *hygiene.Suppression) bool {
	return s.Since == t.Since && s.Cause.SameRule(&t.Cause) &&
		s.Renewal.At == t.Renewal.At && s.Renewal.Cause.SameRule(&t.Renewal.Cause)
}

func (d *planDiff) retry() {
	now := d.planner.now.At
	old, new := d.before.Retry, d.after.Retry
	switch {
	case new.OpenAt(now) && (!old.OpenAt(now) || !new.SameDates(old)):
		d.add(PlannedRetry, &new.Cause, "", false)
	case old.OpenAt(now) && !new.OpenAt(now):
		d.add(PlannedRetryEnd, &old.Cause, "", d.judged.Retry.OpenAt(now))
	}
}

func (d *planDiff) tags() {
	for i := range d.after.Tags {
		if t := &d.after.Tags[i]; !d.before.HasTag(t.Name) {
			d.add(PlannedTag, &t.Cause, t.Name, !d.judged.HasTag(t.Name))
		}
	}
	for i := range d.before.Tags {
		if t := &d.before.Tags[i]; !d.after.HasTag(t.Name) {
			d.add(PlannedUntag, &t.Cause, t.Name, d.judged.HasTag(t.Name))
		}
	}
}
