// Package ruletest tries a policy in a made-up life: what happens to one contact,
// and what must be true of it then.
//
// Nothing is played here. Events go through [hygiene.Policy.Apply], bodies
// through the reader of their source, what an operator does through Instruct,
// and the review comes once a day: a test that passes says what the daemon will
// do. Time is that of the test alone, counted from [Start].
//
// A test that fails tells the story of the contact: what happened, what each
// rule thought of it, and the value that decided. [Coverage] tells what no test
// has tried.
package ruletest

import (
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
)

// Start is the instant at which every test begins: 2026-01-01, 00:00 UTC.
const Start hygiene.Instant = 1_767_225_600_000_000

// ReviewEvery is how often the review comes, for the first time so long after
// the start.
const ReviewEvery = hygiene.Day

// MostEvents is how many events one test may have.
const MostEvents = 100_000

// Case is one test, checked: every name in it is one of the config's.
type Case struct {
	File    string
	Line    int
	Name    string
	Contact hygiene.Contact // as it is before anything happens; without a key it is whom the first callback names
	Lists   []string        // the static lists that the contact is on
	Steps   []Step
	Expect  []Expectation
	Never   []Expectation // their At has no meaning
}

// Step is something that happens: one of Event, Callback and Told is set.
type Step struct {
	Line     int
	At       time.Duration        // after the start
	Event    *hygiene.Event       // its time and place in the log are the test's; without a message id it is about a message of its own
	Callback *Callback            // a provider's body
	Told     *hygiene.Instruction // by an operator; its moment is the test's
	Repeat   int                  // how often it happens, at least 1
	Every    time.Duration        // how far apart
}

// Last is when the step happens for the last time.
func (s *Step) Last() time.Duration { return s.At + time.Duration(s.Repeat-1)*s.Every }

// Callback is a body as a provider sends it.
type Callback struct {
	Source string
	Body   []byte
}

// Expectation is what must be true of the contact at a time, all of it; what is
// not set is not asked.
type Expectation struct {
	Line    int
	At      time.Duration
	Status  hygiene.Status
	Rule    string        // a rule behind what stands; if nothing stands, of the latest change
	Reasons []string      // exactly these, sorted; empty and not nil for none
	Until   time.Duration // when the contact is no longer suppressed
	ForGood bool          // it is suppressed without an end
	Retry   *Retry
	Tags    []string // exactly these, sorted; empty and not nil for none
	In      []string // segments
	NotIn   []string // segments
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
	Table  []provider.Line // what is known of what it may say: each event and code once
}

// Bench is where cases are tried, one after the other.
type Bench struct {
	Policy  *hygiene.Policy
	Sources []Source
	// Membership tells whether the contact, who is on those lists, is in the
	// segment at a time.
	Membership func(c *hygiene.Contact, lists []string, segment string, at hygiene.Instant) (bool, error)
	// WhyMember tells in a few words why it is or why not; nil for no words.
	WhyMember func(c *hygiene.Contact, lists []string, segment string, at hygiene.Instant) string

	covered covered
}

// Result is how a case went.
type Result struct {
	Case     *Case
	Failures []Failure // none: it passed
	Story    []Scene   // in order of time; of a case that passed it is not told
}

// Passed tells whether all that was expected came true.
func (r *Result) Passed() bool { return len(r.Failures) == 0 }

// Failure is an expectation that did not come true.
type Failure struct {
	Line     int    `json:"line"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

// Scene is one thing that happened, and what came of it.
type Scene struct {
	At    time.Duration
	What  string
	Notes []Note
}

// Note is what one rule thought, or, without a rule, what came of it by itself.
type Note struct{ Rule, Text string }
