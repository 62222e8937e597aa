package view

import (
	"time"

	"winnow/hygiene"
)

// Overview is the state of a daemon at a glance, as the page shows it.
type Overview struct {
	At     hygiene.Instant // now, from which ages are counted
	Alerts []Alert         // what needs attention, the most urgent first

	Totals

	Policy       string          // hash of the policy in force
	ConfigReadAt hygiene.Instant // when a good config was last read
	ConfigErrors string          // what is wrong with the config file now; empty when it is in force

	Runs []Run // the last of each export
	Jobs []Job

	Days   []Day           // consecutive, today last; nil while they are being counted
	DaysAt hygiene.Instant // when they were counted
	Sizes  []SegmentSizes
}

// Alert is something that needs attention.
type Alert struct {
	Text    string // one plain sentence
	Command string // the command that helps; empty for none, or if What names it

	// Run and Job name what What quotes the error of, so that the page shows that
	// error once: a run as EXPORT/RUN, a job by its Key. Empty for neither.
	Run string
	Job string
}

// Job is a scheduled job and how its last run ended.
type Job struct {
	Name  string
	Kind  string
	Last  hygiene.Instant // when it last ended; 0 for not since the start, and not known from the store
	Took  time.Duration   // 0 for unknown
	Error string          // of the last run; empty when it succeeded
	Next  hygiene.Instant // 0 for unknown

	RetryAt hygiene.Instant // when a time that failed is tried again; 0 for none
}

// Key identifies the job: its kind and its name.
func (j Job) Key() string { return j.Kind + "/" + j.Name }

// Day is the events received on one day, in UTC.
type Day struct {
	Start    hygiene.Instant
	Outcomes map[string]int64 // events by outcome, repeats included
	// Delivered of Tried messages is the day's deliverability; it has none if Tried is 0.
	Delivered, Tried int64
}

// SegmentSizes is the number of rows of a segment in the runs of an export.
type SegmentSizes struct {
	Export, Segment string
	Runs            []RunSize // the latest last
}

// RunSize is a segment's rows in one run.
type RunSize struct {
	Run  string
	Rows int64
	Held bool // by the guard: readers don't see it
}
