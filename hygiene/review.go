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
		openings = append(openings, r.openings(s, now)...)
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

// reviewSubject is the contact as a rule of the review sees it: evidence that
// an operator struck for its reason does not count.
func (p *Policy) reviewSubject(c *Contact, r *Rule, now Moment) *Subject {
	s := &Subject{Contact: c, At: EndOf(now.At)}
	if r.Then.Suppress != nil {
		j := judge{p: p, c: c}
		s.struck = j.struck(r.Then.Suppress.Reason)
	}
	return s
}

// openings are what the rule opens that is not open yet.
func (r *Rule) openings(s *Subject, now Moment) []step {
	var steps []step
	grounds := Grounds{Rule: r.Name, Digest: r.digest, Review: true}
	grounds.Evidence, grounds.Oldest = evidence(r.Where, s)
	if a := r.Then.Suppress; a != nil {
		i := s.suppression(a.Reason, ByRule)
		if i < 0 || !s.Suppressions[i].OpenAt(now.At) {
			sup := Suppression{Reason: a.Reason, Since: now, Grounds: grounds}
			if a.For > 0 {
				sup.Until = now.At.Add(a.For)
			}
			steps = append(steps, step{now, 3, func(j *judge) { j.suppressBy(sup, now) }})
		}
	}
	if name := r.Then.Tag; name != "" && !s.HasTag(name) {
		steps = append(steps, step{now, 3, func(j *judge) {
			j.c.openTag(Tag{Name: name, Since: now, Grounds: grounds})
		}})
	}
	return steps
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
// open it again. Of each rule and reason the latest one is enough: what an
// earlier one lifted, the later one lifts too.
func (c *Contact) tellReleases(r *Rule, now Moment) bool {
	told := false
	tell := func(kind InstructionKind, reason string) {
		in := Instruction{Moment: now, Kind: kind, Reason: reason, Rule: r.Name, Digest: r.digest}
		c.Instructions = slices.DeleteFunc(c.Instructions, func(old Instruction) bool {
			return old.Kind == kind && old.Reason == reason && old.Rule == r.Name && !old.After(now)
		})
		c.tell(in)
		told = true
	}
	for _, reason := range r.Then.Release {
		if i := c.suppression(reason, ByRule); i >= 0 && c.Suppressions[i].OpenAt(now.At) && !c.Suppressions[i].Since.After(now) {
			tell(ReleaseByReview, reason)
		}
	}
	if i := c.tag(r.Then.Untag); i >= 0 && !c.Tags[i].Since.After(now) {
		tell(UntagByReview, r.Then.Untag)
	}
	return told
}
