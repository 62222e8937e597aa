package segments

import (
	"context"
	"errors"
	"fmt"
)

// Destination is where published runs go, as copies of a run that was made and
// published on this machine. A run does not wait for its deliveries: a slow line,
// or a server that is down for a night, delays no run and no other destination.
type Destination interface {
	fmt.Stringer // names the destination to people, without secrets
	// Deliver puts the run there, whole or not at all. A run that is already there
	// stays as it is, so Deliver can be repeated. It stops when ctx ends. For one
	// export it is called once at a time.
	Deliver(ctx context.Context, d Delivery) error
}

// ErrAuth marks errors of a [Destination] that refused winnow itself: the
// login was rejected, or the host key does not match. Another try soon could get
// the account locked.
var ErrAuth = errors.New("access was refused")

// Delivery is a run on its way to a [Destination].
type Delivery struct {
	*Bundle
	Newest bool // whether readers are pointed to the run
	// Keep is how many runs of the export stay there, at least 1: after the delivery a
	// destination removes the oldest others, but never the one that was delivered.
	Keep int
	// Progress is called with the number of bytes delivered since the last call; all
	// calls together add up to the size of the run. It may be nil.
	Progress func(bytes int64)
}
