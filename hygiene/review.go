package hygiene

import "slices"

// Review asks the rules that look at the time alone about the contact. now is
// the present and the end of the log. A review opens, and does not renew.
func (p *Policy) Review(c *Contact, now Moment) []Change {
	var openings []step
	told := false
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.When != nil {
			continue
		}
		s := p.reviewSubject(c, r, now)
		if !r.Where.Holds(s) {
			continue
		}
		openings = append(openings, r.reviewTag(s, now)...)
		told = c.tellSuppression(r, s, now) || told
		told = c.tellReleases(r, now) || told
	}
	if openings == nil && !told {
		return nil
	}
	changes := p.anew(c, now, openings...)
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

// doubted is the test whether an entry was struck, or waits for review.
func (j *judge) doubted(reason, rule string) func(*Entry) bool {
	struck := j.struck(reason, rule)
	return func(e *Entry) bool { return e.held != 0 || struck != nil && struck(e) }
}

// tellSuppression keeps the suppression that the rule opens as an instruction,
// when none of its reason is open.
func (c *Contact) tellSuppression(r *Rule, s *Subject, now Moment) bool {
	a := r.Then.Suppress
	if a == nil {
		return false
	}
	if i := c.suppression(suppressionKey{reason: a.Reason}); i >= 0 && c.Suppressions[i].OpenAt(now.At) {
		return false
	}
	for i := range c.Instructions { // by a rule before it, in this review
		if in := &c.Instructions[i]; in.Kind == SuppressByReview && in.Reason == a.Reason && in.Moment == now {
			return false
		}
	}
	in := Instruction{Moment: now, Kind: SuppressByReview, Reason: a.Reason, Rule: r.Name, Digest: r.digest}
	in.Evidence, _ = evidence(r.Where, s)
	if a.For > 0 {
		in.Until = now.At.Add(a.For)
	}
	c.tellLatest(in)
	return true
}

// reviewTag is the tag that the rule puts on a contact without it.
func (r *Rule) reviewTag(s *Subject, now Moment) []step {
	name := r.Then.Tag
	if name == "" || s.HasTag(name) {
		return nil
	}
	grounds := Grounds{Rule: r.Name, Digest: r.digest, Review: true}
	grounds.Evidence, grounds.Oldest = evidence(r.Where, s)
	return []step{{Moment: now, rank: rankReview, do: func(j *judge) { j.c.openTag(Tag{Name: name, Since: now, Grounds: grounds}) }}}
}

// evidence is what was counted for the parts of the condition that hold.
func evidence(c Condition, s *Subject) (seqs []int64, oldest Instant) {
	var parts []Condition
	switch c := c.(type) {
	case All:
		parts = c
	case Any:
		parts = c
	case OutcomeTest:
		t := c.count(&s.History, s.At, c.Count, s.struck)
		return t.seqs, t.oldest
	}
	for _, part := range parts {
		if !part.Holds(s) {
			continue
		}
		more, at := evidence(part, s)
		seqs = append(seqs, more...)
		if at != 0 && (oldest == 0 || at < oldest) {
			oldest = at
		}
	}
	slices.Sort(seqs)
	return slices.Compact(seqs), oldest
}

// tellReleases keeps what the rule lifts as instructions, since a replay would
// open it again.
func (c *Contact) tellReleases(r *Rule, now Moment) bool {
	told := false
	tell := func(kind InstructionKind, reason string) {
		c.tellLatest(Instruction{Moment: now, Kind: kind, Reason: reason, Rule: r.Name, Digest: r.digest})
		told = true
	}
	for _, reason := range r.Then.Release {
		if slices.ContainsFunc(c.Suppressions, func(s Suppression) bool {
			return s.Reason == reason && s.Hand == ByRule && s.standsAt(now.At) && !s.Since.After(now)
		}) {
			tell(ReleaseByReview, reason)
		}
	}
	if i := c.tag(r.Then.Untag); i >= 0 && !c.Tags[i].Since.After(now) {
		tell(UntagByReview, r.Then.Untag)
	}
	return told
}

// tellLatest keeps what a review did in the place of what the same rule did to
// the same reason before: a later release lifts what the earlier one lifted, and
// a later suppression ends the retries that the earlier one kept away.
func (c *Contact) tellLatest(in Instruction) {
	c.Instructions = slices.DeleteFunc(c.Instructions, func(old Instruction) bool {
		return old.Kind == in.Kind && old.Reason == in.Reason && old.Rule == in.Rule && !old.After(in.Moment)
	})
	c.tell(in)
}
