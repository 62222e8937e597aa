package view

import (
	"time"

	"winnow/hygiene"
)

// SurgeList is the surges that tripped a breaker, for a page.
type SurgeList struct {
	At          hygiene.Instant // now, from which ages are counted
	Surges      []Surge         // those that wait first, and of each kind the latest first
	More        int             // further ones
	HasBreakers bool            // the config has a breaker
}

// Surge is a surge of an outcome at a source that tripped a breaker, or a rule that is held
// because too many of its suppressions were regretted.
type Surge struct {
	ID         int64
	Rule       string // then there is no source and no outcome, and Events are its verdicts
	Source     string
	Outcome    hygiene.Outcome
	From       hygiene.Instant // receipt of the first event
	Until      hygiene.Instant // receipt of the last one
	Share      float64         // the highest, from 0 to 1
	Window     time.Duration
	Events     int64
	Contacts   int64           // with a verdict that waits, or waited
	State      string          // held, told, released or discarded
	ReviewedAt hygiene.Instant // 0 while it waits
	By         string          // who reviewed it
	Batch      int64           // of the review; 0 for none
}

// SurgePage is all that a page shows of a surge.
type SurgePage struct {
	At  hygiene.Instant
	Of  Surge
	Who []string // contacts with a verdict that waits, or waited: the first

	// Before is how many contacts such events had suppressed before the breaker tripped,
	// and Sample some of them, as of BeforeAt, which is 0 while that was not counted.
	Before   int64
	Sample   []string
	BeforeAt hygiene.Instant
	Counting bool // what is not there yet is being counted

	Parts []SurgePart // of the time around it; none while they are not counted
	Error string      // why something could not be counted
}

// SurgePart is the events of the source within a part of the time around a surge.
type SurgePart struct {
	From           hygiene.Instant
	Events, Surged int64 // all, and those of the surge's outcome
}

// SurgeReview is how someone reviews a surge.
type SurgeReview struct {
	Surge   int64
	Discard bool // the evidence, rather than release what waits
	By      string
	Note    string
}
