package segments

import (
	"io"
)

// RunStore keeps what later runs are compared with: how many rows each segment
// had, and its members. One run at a time uses it.
type RunStore interface {
	// CreateMembers begins the list of the segment's members in the run. It
	// replaces what was begun under these names before.
	CreateMembers(run Run, segment string) (DraftFile, error)
	// OpenMembers opens the list that was kept for the segment in the run of that
	// name. The error is [io/fs.ErrNotExist] when there is none any more.
	OpenMembers(export, run, segment string) (io.ReadCloser, error)
	// ReadyRun records what the run holds, just before readers can see it. If the
	// process is killed in between, it is still known what was published.
	ReadyRun(run Run, parts []RunSegment) error
}

// RunSegment is a segment that is whole in a run.
type RunSegment struct {
	Segment string
	Rows    int64
	Members bool // the run has a list of the members, even if writing it failed
	// Days is on how many different days, in UTC, the segment was published, up to
	// and with this run.
	Days int64
}

// Base is what a segment is compared with: the last published run in which it
// was whole.
type Base struct {
	Run string // by name
	RunSegment
}

// HeldRun is how many rows each segment has that is whole in a held run.
type HeldRun struct {
	Name string
	Rows map[string]int64
}
