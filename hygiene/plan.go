package hygiene

import (
	"slices"
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
	given  *Policy
	review *Policy      // the given one, of whose rules of the review only the fresh ones hold for anyone
	fresh  []*Rule      // those
	stable *stableRules // nil when not known
	now    Moment
	named  string // see [Policy.Rejudge]
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
func NewPlanner(given, inForce *Policy, judged []*Policy, now Moment, named string) *Planner {
	review := *given
	review.Rules = slices.Clone(given.Rules)
	p := &Planner{given: given, review: &review, now: now, named: named}
	for i := range review.Rules {
		r := &review.Rules[i]
		switch {
		case r.When != nil:
		case inForce != nil && inForce.rule(r.Name, r.digest) != nil:
			// It keeps its name and content for what it opened, and holds for nobody.
			r.Where = Any{}
		default:
			p.fresh = append(p.fresh, r)
		}
	}
	if len(judged) > 0 {
		p.stable = newStableRules(given, judged)
	}
	return p
}

// Plan makes after the contact as it would be, and appends to found what differs at
// present. It does not change c, and after shares memory with it. When nothing
// differs, after may be left as it was.
func (p *Planner) Plan(c, after *Contact, found []Planned) []Planned {
	unchanged, reviewed := p.stable.unchanged(c), p.concernsReview(c)
	if unchanged && !reviewed {
		return found
	}
	*after = *c
	kept := false
	if !unchanged {
		before := *c
		kept = p.given.replay(after, &before, remake{cause: p.now, named: p.named}).kept
		reviewed = p.concernsReview(after)
	}
	judged := after
	if reviewed {
		judged = after.copyForReview()
		p.review.Review(after, p.now)
	}
	d := planDiff{planner: p, before: c, judged: judged, after: after, found: found}
	d.suppressions()
	d.retry()
	d.tags()
	if kept {
		d.kept()
	}
	return d.found
}

// concernsReview reports whether a fresh rule of the review holds for the contact.
func (p *Planner) concernsReview(c *Contact) bool {
	return slices.ContainsFunc(p.fresh, func(r *Rule) bool { return r.Where.Holds(p.review.reviewSubject(c, r, p.now)) })
}

// copyForReview is a copy to look back at while the contact itself is reviewed: a
// review changes instructions in place.
func (c *Contact) copyForReview() *Contact {
	d := *c
	c.Instructions = slices.Clone(c.Instructions)
	return &d
}

// planDiff finds the differences of one contact: as it is, judged again, and after
// the next review.
type planDiff struct {
	planner               *Planner
	before, judged, after *Contact
	found                 []Planned
}

func (d *planDiff) add(kind PlannedKind, g *Cause, reason string, atReview bool) {
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
		if s.Origin != ByRule || !IsProtected(s.Reason) {
			continue
		}
		named := *d.before
		d.planner.given.Rejudge(&named, d.planner.now, s.Reason)
		if findSuppression(named.OpenSuppressions(now), &s) == nil {
			d.add(PlannedKept, &s.Cause, s.Reason, false)
		}
	}
}

func findSuppression(list []Suppression, s *Suppression) *Suppression {
	for i := range list {
		if list[i].Reason == s.Reason && list[i].Origin == s.Origin {
			return &list[i]
		}
	}
	return nil
}

// suppression compares a suppression that is in effect before and after.
func (d *planDiff) suppression(old, new *Suppression, atReview bool) {
	if atReview {
		d.add(PlannedReopening, &new.Cause, new.Reason, true)
	}
	switch {
	case endsLater(new.Until, old.Until):
		d.add(PlannedExtension, new.lastCause(), new.Reason, atReview)
	case endsLater(old.Until, new.Until):
		d.add(PlannedShortening, old.lastCause(), old.Reason, atReview)
	case !atReview && !old.sameCause(new):
		d.add(PlannedRelabel, &new.Cause, new.Reason, false)
	}
}

// sameCause reports whether both are open because of the same rules, since the same
// times.
func (s *Suppression) sameCause(t *Suppression) bool {
	return s.Since == t.Since && s.Cause.sameRule(&t.Cause) &&
		s.Renewal.At == t.Renewal.At && s.Renewal.Cause.sameRule(&t.Renewal.Cause)
}

func (d *planDiff) retry() {
	now := d.planner.now.At
	old, new := d.before.Retry, d.after.Retry
	switch {
	case new.OpenAt(now) && (!old.OpenAt(now) || !new.sameDates(old)):
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
