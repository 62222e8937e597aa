package segments

import (
	"fmt"
	"io"
)

// Destination is where runs go. Its errors name it and say what to do. Runs of
// one export are written one at a time: callers hold the job lock.
type Destination interface {
	fmt.Stringer // names the destination to people
	Holder
	// Begin opens a draft of the run. It first takes away what killed runs of
	// the export left.
	Begin(export, run string) (Draft, error)
	// Prune takes the oldest published runs away, so that keep remain; never the
	// one that readers are pointed to.
	Prune(export string, keep int) error
	// Settle repairs what a killed run of the export left behind: it removes
	// drafts and all held runs but these, and points readers to the run newest if
	// it is there. If newest is empty, readers stay where they are.
	Settle(export, newest string, held []string) error
}

// Holder keeps runs that the guard holds, apart from the published ones.
type Holder interface {
	// Find tells where the run is.
	Find(export, run string) (Place, error)
	// Release publishes a held run and points readers to it. It can be repeated:
	// what was done of it before is not done again.
	Release(export, run string) error
}

// Place is where a destination has a run.
type Place uint8

// The places of a run.
const (
	Nowhere Place = iota
	AmongHeld
	AmongPublished
)

// Draft is a run that readers don't see yet.
type Draft interface {
	// Create begins a file of the run.
	Create(name string) (DraftFile, error)
	// Publish makes the run visible as a whole and points readers to it. All its
	// files are closed. A run of the same name is replaced, in one step.
	Publish() error
	// Hold keeps the run as a whole where it can be released from. All its files
	// are closed. A held run of the same name is replaced.
	Hold() error
	// Abort takes the draft away. It does nothing to one that was published or held.
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
