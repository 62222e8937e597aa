package view

import (
	"cmp"

	"winnow/hygiene"
	"winnow/segments"
)

// RunList is all exports with their latest runs, for a page.
type RunList struct {
	At      hygiene.Instant // now, from which ages are counted
	Exports []ExportPage
	Surges  int64 // that wait for a review
}

// ExportPage is all that a page shows of an export.
type ExportPage struct {
	At hygiene.Instant
	Export
	NextAt     hygiene.Instant // of its schedule, or of another try; 0 for unknown
	Runs       []RunSizes      // the latest first
	Held       *HeldRun        // nil when none is held
	Deliveries []Delivery      // that wait, or are lost
}

// RunSizes is a run and how large it is.
type RunSizes struct {
	Run
	Segments []SegmentSize // in the order of the export; none when its files are not kept
	Bytes    int64         // of all files
	Kept     bool          // its files are there
}

// SegmentSize is the rows of a segment in a run.
type SegmentSize struct {
	Segment string
	Rows    int64
	Missing bool            // the run has no whole file of it
	Before  hygiene.Instant // scheduled time of the earlier run that readers had, which Change is from; 0 for none
	Change  int64           // rows
}

// RunPage is all that a page shows of a run.
type RunPage struct {
	At hygiene.Instant
	RunSizes
	Previous     string // the run that readers had before; empty for none
	Files        []segments.File
	Failures     []segments.Failure
	Destinations []RunDestination

	Held *HeldPage // nil when it is not held
}

// HeldPage is what would follow from releasing a held run.
type HeldPage struct {
	Readers     string          // the run that readers have; empty for none
	ReadersAsOf hygiene.Instant // the moment of that run
	Others      int             // further runs of the export that are held

	Stale      string           // why it is out of date; empty if it is not
	Suppressed map[string]int64 // contacts that it offers and that were suppressed since, by reason
	Sample     []string         // some of them
	Compared   []RunDifference  // with what readers have, and with the held run before it

	FoundAt hygiene.Instant // when that was found; 0 for not yet
	Finding bool            // it is being found now
	Error   string          // why it could not be found
}

// RunDestination is whether one destination has a run.
type RunDestination struct {
	To          string
	Status      string // published, held or missing; of remotes: delivered, held, waiting, gone or missing
	Error       string
	Tries       int64
	NextAt      hygiene.Instant // when it is tried again; 0 for unknown
	DeliveredAt hygiene.Instant // 0 for unknown
}

// Who asked readers to have it: who released it, or else who asked for it; empty for the
// schedule.
func (r RunSizes) Who() string { return cmp.Or(r.ReleasedBy, r.StartedBy) }

// RunRelease says which held run to release.
type RunRelease struct {
	Export, Run string
	Stale       bool // also if it is out of date
	By          string
}
