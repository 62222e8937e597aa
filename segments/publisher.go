package segments

import (
	"cmp"
	"fmt"
	"io"
)

// Publisher is where runs are made and published. Its errors name it and say
// what to do. Runs of one export are made one at a time: callers hold a lock.
type Publisher interface {
	fmt.Stringer // names the publisher to people
	// Begin opens a draft of the run. First it removes what interrupted runs of
	// the export left behind.
	Begin(export, run string) (Draft, error)
	// Prune removes the oldest published runs until keep of them remain. It never
	// removes the run that readers are pointed to.
	Prune(export string, keep int) error
}

// Draft is a run that readers don't see yet.
type Draft interface {
	// Create begins a file of the run.
	Create(name string) (DraftFile, error)
	// Publish makes the run visible as a whole and points readers to it. All its
	// files are closed. A run of the same name is replaced in one step.
	Publish() error
	// Hold keeps the whole run apart, where it can be released from. All its
	// files are closed. A held run of the same name is replaced.
	Hold() error
	// Abort removes the draft. It does nothing to one that was published or held.
	Abort() error
}

// DraftFile is a file that is being written. It ends with Close or Discard.
type DraftFile interface {
	io.Writer
	// Close ends the file. After it returned nil the file is on disk.
	Close() error
	// Discard removes the file.
	Discard() error
}

// replica is the run in the making at one publisher. After its first error it is
// left alone, and the others go on.
type replica struct {
	to    Publisher
	draft Draft // nil once the run is published, held or failed
	err   error
}

func (r *replica) fail(err error) {
	r.err = err
	r.abort()
}

func (r *replica) abort() {
	if r.draft != nil {
		r.draft.Abort() // whatever can't be removed now, the next run removes
		r.draft = nil
	}
}

// publish adds the manifest and publishes the draft, or holds it.
func (r *replica) publish(manifest []byte, hold bool) {
	file, err := r.draft.Create(ManifestName)
	if err == nil {
		_, err = file.Write(manifest)
		err = cmp.Or(err, file.Close())
	}
	switch {
	case err != nil:
	case hold:
		err = r.draft.Hold()
	default:
		err = r.draft.Publish()
	}
	if err != nil {
		r.fail(err)
		return
	}
	r.draft = nil
}
