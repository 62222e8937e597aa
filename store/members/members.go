// Package members keeps the members that segments had in runs, as sorted lists. Where a
// store is on this host they are files in a [Folder]: a night writes all of them anew, which
// would be a heavy load for a database and costs a file next to nothing. Where a store is
// on a server they are rows of a [Table], because another host may make the next run.
//
// A list counts only if the store knows its run, so half a list of a killed run does no
// harm.
package members

import (
	"io"
	"time"

	"winnow/segments"
)

// Name names the members of a segment in a run. None of its parts has a dot.
type Name struct{ Export, Segment, Run string }

// Lists keeps lists. Who writes or deletes one holds the store lock.
type Lists interface {
	// Create begins a list, in place of one that there may be.
	Create(name Name) (segments.DraftFile, error)
	// Replace begins a list that takes the place of one when it is closed without an error.
	// Until then that one is there.
	Replace(name Name) (segments.DraftFile, error)
	// Open opens a list. The error is [fs.ErrNotExist] when there is none.
	Open(name Name) (io.ReadCloser, error)
	// List lists the lists.
	List() ([]Name, error)
	// Remove deletes a list.
	Remove(name Name) error
	// Prune deletes the lists of the export, but for those to keep. None of it is being
	// written.
	Prune(export string, keep []Name) error
	// PruneOthers deletes the lists of all exports but these that were written before that
	// time.
	PruneOthers(exports []string, before time.Time) error
}
