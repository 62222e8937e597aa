package ruletest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
)

// run is a case while it runs.
type run struct {
	*Result
	bench    *Runner
	tracing  bool // the timeline is recorded
	contact  hygiene.Contact
	now      time.Duration
	seq      int64            // the end of the log
	ledger   []hygiene.Change // in the order in which it was written
	review   *TimelineEntry   // the latest review, when it is not in the timeline yet
	violated []bool           // which of Never were
}

// action is one thing to do. At the same time events come first, then the review,
// and then expectations.
type action struct {
	at    time.Duration
	order actionOrder
	do    func()
}

type actionOrder uint8

const (
	stepOrder actionOrder = iota
	reviewOrder
	expectOrder
	neverOrder
)

// Run runs a case. One that fails runs again to record what happened: most cases
// pass, and recording is slow.
func (b *Runner) Run(c *Case) Result {
	result := b.run(c, false)
	if result.Passed() {
		return result
	}
	return b.run(c, true)
}

func (b *Runner) run(c *Case, tracing bool) Result {
	r := &run{Result: &Result{Case: c}, bench: b, tracing: tracing, contact: c.Contact, violated: make([]bool, len(c.Never))}
	for _, a := range r.actions() {
		r.advance(a.at)
		r.now = a.at
		a.do()
		r.checkNever()
	}
	slices.SortStableFunc(r.Timeline, func(a, b TimelineEntry) int { return cmp.Compare(a.At, b.At) })
	slices.SortStableFunc(r.Failures, func(a, b Failure) int { return cmp.Compare(a.Line, b.Line) })
	return *r.Result
}

// actions is everything to do, in order of time.
func (r *run) actions() []action {
	var list []action
	for i := range r.Case.Steps {
		s := &r.Case.Steps[i]
		for n := range s.Repeat {
			list = append(list, action{s.At + time.Duration(n)*s.Every, stepOrder, func() { r.step(s) }})
		}
	}
	for at := time.Duration(ReviewEvery); at <= r.Case.end(); at += ReviewEvery {
		list = append(list, action{at, reviewOrder, r.runReview})
	}
	for i := range r.Case.Expect {
		e := &r.Case.Expect[i]
		list = append(list, action{e.At, expectOrder, func() { r.check(e) }})
	}
	for _, at := range []time.Duration{0, r.Case.end()} { // Never is checked from the start to the end
		list = append(list, action{at, neverOrder, func() {}})
	}
	slices.SortStableFunc(list, func(a, b action) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order))
	})
	return list
}

// end is the last time that the case mentions.
func (c *Case) end() time.Duration {
	var last time.Duration
	for i := range c.Steps {
		s := &c.Steps[i]
		last = max(last, s.Last())
		if s.Instruction != nil && s.Instruction.Until != 0 {
			last = max(last, s.Instruction.Until.Sub(Start))
		}
	}
	for _, e := range slices.Concat(c.Expect, c.Never) {
		last = max(last, e.At, e.Until)
		if e.Retry != nil && e.Retry.Due != nil {
			last = max(last, *e.Retry.Due)
		}
	}
	return last
}

// advance lets time pass until just before the given time. Never is checked at each
// time at which the contact changes by itself.
func (r *run) advance(until time.Duration) {
	if len(r.Case.Never) == 0 {
		return
	}
	for _, at := range r.timedChanges() {
		if r.now < at && at < until {
			r.now = at
			r.checkNever()
		}
	}
}

// timedChanges is when suppressions and the retry change by themselves, in order.
func (r *run) timedChanges() []time.Duration {
	var at []time.Duration
	for i := range r.contact.Suppressions {
		at = append(at, r.contact.Suppressions[i].Until.Sub(Start))
	}
	if retry := r.contact.Retry; retry != nil {
		at = append(at, retry.DueAt.Sub(Start), retry.LapsesAt.Sub(Start))
	}
	slices.Sort(at)
	return at
}

// instant is the present as an instant.
func (r *run) instant() hygiene.Instant { return Start.Add(r.now) }

func (r *run) moment() hygiene.Moment { return hygiene.Moment{At: r.instant(), Seq: r.seq} }

func (r *run) step(s *Step) {
	switch {
	case s.Instruction != nil:
		r.instruct(*s.Instruction)
	case s.Callback != nil:
		r.receive(s.Callback)
	default:
		r.apply(*s.Event)
	}
}

// apply applies one event.
func (r *run) apply(e hygiene.Event) {
	r.seq++
	e.Seq, e.At, e.ReceivedAt = r.seq, r.instant(), r.instant()
	ownMessage := e.MessageID == ""
	if ownMessage {
		e.MessageID = fmt.Sprint("a message of its own, ", r.seq)
	}
	trace := r.trace()
	changes, added := r.bench.Policy.ApplyTraced(&r.contact, &e, trace)
	r.bench.covered.event(r.bench.Sources, &e)
	r.record(changes)
	if trace == nil {
		return
	}
	entry := TimelineEntry{At: r.now, What: eventText(&e, ownMessage)}
	switch added {
	case hygiene.Repeat:
		entry.add("", hygiene.Phrase{"a repeat of an event of this message: ignored"})
	case hygiene.TooOld:
		entry.add("", hygiene.Phrase{"older than the ", hygiene.EntriesKept, " entries that are kept of this outcome: ignored"})
	}
	r.show(entry.with(changes, trace.Rules))
}

// trace is where rules record what they make of an event; nil when nothing is
// recorded.
func (r *run) trace() *hygiene.Trace {
	if !r.tracing {
		return nil
	}
	return &hygiene.Trace{}
}

// show adds an entry to the timeline.
func (r *run) show(s TimelineEntry) {
	if r.tracing {
		r.Timeline = append(r.Timeline, s)
	}
}

// receive reads a body and applies its events.
func (r *run) receive(c *Callback) {
	i := slices.IndexFunc(r.bench.Sources, func(s Source) bool { return s.Name == c.Source })
	is, err := r.bench.Sources[i].Reader.Read(&provider.Request{Body: c.Body, ReceivedAt: r.instant()})
	if err != nil {
		r.show(TimelineEntry{At: r.now, What: "a callback of " + c.Source + " is refused: " + err.Error()})
	}
	for _, u := range is.Unreadable {
		r.show(TimelineEntry{At: r.now, What: "a callback of " + c.Source + " goes to quarantine: " + u.Why})
	}
	for _, e := range is.Events {
		if r.contact.Key == "" {
			r.contact.Key = e.Contact
		}
		if e.Contact != "" && e.Contact != r.contact.Key {
			what := fmt.Sprintf("%s, of another contact: the body names %s, this test is about %s", eventText(&e, false), e.Contact, r.contact.Key)
			r.show(TimelineEntry{At: r.now, What: what})
			continue
		}
		r.apply(e)
	}
}

// instruct applies what an operator does.
func (r *run) instruct(in hygiene.Instruction) {
	in.Moment = r.moment()
	changes := r.bench.Policy.Instruct(&r.contact, in)
	r.record(changes)
	entry := TimelineEntry{At: r.now, What: instructionText(&in)}
	if len(changes) == 0 {
		entry.add("", hygiene.Phrase{"this changes nothing"})
	}
	r.show(entry.with(changes, nil))
}

// runReview applies the rules that look at the time alone. It is only shown when
// something changes, or when an expectation fails after it.
func (r *run) runReview() {
	trace := r.trace()
	changes := r.bench.Policy.ReviewTraced(&r.contact, r.moment(), trace)
	r.nameRules(changes)
	r.record(changes)
	if trace == nil || len(trace.Rules) == 0 {
		return
	}
	entry := TimelineEntry{At: r.now, What: "the review"}.with(changes, trace.Rules)
	r.review = &entry
	if len(changes) > 0 {
		r.showReview()
	}
}

func (r *run) showReview() {
	if r.review != nil {
		r.show(*r.review)
		r.review = nil
	}
}

// nameRules finds the rules of the review that lifted something. The rule is kept in
// the instruction, and the ledger does not repeat it.
func (r *run) nameRules(changes []hygiene.Change) {
	kinds := map[hygiene.Act]hygiene.InstructionKind{hygiene.Released: hygiene.ReleaseByReview, hygiene.Untagged: hygiene.UntagByReview}
	for i := range changes {
		c := &changes[i]
		for _, in := range r.contact.Instructions {
			if c.Rule == "" && in.Kind == kinds[c.Act] && in.Reason == c.Reason && in.At == r.instant() {
				c.Rule = in.Rule
			}
		}
	}
}

// record keeps the ledger, and which rules acted.
func (r *run) record(changes []hygiene.Change) {
	r.ledger = append(r.ledger, changes...)
	for i := range changes {
		if c := &changes[i]; byRule(c) {
			r.bench.covered.rule(c.Rule)
		}
	}
}

// byRule reports whether a rule made the change. The end of a retry has the name of
// the rule that set it.
func byRule(c *hygiene.Change) bool { return c.Rule != "" && c.Act != hygiene.RetryEnded }
