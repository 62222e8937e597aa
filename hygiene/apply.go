package hygiene

import "slices"

// Apply takes an event into the contact and judges it: in order on the contact
// as it stands, or, when the event is late, by making the contact anew. It
// changes c and returns the ledger entries, and what became of the event.
func (p *Policy) Apply(c *Contact, e *Event) ([]Change, Addition) {
	late := !e.Moment().After(c.latest())
	first := c.History.FirstSeen()
	added := c.History.Add(e)
	switch {
	case (added == Repeat || added == Settled) && first == c.History.FirstSeen():
		return nil, added
	case late || added != Added:
		return p.anew(c, e.Moment()), added
	}
	j := judge{p: p, c: c}
	t := c.History.Trail(e.Outcome)
	j.event(e.Outcome, &t.Entries[len(t.Entries)-1])
	return j.changes, added
}

// judge is one judgement of one contact.
type judge struct {
	p       *Policy
	c       *Contact
	anew    bool    // a replay: rules are not asked behind what the history shows
	floors  []floor // of a replay, by rule
	gaveUp  *Change // of a replay: the last bounce went past the end of the list
	changes []Change
}

// event judges one entry: what it ends by itself, then the rules in the order
// of the file.
func (j *judge) event(o Outcome, e *Entry) {
	j.endRetry(o, e)
	if o == SoftBounce && e.mute {
		return
	}
	kind := j.c.History.Kind(e)
	for _, i := range j.p.triggers[o] {
		if r := &j.p.Rules[i]; r.When.triggeredBy(o, kind) {
			j.try(r, e)
		}
	}
}

// endRetry ends the retry when the contact was reached, or another message was
// sent since.
func (j *judge) endRetry(o Outcome, e *Entry) {
	r := j.c.Retry
	if r == nil || o != Delivered && !(o == Sent && e.Message != r.Message) {
		return
	}
	j.dropRetry(e.Moment)
}

func (j *judge) dropRetry(m Moment) {
	r := j.c.Retry
	if r == nil {
		return
	}
	j.c.Retry = nil
	if r.OpenAt(m.At) {
		j.note(Change{At: m.At, Seq: m.Seq, Act: RetryEnded, Rule: r.Rule, Attempt: r.Attempt, Until: r.Due})
	}
}

// try asks one rule about one entry, and lets it act.
func (j *judge) try(r *Rule, e *Entry) {
	opens := r.Then.Suppress != nil || r.Then.Retry != nil || r.Then.Tag != ""
	lifts := r.Then.Release != nil || r.Then.Untag != ""
	if j.anew {
		opens = opens && e.At > j.floors[r.index].opens
		lifts = lifts && e.At > j.floors[r.index].lifts
	}
	if !opens && !lifts || r.Where != nil && !r.Where.Holds(j.subject(r, e.Moment)) {
		return
	}
	if lifts && j.counted(r, e, nil).n >= r.When.Count {
		j.lift(r, e.Moment)
	}
	if opens {
		j.open(r, e)
	}
}

func (j *judge) counted(r *Rule, e *Entry, struck func(*Entry) bool) tally {
	if struck != nil && struck(e) {
		return tally{}
	}
	return r.When.count(&j.c.History, e.Moment, max(r.When.Count, 1), struck)
}

func (j *judge) open(r *Rule, e *Entry) {
	if s := r.Then.Suppress; s != nil {
		if t := j.weighed(r, e); t.n >= r.When.Count {
			j.suppress(r, e.Moment, t)
		}
	}
	if r.Then.Retry != nil {
		if t := j.counted(r, e, j.struck("", r.Name)); t.n >= r.When.Count {
			j.retry(r, e)
		}
	}
	if r.Then.Tag != "" {
		if t := j.counted(r, e, nil); t.n >= r.When.Count {
			j.tag(r, e.Moment, t)
		}
	}
}

// subject is the contact as the condition of a rule sees it. For what suppresses,
// evidence that was struck does not count, nor what waits for review.
func (j *judge) subject(r *Rule, at Moment) *Subject {
	s := &Subject{Contact: j.c, At: at}
	if r.Then.Suppress != nil {
		s.struck = j.doubted(r.Then.Suppress.Reason, r.Name)
	}
	return s
}

// weighed counts for a suppression: without what waits for review when there is
// enough besides, else with it, and then the verdict waits too.
func (j *judge) weighed(r *Rule, e *Entry) tally {
	reason := r.Then.Suppress.Reason
	t := j.counted(r, e, j.struck(reason, r.Name))
	if t.held == 0 {
		return t
	}
	if sure := j.counted(r, e, j.doubted(reason, r.Name)); sure.n >= r.When.Count {
		return sure
	}
	return t
}

// struck is the test whether an entry no longer counts for the reason and the
// rule; nil when nothing was struck.
func (j *judge) struck(reason, rule string) func(*Entry) bool {
	in := j.c.Instructions
	if !slices.ContainsFunc(in, func(in Instruction) bool { return in.Kind == Allow || in.Kind == Strike }) {
		return nil
	}
	return func(e *Entry) bool {
		for i := range in {
			if in[i].strikes(reason, rule, e, j.c.History.Kind(e)) {
				return true
			}
		}
		return false
	}
}

func (r *Rule) grounds(t tally) Grounds {
	return Grounds{Rule: r.Name, Digest: r.digest, Evidence: t.seqs, Oldest: t.oldest}
}

func (j *judge) suppress(r *Rule, m Moment, t tally) {
	s := Suppression{Reason: r.Then.Suppress.Reason, Held: t.held, Since: m, Grounds: r.grounds(t)}
	if r.Then.Suppress.For > 0 {
		s.Until = m.At.Add(r.Then.Suppress.For)
	}
	j.suppressBy(s, m)
}

// suppressBy opens the suppression, or renews the open one of the same reason
// and hand, whose first grounds stay. One that waits for review stands beside
// one that does not.
func (j *judge) suppressBy(s Suppression, m Moment) {
	act := Suppressed
	if i := j.c.suppression(s.key()); i >= 0 {
		old := &j.c.Suppressions[i]
		switch {
		case !old.standsAt(m.At):
			j.c.Suppressions = slices.Delete(j.c.Suppressions, i, i+1)
		case later(s.Until, old.Until):
			old.Until, old.Renewal, act = s.Until, Renewal{m, s.Grounds}, Renewed
		default:
			return
		}
	}
	if act == Suppressed {
		j.c.openSuppression(s)
	}
	j.note(Change{At: m.At, Seq: m.Seq, Act: act, Reason: s.Reason, Hand: s.Hand, Held: s.Held, Until: s.Until, Rule: s.Rule,
		Evidence: s.Evidence, By: s.By, Note: s.Note})
	if s.Held == 0 {
		j.dropRetry(m)
	}
}

// lift lifts what the rule releases of what rules opened.
func (j *judge) lift(r *Rule, m Moment) {
	for _, reason := range r.Then.Release {
		j.release(m, r.Name, func(s *Suppression) bool { return s.Hand == ByRule && s.Reason == reason })
	}
	if r.Then.Untag != "" {
		j.untag(r.Then.Untag, r.Name, m)
	}
}

// release lifts the suppressions that match; one already over goes in silence.
func (j *judge) release(m Moment, rule string, match func(*Suppression) bool) {
	j.c.Suppressions = slices.DeleteFunc(j.c.Suppressions, func(s Suppression) bool {
		if s.Since.After(m) || !match(&s) {
			return false
		}
		if s.standsAt(m.At) {
			j.note(Change{At: m.At, Seq: m.Seq, Act: Released, Reason: s.Reason, Hand: s.Hand, Held: s.Held, Rule: rule})
		}
		return true
	})
}

// retry sets the retry of the bounce e, or gives up past the end of the list.
func (j *judge) retry(r *Rule, e *Entry) {
	if j.c.suppressedAt(e.At) {
		return
	}
	plan := r.Then.Retry
	since := r.When.Counting
	since.Since, since.Within = OutcomesOf(Delivered), 0
	t := since.count(&j.c.History, e.Moment, len(plan.After)+1, j.struck("", r.Name))
	if t.n == 0 {
		return
	}
	j.c.Retry, j.gaveUp = nil, nil
	if t.n > len(plan.After) {
		j.gaveUp = &Change{At: e.At, Seq: e.Seq, Act: GaveUp, Rule: r.Name, Attempt: t.n, Evidence: t.seqs}
		j.note(*j.gaveUp)
		return
	}
	due := e.At.Add(plan.After[t.n-1])
	j.c.Retry = &Retry{Due: due, Lapses: due.Add(plan.Lapse), Attempt: t.n, Since: e.Moment, Message: e.Message, Grounds: r.grounds(t)}
	j.note(Change{At: e.At, Seq: e.Seq, Act: RetrySet, Rule: r.Name, Attempt: t.n, Until: due, Evidence: t.seqs})
}

func (j *judge) tag(r *Rule, m Moment, t tally) {
	if j.c.HasTag(r.Then.Tag) {
		return
	}
	j.c.openTag(Tag{Name: r.Then.Tag, Since: m, Grounds: r.grounds(t)})
	j.note(Change{At: m.At, Seq: m.Seq, Act: Tagged, Reason: r.Then.Tag, Rule: r.Name, Evidence: t.seqs})
}

func (j *judge) untag(name, rule string, m Moment) {
	i := j.c.tag(name)
	if i < 0 || j.c.Tags[i].Since.After(m) {
		return
	}
	j.c.Tags = slices.Delete(j.c.Tags, i, i+1)
	j.note(Change{At: m.At, Seq: m.Seq, Act: Untagged, Reason: name, Rule: rule})
}

// note adds a ledger entry. A replay's own steps are no news: what differs in
// the end is.
func (j *judge) note(c Change) {
	if !j.anew {
		j.changes = append(j.changes, c)
	}
}
