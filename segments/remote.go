package segments

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// Remote is another machine that published runs are brought to, as a copy of
// what a directory of this one has. A run is made without it: a slow line or a
// machine that is down for a night holds up no run and spoils no other
// destination.
type Remote interface {
	fmt.Stringer // names the remote to people, without secrets
	// Deliver brings a run there, whole or not at all, and may be repeated: a run
	// that is there already is left as it is. It ends with ctx. One at a time may
	// be under way for an export.
	Deliver(ctx context.Context, d Delivery) error
}

// ErrUnwelcome marks errors of a [Remote] that refused winnow itself: a login
// that is rejected, or a host key that does not match. Trying again soon could
// get the account locked.
var ErrUnwelcome = errors.New("not welcome there")

// Delivery is a published run on its way to a [Remote].
type Delivery struct {
	Export, Run string
	From        fs.FS // the run's folder, with the manifest and all files that it names
	Newest      bool  // whether readers are pointed to it
	Keep        int   // how many runs of the export stay there; at least 1

	Progress func(bytes int64) // called with the number of further bytes sent; nil for nobody
}
