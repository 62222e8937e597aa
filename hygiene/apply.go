package hygiene

import (
	"slices"
)

// Apply adds an event to the contact and judges it: on the contact's present state,
// or, when the event is late, by a replay. It changes c, and returns the ledger
// entries and what became of the event.
func (p *Policy) Apply(c *Contact, e *Event) ([]Change, Addition) { return p.ApplyTraced(c, e, nil) }

// ApplyTraced is Apply, and records in t what each rule made of the event. A nil t
// records nothing.
func (p *Policy) ApplyTraced(c *Contact, e *Event, t *Trace) ([]Change, Addition) {
	c.eachPart(e.Contact, func(part *Contact) { p.Apply(part, e) })
	t.begin(e.Moment())
	late := !e.Moment().After(c.latest()) || c.Parts != nil // what its parts say may have changed
	first := c.History.FirstSeen()
	moved := c.noteSent(e)
	added, replaced := c.History.add(e)
	moved = c.noteTo(e) && added != Added || moved
	if len(c.Numbers) > 1 || len(c.Sendings) > 0 {
		c.noteEvents()
	}
	switch {
	case (added == Repeat || added == TooOld) && first == c.History.FirstSeen() && !moved && c.Parts == nil:
		return nil, added
	case late || moved || added != Added:
		changes := p.rejudge(c, remake{cause: e.Moment(), trace: t, replaced: replaced, outcome: e.Outcome})
		if added == Again && len(changes) == 0 {
			t.begin(e.Moment())
			added = Repeat
		}
		return changes, added
	}
	j := judge{p: p, c: c, trace: t}
	history := c.History.Outcome(e.Outcome)
	j.event(e.Outcome, &history.Entries[len(history.Entries)-1])
	j.recordReleases()
	return j.changes, added
}

// judge is one judgement of one contact.
type judge struct {
	p         *Policy
	c         *Contact
	replaying bool          // rules are not evaluated behind their horizon
	horizons  []horizon     // of a replay, by rule
	gaveUp    *Change       // of a replay: the last bounce went past the end of the list
	releases  []Instruction // of protected reasons, by rules
	changes   []Change
	trace     *Trace     // nil records nothing
	rule      *RuleTrace // of the rule that is evaluated; nil records nothing
}

// event judges one entry: what it ends by itself, then the rules in the order of
// the file.
func (j *judge) event(o Outcome, e *Entry) {
	j.endRetry(o, e)
	kind := j.c.History.Kind(e)
	for _, i := range j.p.triggers[o] {
		r := &j.p.Rules[i]
		if j.p.skips(j.c, r) {
			continue
		}
		j.rule = j.trace.rule(r, e.Moment)
		switch {
		case o == SoftBounce && e.afterDelivery:
			j.rule.because("the message had been delivered; a bounce after that triggers nothing")
		case r.When.triggeredBy(o, kind):
			j.try(r, e)
		default:
			j.rule.isOfOtherKind(&r.When.Counting, kind)
		}
	}
}

// saidAgain judges an opt-out at its latest repeat: as if that had come in its place.
func (j *judge) saidAgain(e *Entry) {
	t := &j.c.History.outcomes[e.outcome]
	entries := t.Entries
	defer func() { t.Entries = entries }()
	again := *e.again()
	i := t.find(e)
	t.Entries = slices.Concat(entries[:i], entries[i+1:])
	t.insert(again)
	j.event(again.outcome, &t.Entries[t.find(&again)])
}

// endRetry ends the retry when the contact was reached, or when another message was
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
		j.note(Change{At: m.At, Seq: m.Seq, Act: RetryEnded, Rule: r.Rule, Attempt: r.Attempt, Until: r.DueAt})
	}
}

// try evaluates one rule for one entry, and lets it act.
func (j *judge) try(r *Rule, e *Entry) {
	opens, lifts := r.opens(), r.lifts()
	if j.replaying {
		opens = opens && e.At > j.horizons[r.index].opens
		lifts = lifts && e.At > j.horizons[r.index].lifts
	}
	if !opens && !lifts {
		j.rule.because("the history no longer shows everything that the rule looked at")
		return
	}
	if r.Where != nil && !j.where(r, e.Moment) {
		return
	}
	if lifts && j.count(r, e, nil).n >= r.When.Count {
		j.lift(r, e)
	}
	if opens {
		j.open(r, e)
	}
}

// where reports whether the condition of the rule holds.
func (j *judge) where(r *Rule, m Moment) bool {
	s := j.subject(r, m)
	if j.rule == nil {
		return r.Where.Holds(s)
	}
	f := Explain(r.Where, s)
	j.rule.foundWhere(&f)
	return f.Holds
}

// count counts for the entry, as many as the rule needs. An entry that does not
// count itself triggers nothing, however many others do.
func (j *judge) count(r *Rule, e *Entry, struck func(*Entry) bool) tally {
	itself := struck == nil || !struck(e)
	most := max(r.When.Count, 1)
	if j.rule == nil {
		if !itself {
			return tally{}
		}
		return r.When.count(&j.c.History, e.Moment, most, struck)
	}
	record := r.When.record(&j.c.History, e.Moment, struck)
	t := record.tally(most)
	if !itself {
		t = tally{}
	}
	j.rule.counted(record, t.n >= r.When.Count)
	return t
}

// open does what adds something: suppress, retry and tag.
func (j *judge) open(r *Rule, e *Entry) {
	if s := r.Then.Suppress; s != nil {
		switch t := j.countForSuppression(r, e); {
		case t.n < r.When.Count:
			j.rule.noEffect("what counts for ", s.Reason, " was struck by an operator")
		case !r.asksContact && j.p.liesElsewhere(j.c, s.Reason, e):
			j.rule.noEffect(s.Reason, " is of the number, not of the contact")
			if t.held == 0 {
				j.dropRetry(e.Moment)
			}
		default:
			j.suppress(r, e, t)
		}
	}
	if j.c.IsNumber() {
		return
	}
	if r.Then.Retry != nil {
		if t := j.count(r, e, j.struck("", r.Name)); t.n >= r.When.Count {
			j.retry(r, e)
		} else {
			j.rule.noEffect("what counts for the retry was struck by an operator")
		}
	}
	if r.Then.Tag != "" {
		if t := j.count(r, e, nil); t.n >= r.When.Count {
			j.tag(r, e.Moment, t)
		}
	}
}

// subject is the contact as the condition of a rule sees it. For a suppression,
// entries that were struck or are held do not count.
func (j *judge) subject(r *Rule, at Moment) *Subject {
	s := &Subject{Contact: j.c, At: at}
	if r.Then.Suppress != nil {
		s.struck = j.struckOrHeld(r.Then.Suppress.Reason, r.Name)
	}
	return s
}

// countForSuppression counts without the held entries when there are enough
// others, else with them; then the suppression is held too.
func (j *judge) countForSuppression(r *Rule, e *Entry) tally {
	reason := r.Then.Suppress.Reason
	elsewhere := func(struck func(*Entry) bool) func(*Entry) bool { return struck }
	if other := j.c.onOtherNumber(e); other != nil && !r.asksContact && !j.c.IsNumber() && j.p.IsFault(reason) {
		elsewhere = func(struck func(*Entry) bool) func(*Entry) bool {
			return func(e *Entry) bool { return other(e) || struck != nil && struck(e) }
		}
	}
	t := j.count(r, e, elsewhere(j.struck(reason, r.Name)))
	if t.held == 0 {
		return t
	}
	if sure := j.count(r, e, elsewhere(j.struckOrHeld(reason, r.Name))); sure.n >= r.When.Count {
		return sure
	}
	return t
}

// struck is the test whether an entry no longer counts for the reason and the
// rule; nil when nothing was struck. An empty reason is that of retries.
func (j *judge) struck(reason, rule string) func(*Entry) bool {
	c := j.c // the closure must not hold on to j, which would then be allocated
	if !c.hasStrikes() {
		return nil
	}
	return func(e *Entry) bool {
		for i := range c.Instructions {
			if c.Instructions[i].strikes(reason, rule, e, c.History.Kind(e)) {
				return true
			}
		}
		return false
	}
}

// struckOrHeld is the test whether an entry was struck or is held by a breaker.
func (j *judge) struckOrHeld(reason, rule string) func(*Entry) bool {
	struck := j.struck(reason, rule)
	return func(e *Entry) bool { return e.held != 0 || struck != nil && struck(e) }
}

func (r *Rule) cause(t tally) Cause {
	return Cause{Rule: r.Name, Digest: r.digest, Evidence: t.seqs, Oldest: t.oldest}
}

func (j *judge) suppress(r *Rule, e *Entry, t tally) {
	s := j.p.suppressionOf(r, e, t)
	if j.suppressBy(s, e.Moment) {
		j.rule.acts()
	} else {
		j.rule.isSuppressed(j.c, s.key())
	}
}

// suppressBy opens the suppression, or renews the open one of the same reason and
// origin, whose first cause stays. A held one is kept beside one that is not. It
// reports whether that changed anything.
func (j *judge) suppressBy(s Suppression, m Moment) bool {
	act := Suppressed
	if i := j.c.suppression(s.key()); i >= 0 {
		old := &j.c.Suppressions[i]
		old.heard = max(old.heard, s.heard)
		switch {
		case !old.spans(m.At):
			j.c.Suppressions = slices.Delete(j.c.Suppressions, i, i+1)
		case endsLater(s.Until, old.Until):
			j.p.renew(j.c, old, &s, m)
			act = Renewed
		default:
			return false
		}
	}
	if act == Suppressed {
		j.c.openSuppression(s)
	}
	j.note(Change{At: m.At, Seq: m.Seq, Act: act, Reason: s.Reason, Origin: s.Origin, Held: s.Held, Until: s.Until, Rule: s.Rule,
		Evidence: s.Evidence, By: s.By, Note: s.Note})
	if s.Held == 0 {
		j.dropRetry(m)
	}
	return true
}

// lift does what removes something: release and untag.
func (j *judge) lift(r *Rule, e *Entry) {
	m := e.Moment
	if r.Then.Release != nil {
		released := false
		for _, reason := range r.Then.Release {
			if j.release(m, r.Name, func(s *Suppression) bool { return s.Origin == ByRule && s.Reason == reason && !e.heardBefore(s) }) {
				released = true
				j.noteRelease(r, reason, m)
			}
		}
		if released {
			j.rule.acts()
		} else {
			j.rule.nothingToRelease(r)
		}
	}
	if r.Then.Untag != "" && !j.c.IsNumber() {
		if j.untag(r.Then.Untag, r.Name, m) {
			j.rule.acts()
		} else {
			j.rule.noEffect("not tagged ", r.Then.Untag)
		}
	}
}

// heardBefore reports whether the log received the event before the latest word for a
// suppression of a protected reason, whatever its clock said.
func (e *Entry) heardBefore(s *Suppression) bool { return e.received && e.Seq < s.heard }

// release lifts the suppressions that match, and reports whether one of them was in
// force. One that is over is removed without an entry.
func (j *judge) release(m Moment, rule string, match func(*Suppression) bool) bool {
	released := false
	j.c.Suppressions = slices.DeleteFunc(j.c.Suppressions, func(s Suppression) bool {
		if s.Since.After(m) || !match(&s) {
			return false
		}
		if s.spans(m.At) {
			released = true
			j.note(Change{At: m.At, Seq: m.Seq, Act: Released, Reason: s.Reason, Origin: s.Origin, Held: s.Held, Rule: rule})
		}
		return true
	})
	return released
}

// retry sets the retry of the bounce e, or gives up past the end of the list.
func (j *judge) retry(r *Rule, e *Entry) {
	if slices.ContainsFunc(j.c.Suppressions, func(s Suppression) bool { return s.OpenAt(e.At) }) {
		j.rule.noEffect("a suppressed contact is not retried")
		return
	}
	plan := r.Then.Retry
	since := r.When.Counting
	since.Since, since.Within = OutcomesOf(Delivered), 0
	t := since.count(&j.c.History, e.Moment, len(plan.After)+1, j.struck("", r.Name))
	j.rule.sinceDelivery(t.n)
	if t.n == 0 {
		j.rule.noEffect("no bounce since the last delivery counts")
		return
	}
	j.rule.acts()
	j.c.Retry, j.gaveUp = nil, nil
	if t.n > len(plan.After) {
		j.gaveUp = &Change{At: e.At, Seq: e.Seq, Act: GaveUp, Rule: r.Name, Attempt: t.n, Evidence: t.seqs}
		j.note(*j.gaveUp)
		return
	}
	due := e.At.Add(plan.After[t.n-1])
	j.c.Retry = &Retry{DueAt: due, LapsesAt: due.Add(plan.Lapse), Attempt: t.n, Since: e.Moment, Message: e.Message, Cause: r.cause(t)}
	j.note(Change{At: e.At, Seq: e.Seq, Act: RetrySet, Rule: r.Name, Attempt: t.n, Until: due, Evidence: t.seqs})
}

func (j *judge) tag(r *Rule, m Moment, t tally) {
	if j.c.HasTag(r.Then.Tag) {
		j.rule.noEffect("already tagged ", r.Then.Tag)
		return
	}
	j.rule.acts()
	j.c.openTag(Tag{Name: r.Then.Tag, Since: m, Cause: r.cause(t)})
	j.note(Change{At: m.At, Seq: m.Seq, Act: Tagged, Reason: r.Then.Tag, Rule: r.Name, Evidence: t.seqs})
}

// untag removes the tag, and reports whether it was there.
func (j *judge) untag(name, rule string, m Moment) bool {
	i := j.c.tag(name)
	if i < 0 || j.c.Tags[i].Since.After(m) {
		return false
	}
	j.c.Tags = slices.Delete(j.c.Tags, i, i+1)
	j.note(Change{At: m.At, Seq: m.Seq, Act: Untagged, Reason: name, Rule: rule})
	return true
}

// note adds a ledger entry. The steps of a replay are not entries; what differs in
// the end is.
func (j *judge) note(c Change) {
	if !j.replaying {
		j.changes = append(j.changes, c)
	}
}
