package segments

import (
	"regexp"
	"time"

	"winnow/hygiene"
)

// Status is the state of a run.
type Status string

// The statuses of a run. They are stored as these words.
const (
	Running   Status = "running"
	Published Status = "published"
	Held      Status = "held" // by the guard
	Released  Status = "released"
	Discarded Status = "discarded"
	Failed    Status = "failed"
)

// Run is one execution of an export. It is identified by the export and its
// scheduled time, so it happens once.
type Run struct {
	Export      string          `json:"export"`
	Name        string          `json:"run"` // see [RunName]
	Status      Status          `json:"status"`
	ScheduledAt hygiene.Instant `json:"scheduled_at"`
	AsOf        hygiene.Instant `json:"as_of"` // the moment of the snapshot
	FinishedAt  hygiene.Instant `json:"finished_at"`
	ThroughSeq  int64           `json:"through_seq"` // the log's end in the snapshot
	Policy      string          `json:"policy"`
	Error       string          `json:"error"`
	HeldReason  string          `json:"-"` // the guard's objections, which are part of Error too; empty when it had none
}

// Discard makes the held run a discarded one. Its error then says why it was
// discarded and why it had been held, and no longer how to publish it.
func (r *Run) Discard(why string) {
	r.Status, r.Error = Discarded, why+"; it was held because: "+r.HeldReason
}

// RunLayout is the layout of a run's name, as package time has it.
const RunLayout = "2006-01-02T150405Z"

// RunName returns the name of a run, which is also that of its folder: the
// scheduled time in UTC, to the second.
func RunName(scheduled hygiene.Instant) string { return scheduled.Time().Format(RunLayout) }

// IsRunName reports whether the name is that of a run.
func IsRunName(name string) bool {
	t, err := time.Parse(RunLayout, name)
	return err == nil && t.Format(RunLayout) == name
}

var (
	exportName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	fileName   = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}(\.[a-z0-9]+)+$`)
)

// IsExportName reports whether the name may be that of an export, and so that of
// a folder.
func IsExportName(name string) bool { return exportName.MatchString(name) }

// IsFileName reports whether the name may be that of a file in a run. Such a name
// leads out of no folder.
func IsFileName(name string) bool { return fileName.MatchString(name) }

// Plan is a run to be made.
type Plan struct {
	Export   Export
	Segments []Segment // all of the config, because conditions may name others than the export's
	Run      Run       // with Export, Name, ScheduledAt, AsOf, ThroughSeq and Policy
	Version  string    // of winnow
	Previous string    // name of the last published run; empty when there is none
	// Bases are what the segments are compared with, by segment. A segment that
	// was in no published run yet has none.
	Bases map[string]Base
	Book  RunStore // nil when nothing is to be kept; an export with deltas needs one
	// PhoneKeys says that a contact's key is its phone number. The phone column
	// then shows the key of a contact without another phone.
	PhoneKeys bool
}

// Result is the outcome of a run.
type Result struct {
	Run      Run      // complete but for FinishedAt, for the caller to record
	Manifest Manifest // what the run holds
	// Troubles are what went wrong although the run was made: why it is held, a
	// segment without a file, a publisher without the run. Run.Error has them too.
	Troubles []error
}
