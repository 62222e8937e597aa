package hygiene

import (
	"slices"
)

// Review evaluates the rules that look at the time alone. now is the present and the end of the log. A review opens suppressions and does not renew
// them.
func (p *Policy) Review(c *Contact, now Moment) []Change { return p.ReviewTraced(c, now, nil) }

// ReviewTraced is Review, and records in t what each rule of the review made of the
// contact. A nil t records nothing.
//
// What a rule of the review suppresses and lifts is kept as an instruction, because
// a replay does not review. Its tags are kept by themselves.
func (p *Policy) ReviewTraced(c *Contact, now Moment, t *Trace) []Change {
	moved := false // what a part says may have changed
	c.eachPart("", func(part *Contact) { moved = len(p.Review(part, now)) > 0 || moved })
	t.begin(now)
	var tags []step
	recorded := false
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.When != nil || p.skips(c, r) {
			continue
		}
		s := p.reviewSubject(c, r, now)
		if t == nil && !r.Where.Holds(s) {
			continue
		}
		f := Explain(r.Where, s)
		v := review{p: p, c: c, r: r, now: now, found: &f, rule: t.rule(r, now)}
		v.rule.reviewed(&f)
		if !f.Holds {
			continue
		}
		recorded = v.suppress() || recorded
		recorded = v.release() || recorded
		recorded = v.untag() || recorded
		if r.Then.Tag != "" && !c.IsNumber() {
			tags = append(tags, v.tag()...)
		}
	}
	if tags == nil && !recorded && !moved {
		return nil
	}
	changes := p.rejudge(c, remake{cause: now, more: tags})
	for i := range changes {
		changes[i].Note = "review"
	}
	return changes
}

// reviewSubject is the contact as a rule of the review sees it.
func (p *Policy) reviewSubject(c *Contact, r *Rule, now Moment) *Subject {
	j := judge{p: p, c: c}
	return j.subject(r, EndOf(now.At))
}

// HoldsAtReview reports whether the rule, one of the review's, holds for the contact at
// a review at the moment now.
func (p *Policy) HoldsAtReview(c *Contact, r *Rule, now Moment) bool {
	return r.Where.Holds(p.reviewSubject(c, r, now))
}

// NextReview is the earliest time after t at which a review may do something to the
// contact, when nothing happens to it and a review at t did nothing; 0 for never.
func (p *Policy) NextReview(c *Contact, t Instant) Instant {
	var next Instant
	for i := range c.Suppressions { // what is over may be opened again
		if until := c.Suppressions[i].Until; until > t {
			next = earliest(next, until)
		}
	}
	for i := range p.Rules {
		if r := &p.Rules[i]; r.When == nil && !p.skips(c, r) {
			next = earliest(next, nextChangeOf(r.Where, &c.History, t))
		}
	}
	return next
}

// review is one rule of the review that holds for a contact.
type review struct {
	p     *Policy
	c     *Contact
	r     *Rule
	now   Moment
	found *Finding
	rule  *RuleTrace // nil records nothing
}

// suppress records the suppression that the rule opens, unless one of its reason is
// open. It reports whether it did.
func (v *review) suppress() bool {
	a := v.r.Then.Suppress
	if a == nil {
		return false
	}
	if v.p.opensElsewhere(v.c, a.Reason, v.r) {
		v.rule.noEffect(a.Reason, " is of the number, not of the contact")
		return false
	}
	held := v.p.heldBy(v.r, v.now.Seq+1) // after all that was swept
	key := suppressionKey{reason: a.Reason}
	if i := v.c.suppression(key); i >= 0 && v.c.Suppressions[i].OpenAt(v.now.At) {
		v.rule.isSuppressed(v.c, key)
		return false
	}
	if i := v.c.suppression(suppressionKey{reason: a.Reason, held: held}); held != 0 && i >= 0 && v.c.Suppressions[i].spans(v.now.At) {
		v.rule.noEffect("what the rule says is held already")
		return false
	}
	for i := range v.c.Instructions { // by a rule before it, in this review
		if in := &v.c.Instructions[i]; in.Kind == SuppressByReview && in.Reason == a.Reason && in.Moment == v.now {
			v.rule.noEffect("rule ", in.Rule, " suppresses for ", a.Reason, " in the same review")
			return false
		}
	}
	in := Instruction{Moment: v.now, Kind: SuppressByReview, Reason: a.Reason, Rule: v.r.Name, Digest: v.r.digest, Held: held}
	in.Evidence, _ = v.found.evidence()
	if a.For > 0 {
		in.Until = v.now.At.Add(a.For)
	}
	v.record(in)
	return true
}

// release records what the rule lifts, and reports whether there was anything.
func (v *review) release() bool {
	released := false
	for _, reason := range v.r.Then.Release {
		if slices.ContainsFunc(v.c.Suppressions, func(s Suppression) bool {
			return s.Reason == reason && s.Origin == ByRule && s.spans(v.now.At) && !s.Since.After(v.now)
		}) {
			v.record(Instruction{Moment: v.now, Kind: ReleaseByReview, Reason: reason, Rule: v.r.Name, Digest: v.r.digest})
			released = true
		}
	}
	if v.r.Then.Release != nil && !released {
		v.rule.nothingToRelease(v.r)
	}
	return released
}

// untag records that the rule removes its tag, and reports whether it was there.
func (v *review) untag() bool {
	name := v.r.Then.Untag
	if name == "" || v.c.IsNumber() {
		return false
	}
	if i := v.c.tag(name); i < 0 || v.c.Tags[i].Since.After(v.now) {
		v.rule.noEffect("not tagged ", name)
		return false
	}
	v.record(Instruction{Moment: v.now, Kind: UntagByReview, Reason: name, Rule: v.r.Name, Digest: v.r.digest})
	return true
}

// tag is the tag that the rule puts on a contact without it.
func (v *review) tag() []step {
	name, now := v.r.Then.Tag, v.now
	if v.c.HasTag(name) {
		v.rule.noEffect("already tagged ", name)
		return nil
	}
	v.rule.acts()
	cause := Cause{Rule: v.r.Name, Digest: v.r.digest, Review: true}
	cause.Evidence, cause.Oldest = v.found.evidence()
	return []step{{Moment: now, order: reviewStep, do: func(j *judge) { j.c.openTag(Tag{Name: name, Since: now, Cause: cause}) }}}
}

// record keeps what the review did as an instruction, in the place of what the same
// rule did for the same reason before. A later release lifts what the earlier one
// lifted, and a later suppression ends the retries that the earlier one prevented.
func (v *review) record(in Instruction) {
	v.rule.acts()
	v.c.Instructions = slices.DeleteFunc(v.c.Instructions, func(old Instruction) bool {
		return old.Kind == in.Kind && old.Reason == in.Reason && old.Rule == in.Rule && !old.After(in.Moment)
	})
	v.c.record(in)
}
