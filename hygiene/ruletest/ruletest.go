// Package ruletest runs tests of rules: events happen to one contact, and
// expectations say what must be true of it at which time.
//
// A test goes through the same code as the daemon: events through
// [hygiene.Policy.Apply], bodies through the reader of their source, operators'
// actions through Instruct, and a review once a day. So a test that passes says what
// the daemon will do. Time is only that of the test, counted from [Start].
//
// A failed test shows what happened to the contact, what each rule made of it, and
// the values that decided: the [hygiene.Trace] of the judgement, with times counted
// from the start. [Coverage] lists what no test has tried.
//
// To add something that a test can expect: a field of [Expectation] and a line in
// its aspects in expect.go; its key is read by the config. To show another change: a
// line of changeText in timeline.go.
package ruletest

import (
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
)

// Start is the instant at which every test begins: 2026-01-01, 00:00 UTC.
const Start hygiene.Instant = 1_767_225_600_000_000

// ReviewEvery is the time between reviews, and from the start to the first.
const ReviewEvery = hygiene.Day

// MaxEvents is how many events one test may have.
const MaxEvents = 100_000

// Case is one test, checked: every name in it is one of the config's.
type Case struct {
	File    string
	Line    int
	Name    string
	Contact hygiene.Contact // before anything happens; without a key it is the contact that the first callback names
	Lists   []string        // the static lists that the contact is on
	Steps   []Step
	Expect  []Expectation
	Never   []Expectation // their At has no meaning
}

// Step is something that happens. One of Event, Callback and Told is set.
type Step struct {
	Line        int
	At          time.Duration        // after the start
	Event       *hygiene.Event       // the test sets its time and place in the log; without a message id it is about a message of its own
	Callback    *Callback            // a provider's body
	Instruction *hygiene.Instruction // of an operator; the test sets its moment
	Repeat      int                  // how often it happens, at least 1
	Every       time.Duration        // between repeats
}

// Last is when the step happens for the last time.
func (s *Step) Last() time.Duration { return s.At + time.Duration(s.Repeat-1)*s.Every }

// Callback is a body as a provider sends it.
type Callback struct {
	Source string
	Body   []byte
}

// Expectation is what must be true of the contact at a time. Fields that are not set
// are not checked.
type Expectation struct {
	Line      int
	At        time.Duration
	Status    hygiene.Status
	Rule      string        // one of the rules behind what is open; if nothing is, behind the latest change
	Reasons   []string      // exactly these, sorted; empty and not nil for none
	Until     time.Duration // when the contact is no longer suppressed
	Permanent bool          // it is suppressed permanently
	Retry     *Retry
	Tags      []string // exactly these, sorted; empty and not nil for none
	In        []string // segments
	NotIn     []string // segments
}

// Retry is what is expected of the retry.
type Retry struct {
	None    bool // there is none
	Attempt int  // 0 for any
	Due     *time.Duration
}

// Source is a provider account.
type Source struct {
	Name   string
	Reader *provider.Reader
	Lines  []provider.Line // its known events and codes, each once
}

// Runner runs cases, one after the other.
type Runner struct {
	Policy  *hygiene.Policy
	Sources []Source
	// Membership reports whether the contact, which is on those lists, is in the
	// segment at a time.
	Membership func(c *hygiene.Contact, lists []string, segment string, at hygiene.Instant) (bool, error)
	// ExplainMembership says briefly why it is or is not; nil to say nothing.
	ExplainMembership func(c *hygiene.Contact, lists []string, segment string, at hygiene.Instant) hygiene.Phrase

	covered covered
}

// Result is how a case went.
type Result struct {
	Case     *Case
	Failures []Failure       // none: it passed
	Timeline []TimelineEntry // what happened, in order of time; only of a case that failed
}

// Passed reports whether all expectations were met.
func (r *Result) Passed() bool { return len(r.Failures) == 0 }

// Failure is an expectation that was not met.
type Failure struct {
	Line     int    `json:"line"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

// TimelineEntry is one thing that happened, and what followed.
type TimelineEntry struct {
	At    time.Duration
	What  string
	Notes []Note
}

// Note is what one rule made of it. Without a rule it is what followed by itself.
type Note struct{ Rule, Text string }
