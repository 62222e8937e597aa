package segments

import "io"

// Book keeps what later runs are compared with: how many rows each segment had,
// and the members. It is only asked by one run at a time.
type Book interface {
	// CreateMembers begins the list of the members that the segment has in the
	// run. What was begun under these names before is replaced.
	CreateMembers(run Run, segment string) (DraftFile, error)
	// OpenMembers opens the list that was kept for the segment in the run of that
	// name. The error is [io/fs.ErrNotExist] when there is none any more.
	OpenMembers(export, run, segment string) (io.ReadCloser, error)
	// ReadyRun enters what the run holds, just before anyone can see the run: when
	// the process is killed in between, it can still be told what was published.
	ReadyRun(run Run, parts []Part) error
}

// Part is what a run holds of a segment that is whole in it.
type Part struct {
	Segment string
	Rows    int64
	Members bool // a list of the members belongs to the run, even if writing it failed
}

// Base is what a segment is compared with: the last published run in which it
// was whole.
type Base struct {
	Run string // by name
	Part
}
