package hygiene

import "slices"

// PlannedKind is one of the ways in which a contact would stand otherwise if
// everyone were judged again.
type PlannedKind uint8

// The kinds of what is planned, in the order in which they are told.
const (
	PlannedSuppression PlannedKind = iota // a suppression holds that did not
	PlannedRelease                        // one no longer holds
	PlannedRetry                          // a retry is set, or at another time
	PlannedDrop                           // a retry is gone
	PlannedProlonging                     // a suppression holds until later
	PlannedShortening                     // one is over earlier
	PlannedTag
	PlannedUntag
	// PlannedReopening is a suppression that judging again lifts, since its rule
	// of the review reads otherwise, and that the next review opens again.
	PlannedReopening
	// PlannedRestatement changes nothing for the contact: the suppression holds
	// as it did, but stands on another rule, or on the same as it reads now.
	PlannedRestatement

	PlannedKinds = iota // how many kinds there are
)

// Planned is one difference between a contact as it stands and as it would.
type Planned struct {
	Kind PlannedKind
	// Rule is the rule's name: that which opens, sets or tags; of what goes, that
	// which had done so. Edited tells that it did so reading otherwise than the
	// rule of that name in the given policy.
	Rule     string
	Edited   bool
	Reason   string // of the suppression, or the tag
	AtReview bool   // judging again does not bring it about, the next review does
}

// Planner tells what the given policy would make of contacts as they stand. It
// may be used by several goroutines at once.
type Planner struct {
	given  *Policy
	review *Policy // the given one, of whose rules of the review only the fresh ones are asked
	fresh  []*Rule // those
	steady *steady // nil when not known
	now    Moment
}

// NewPlanner prepares to compare. inForce is the policy whose reviews have been
// made, nil when there is none; judged are all policies that ever judged the
// contacts, nil when not all of them are known. now is the present and the end
// of the log.
//
// Judging again brings about what the rules of a review opened before, and asks
// them nothing new. So those that read otherwise than in the policy in force are
// asked here as the next review will ask them; the others have been asked.
func NewPlanner(given, inForce *Policy, judged []*Policy, now Moment) *Planner {
	review := *given
	review.Rules = slices.Clone(given.Rules)
	p := &Planner{given: given, review: &review, now: now}
	for i := range review.Rules {
		r := &review.Rules[i]
		switch {
		case r.When != nil:
		case inForce != nil && inForce.rule(r.Name, r.digest) != nil:
			// It keeps its name and content for what stands on it, and holds for nobody.
			r.Where = Any{}
		default:
			p.fresh = append(p.fresh, r)
		}
	}
	if len(judged) > 0 {
		p.steady = newSteady(given, judged)
	}
	return p
}

// Plan makes after the contact as it would stand, and appends to found what
// differs at the present. c stays as it is, and after shares memory with it.
// When nothing differs, after may be left as it was.
func (p *Planner) Plan(c, after *Contact, found []Planned) []Planned {
	keeps, asks := p.steady.keeps(c), p.asks(c)
	if keeps && !asks {
		return found
	}
	*after = *c
	if !keeps {
		p.given.Rejudge(after, p.now)
		asks = p.asks(after)
	}
	judged := after
	if asks {
		judged = after.asJudged()
		p.review.Review(after, p.now)
	}
	d := differ{planner: p, before: c, judged: judged, after: after, found: found}
	d.suppressions()
	d.retry()
	d.tags()
	return d.found
}

// asks tells whether a fresh rule of the review holds for the contact.
func (p *Planner) asks(c *Contact) bool {
	return slices.ContainsFunc(p.fresh, func(r *Rule) bool { return r.Where.Holds(p.review.reviewSubject(c, r, p.now)) })
}

// Agrees tells whether both policies have the rule of that name, and it reads
// the same in both. A nil policy has no rules.
func (p *Policy) Agrees(with *Policy, rule string) bool {
	if p == nil || with == nil {
		return false
	}
	i := slices.IndexFunc(p.Rules, func(r Rule) bool { return r.Name == rule })
	return i >= 0 && with.rule(rule, p.Rules[i].digest) != nil
}

// asJudged is a copy to look back at, when the contact itself is going to be
// reviewed: a review changes instructions in their place.
func (c *Contact) asJudged() *Contact {
	d := *c
	c.Instructions = slices.Clone(c.Instructions)
	return &d
}

// differ finds the differences of one contact: as it stands, judged again, and
// after the next review.
type differ struct {
	planner               *Planner
	before, judged, after *Contact
	found                 []Planned
}

func (d *differ) add(kind PlannedKind, g *Grounds, reason string, atReview bool) {
	p := d.planner.given
	d.found = append(d.found, Planned{Kind: kind, Rule: g.Rule, Edited: p.rule(g.Rule, g.Digest) == nil, Reason: reason, AtReview: atReview})
}

func (d *differ) suppressions() {
	now := d.planner.now.At
	before, judged, after := d.before.OpenSuppressions(now), d.judged.OpenSuppressions(now), d.after.OpenSuppressions(now)
	for i := range after {
		s := &after[i]
		atReview := findSuppression(judged, s) == nil
		if old := findSuppression(before, s); old != nil {
			d.standing(old, s, atReview)
		} else {
			d.add(PlannedSuppression, &s.Grounds, s.Reason, atReview)
		}
	}
	for i := range before {
		if s := &before[i]; findSuppression(after, s) == nil {
			d.add(PlannedRelease, &s.Grounds, s.Reason, findSuppression(judged, s) != nil)
		}
	}
}

func findSuppression(list []Suppression, s *Suppression) *Suppression {
	for i := range list {
		if list[i].Reason == s.Reason && list[i].Hand == s.Hand {
			return &list[i]
		}
	}
	return nil
}

// standing compares a suppression that holds before and after.
func (d *differ) standing(old, new *Suppression, atReview bool) {
	if atReview {
		d.add(PlannedReopening, &new.Grounds, new.Reason, true)
	}
	switch {
	case later(new.Until, old.Until):
		d.add(PlannedProlonging, new.lastGrounds(), new.Reason, atReview)
	case later(old.Until, new.Until):
		d.add(PlannedShortening, old.lastGrounds(), old.Reason, atReview)
	case !atReview && !old.standsLike(new):
		d.add(PlannedRestatement, &new.Grounds, new.Reason, false)
	}
}

// standsLike tells whether two suppressions that hold until the same time do so
// for the same rules, since the same time.
func (s *Suppression) standsLike(t *Suppression) bool {
	return s.Since == t.Since && sameRule(&s.Grounds, &t.Grounds) &&
		s.Renewal.At == t.Renewal.At && sameRule(&s.Renewal.Grounds, &t.Renewal.Grounds)
}

func sameRule(a, b *Grounds) bool { return a.Rule == b.Rule && a.Digest == b.Digest }

// lastGrounds is what set Until.
func (s *Suppression) lastGrounds() *Grounds {
	if s.Renewal.At != (Moment{}) {
		return &s.Renewal.Grounds
	}
	return &s.Grounds
}

func (d *differ) retry() {
	now := d.planner.now.At
	old, new := d.before.Retry, d.after.Retry
	switch {
	case new.OpenAt(now) && (!old.OpenAt(now) || old.Since != new.Since || old.Due != new.Due || old.Lapses != new.Lapses):
		d.add(PlannedRetry, &new.Grounds, "", false)
	case old.OpenAt(now) && !new.OpenAt(now):
		d.add(PlannedDrop, &old.Grounds, "", d.judged.Retry.OpenAt(now))
	}
}

func (d *differ) tags() {
	for i := range d.after.Tags {
		if t := &d.after.Tags[i]; !d.before.HasTag(t.Name) {
			d.add(PlannedTag, &t.Grounds, t.Name, !d.judged.HasTag(t.Name))
		}
	}
	for i := range d.before.Tags {
		if t := &d.before.Tags[i]; !d.after.HasTag(t.Name) {
			d.add(PlannedUntag, &t.Grounds, t.Name, d.judged.HasTag(t.Name))
		}
	}
}
