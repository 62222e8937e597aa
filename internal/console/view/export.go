package view

import "winnow/segments"

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
