package segments

import "io"

// Destination is where runs go. Its errors name it and say what to do. Runs of
// one export are written one at a time: callers hold the job lock.
type Destination interface {
	// String names the destination to people.
	String() string
	// Begin opens a draft of the run. It first takes away what killed runs of
	// the export left.
	Begin(export, run string) (Draft, error)
	// Prune takes the oldest published runs away, so that keep remain; never the
	// one that readers are pointed to.
	Prune(export string, keep int) error
	// Settle sets right what a killed run left of the export: drafts are taken
	// away, and readers pointed to the run newest, if it is there. Empty leaves
	// them pointed where they are.
	Settle(export, newest string) error
}

// Draft is a run that readers don't see yet.
type Draft interface {
	// Create begins a file of the run.
	Create(name string) (DraftFile, error)
	// Publish makes the run visible as a whole and points readers to it. All its
	// files are closed. A run of the same name is replaced, in one step.
	Publish() error
	// Abort takes the draft away. It does nothing to one that was published.
	Abort() error
}

// DraftFile is one file of a draft. It ends by one of Close and Discard.
type DraftFile interface {
	io.Writer
	// Close ends the file; when it returns without error the file is on disk.
	Close() error
	// Discard takes the file away.
	Discard() error
}
