package ruletest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
)

// run is a case being tried.
type run struct {
	*Result
	bench   *Bench
	telling bool // the story too
	contact hygiene.Contact
	now     time.Duration
	seq     int64            // the end of the log
	ledger  []hygiene.Change // in the order in which it was written
	review  *Scene           // what the rules of the latest review thought, until it is told
	broken  []bool           // which of Never were broken
}

// moment is one thing to do. At the same time events come first, then the
// review, and then what is expected.
type moment struct {
	at   time.Duration
	rank int
	do   func()
}

// Run tries a case. One that fails is tried again, with its story told: most
// pass, and their stories nobody reads.
func (b *Bench) Run(c *Case) Result {
	result := b.try(c, false)
	if result.Passed() {
		return result
	}
	return b.try(c, true)
}

func (b *Bench) try(c *Case, telling bool) Result {
	r := &run{Result: &Result{Case: c}, bench: b, telling: telling, contact: c.Contact, broken: make([]bool, len(c.Never))}
	for _, m := range r.moments() {
		r.pass(m.at)
		r.now = m.at
		m.do()
		r.checkNever()
	}
	slices.SortStableFunc(r.Story, func(a, b Scene) int { return cmp.Compare(a.At, b.At) })
	slices.SortStableFunc(r.Failures, func(a, b Failure) int { return cmp.Compare(a.Line, b.Line) })
	return *r.Result
}

// moments is all there is to do, in order of time.
func (r *run) moments() []moment {
	var list []moment
	for i := range r.Case.Steps {
		s := &r.Case.Steps[i]
		for n := range s.Repeat {
			list = append(list, moment{s.At + time.Duration(n)*s.Every, 0, func() { r.step(s) }})
		}
	}
	for at := time.Duration(ReviewEvery); at <= r.Case.end(); at += ReviewEvery {
		list = append(list, moment{at, 1, r.reviewed})
	}
	for i := range r.Case.Expect {
		e := &r.Case.Expect[i]
		list = append(list, moment{e.At, 2, func() { r.check(e) }})
	}
	for _, at := range []time.Duration{0, r.Case.end()} { // what must never be is looked for from the start to the end
		list = append(list, moment{at, 3, func() {}})
	}
	slices.SortStableFunc(list, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank))
	})
	return list
}

// end is the last time that the case mentions.
func (c *Case) end() time.Duration {
	var last time.Duration
	for i := range c.Steps {
		s := &c.Steps[i]
		last = max(last, s.Last())
		if s.Told != nil && s.Told.Until != 0 {
			last = max(last, s.Told.Until.Sub(Start))
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

// pass lets time go by, until just before the given one. What must never be is
// looked for wherever something turns by itself.
func (r *run) pass(until time.Duration) {
	if len(r.Case.Never) == 0 {
		return
	}
	for _, at := range r.turns() {
		if r.now < at && at < until {
			r.now = at
			r.checkNever()
		}
	}
}

// turns is when suppressions and the retry turn by themselves, in order.
func (r *run) turns() []time.Duration {
	var at []time.Duration
	for i := range r.contact.Suppressions {
		at = append(at, r.contact.Suppressions[i].Until.Sub(Start))
	}
	if retry := r.contact.Retry; retry != nil {
		at = append(at, retry.Due.Sub(Start), retry.Lapses.Sub(Start))
	}
	slices.Sort(at)
	return at
}

// instant is the present as the engine counts time.
func (r *run) instant() hygiene.Instant { return Start.Add(r.now) }

func (r *run) step(s *Step) {
	switch {
	case s.Told != nil:
		r.told(*s.Told)
	case s.Callback != nil:
		r.callback(s.Callback)
	default:
		r.event(*s.Event)
	}
}

// event applies one event.
func (r *run) event(e hygiene.Event) {
	r.seq++
	e.Seq, e.At, e.ReceivedAt = r.seq, r.instant(), r.instant()
	own := e.MessageID == ""
	if own {
		e.MessageID = fmt.Sprint("a message of its own, ", r.seq)
	}
	changes, added := r.bench.Policy.Apply(&r.contact, &e)
	r.bench.covered.event(r.bench.Sources, &e)
	r.record(changes)
	if !r.telling {
		return
	}
	scene := Scene{At: r.now, What: nameOf(&e, own)}
	switch added {
	case hygiene.Repeat:
		scene.add("", "a repeat: this has happened to the message before, so it is ignored")
	case hygiene.Settled:
		scene.add("", fmt.Sprintf("ignored: %d of this outcome are kept, none older", hygiene.Kept))
	}
	r.tell(scene.with(changes, r.bench.Policy.Thoughts(&r.contact, &e)))
}

func (r *run) tell(s Scene) {
	if r.telling {
		r.Story = append(r.Story, s)
	}
}

// callback reads a body and applies its events.
func (r *run) callback(c *Callback) {
	i := slices.IndexFunc(r.bench.Sources, func(s Source) bool { return s.Name == c.Source })
	events, bad, err := r.bench.Sources[i].Reader.Read(&provider.Request{Body: c.Body, ReceivedAt: r.instant()})
	if err != nil {
		r.tell(Scene{At: r.now, What: "a callback of " + c.Source + " is refused: " + err.Error()})
	}
	for _, u := range bad {
		r.tell(Scene{At: r.now, What: "a callback of " + c.Source + " goes to quarantine: " + u.Why})
	}
	for _, e := range events {
		if r.contact.Key == "" {
			r.contact.Key = e.Contact
		}
		if e.Contact != "" && e.Contact != r.contact.Key {
			what := fmt.Sprintf("%s, of another contact: the body names %s, this test is about %s", nameOf(&e, false), e.Contact, r.contact.Key)
			r.tell(Scene{At: r.now, What: what})
			continue
		}
		r.event(e)
	}
}

// told applies what an operator does.
func (r *run) told(in hygiene.Instruction) {
	in.Moment = hygiene.Moment{At: r.instant(), Seq: r.seq}
	changes := r.bench.Policy.Instruct(&r.contact, in)
	r.record(changes)
	scene := Scene{At: r.now, What: actOf(&in)}
	if len(changes) == 0 {
		scene.add("", "that changes nothing")
	}
	r.tell(scene.with(changes, nil))
}

// reviewed applies the rules that look at the time alone. What they think is
// told when they act, or when an expectation fails.
func (r *run) reviewed() {
	now := hygiene.Moment{At: r.instant(), Seq: r.seq}
	var thoughts []hygiene.Thought
	if r.telling {
		thoughts = r.bench.Policy.ReviewThoughts(&r.contact, now)
	}
	changes := r.bench.Policy.Review(&r.contact, now)
	r.name(changes)
	r.record(changes)
	if len(thoughts) == 0 {
		return
	}
	scene := Scene{At: r.now, What: "the review"}.with(changes, thoughts)
	r.review = &scene
	if len(changes) > 0 {
		r.tellReview()
	}
}

func (r *run) tellReview() {
	if r.review != nil {
		r.tell(*r.review)
		r.review = nil
	}
}

// name finds the rules of the review that lifted something: that is kept as an
// instruction, and the ledger does not repeat it.
func (r *run) name(changes []hygiene.Change) {
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
		if c := &changes[i]; acts(c) {
			r.bench.covered.rule(c.Rule)
		}
	}
}

// acts tells whether a rule did that. The end of a retry bears the name of the
// rule that set it.
func acts(c *hygiene.Change) bool { return c.Rule != "" && c.Act != hygiene.RetryEnded }
