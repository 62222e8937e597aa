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
	Before *EarlierCounts // nil while no earlier day is known

	Policy       string          // hash of the policy in force
	ConfigReadAt hygiene.Instant // when a good config was last read
	ConfigErrors string          // what is wrong with the config file now; empty when it is in force

	Runs []Run // the last of each export
	Jobs []Job
	File LastFile
	Setup

	Days    []Day           // consecutive, today last, at most ShownDays; nil while they are being counted
	DaysAt  hygiene.Instant // when they were counted
	Marks   []Mark          // what happened on these days, the earliest first
	Groups  *Groups         // nil if none were asked for, or while they are being counted
	InFiles []SegmentInFile // the segments of all exports
}

// ShownDays is how many days the page can show at most.
const ShownDays = 90

// OverviewQuery is what of the overview is asked for.
type OverviewQuery struct {
	Days int    // of the groups, 1 to [ShownDays]
	By   string // one of [GroupNames]; empty for no groups
}

// GroupNames are what the failures of the last days can be grouped by.
var GroupNames = []string{"campaign", "source"}

// EarlierCounts are the contacts by status as the first sweep of an earlier day counted them.
type EarlierCounts struct {
	Day      hygiene.Instant // its beginning, in UTC
	Statuses map[string]int64
}

// LastFile is the latest run that readers have, of all exports.
type LastFile struct {
	Export string          // empty while nothing was published
	AsOf   hygiene.Instant // the moment of its lists
	NextAt hygiene.Instant // of that export; 0 for unknown
	Late   bool            // a later run of the export is held, or failed
}

// Setup is how far the setting up of a new store is.
type Setup struct {
	Callbacks []Callback // where the sources call
	Export    string     // the first export of the config; empty for none
	Received  bool       // a callback was received and could be read
	Matched   bool       // the contact of one was found
	Published bool       // an export was published
}

// Done reports whether nothing of it is left.
func (s Setup) Done() bool { return s.Received && s.Matched && s.Published }

// Callback is where a source calls.
type Callback struct {
	Source string
	URL    string // with a word in place of the token
	Try    string // a command that sends a callback as the source does
}

// Alert is something that needs attention.
type Alert struct {
	Grave   bool   // people are harmed, or callbacks lost, until somebody acts
	Title   string // what follows from it, in one sentence
	Why     string // why that is so, in sentences; empty if Title says it
	Detail  string // lines to show as they are; empty for none
	Command string // that helps, in a terminal; empty for none
	Actions []Action

	// Run and Job name what Why quotes the error of, so that the page shows that
	// error once: a run as EXPORT/RUN, a job by its Key. Empty for neither.
	Run string
	Job string
}

// Text is the alert as one line of text.
func (a *Alert) Text() string {
	if a.Why == "" {
		return a.Title
	}
	return a.Title + " " + a.Why
}

// Action is a page that helps, or a form that mends something.
type Action struct {
	Label  string
	Path   string  // of the page, or what the form posts to
	Post   bool    // it is a form
	Fields []Field // of the form
	Main   bool    // the best of the alert's actions
}

// Field is a field of a form.
type Field struct{ Name, Value string }

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

// Counts are the events of a day or of a group.
type Counts struct {
	Outcomes map[string]int64 // events by outcome, repeats included
	// Delivered of Tried messages is the deliverability; there is none if Tried is 0.
	Delivered, Tried int64
}

// Day is the events received on one day, in UTC.
type Day struct {
	Start hygiene.Instant
	Counts
}

// Mark is something that happened and may have changed the deliverability, or the files.
type Mark struct {
	At    hygiene.Instant
	Until hygiene.Instant // of what lasted; 0 for what did not
	Kind  MarkKind
	Text  string
}

// MarkKind is what a mark is of.
type MarkKind string

// The kinds of marks. They are classes of the page's style.
const (
	PolicyMark MarkKind = "policy"
	SurgeMark  MarkKind = "surge"
	UndoMark   MarkKind = "undo"
	HeldMark   MarkKind = "held"
)

// Groups are the events of some days by campaign or source, the groups with the most
// messages tried first.
type Groups struct {
	By        string
	Days      int
	Rows      []Group
	More      int64           // further groups
	CountedAt hygiene.Instant // when they were counted
}

// Group is the events of one campaign or source; of those without one the name is empty.
type Group struct {
	Name string
	Counts
}

// SegmentInFile is a segment as the files for the CRM have it.
type SegmentInFile struct {
	Export, Segment string
	Words           string // who is in it, as a sentence without its period
	Rows            int64  // in the last published run
	Run             string // that run; empty if none has the segment
	Change          *int64 // of the rows since the published run before it; nil for unknown
	Held            *int64 // rows in a later run that is held; nil for none
}
