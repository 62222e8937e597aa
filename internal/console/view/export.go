package view

import (
	"winnow/internal/ui"
	"winnow/segments"
)

// Segment is a configured segment: a condition or a static list.
type Segment struct {
	Name       string   `json:"name"`
	Where      string   `json:"where,omitempty"`  // the condition as written
	List       string   `json:"list,omitempty"`   // the static list
	Suppressed string   `json:"suppressed"`       // exclude, include or only
	Except     []string `json:"except,omitempty"` // the reasons for which a suppression does not count
	Columns    []string `json:"columns"`
}

// Export is a configured export and its last run.
type Export struct {
	Name     string            `json:"name"`
	Schedule string            `json:"schedule"`
	Segments []string          `json:"segments"`
	Formats  []segments.Format `json:"formats"`
	To       []string          `json:"to"` // directories and remotes
	LastRun  *Run              `json:"last_run,omitempty"`
}

// ExportRuns is an export with its recent runs.
type ExportRuns struct {
	Export
	Runs []Run `json:"runs"` // the latest first
}

// Released is a run that was released.
type Released struct {
	Run
	Discarded []string `json:"discarded"` // other runs that were held, as EXPORT/RUN
	// Suppressed is how many contacts that the run offers were suppressed since it was
	// made, by reason, and Sample some of them.
	Suppressed map[string]int64 `json:"suppressed_since,omitempty"`
	Sample     []string         `json:"suppressed_sample,omitempty"`
}

// RunDifference is how the segments of a run differ from those of an earlier one.
type RunDifference struct {
	With     string              `json:"with"` // the earlier run; empty for none
	Held     bool                `json:"held"` // it is held too
	Segments []SegmentDifference `json:"segments"`
}

// SegmentDifference is how a segment differs between two runs.
type SegmentDifference struct {
	Segment string    `json:"segment"`
	Before  int64     `json:"before"` // rows
	Now     int64     `json:"now"`
	Come    int64     `json:"come"`
	Go      int64     `json:"go"`
	Change  int64     `json:"change"` // members with another row
	Coming  ui.Sample `json:"coming,omitempty"`
	Going   ui.Sample `json:"going,omitempty"`
	// Reasons is how many of those who come or go were suppressed between the two runs, by
	// reason.
	Reasons map[string]int64 `json:"reasons,omitempty"`
}
