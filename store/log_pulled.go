package store

import (
	"context"
	"fmt"

	"winnow/hygiene"
	"winnow/store/appender"
	"winnow/store/engine"
)

// ErrPulled is the error of lines that another process has pulled.
var ErrPulled = appender.ErrPulled

// AppendPulled is Append of what was pulled from another host's log, and notes in the same
// commit how far that is. It may be nothing but that. The error is [ErrPulled], and nothing
// is written, if another process has gone on from there meanwhile.
//
// Their times of receipt are another clock's, and their order of receipt is not that of
// the log, so they are taken as times that a provider gives (see [hygiene.Event.Received]).
func (s *Store) AppendPulled(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable, pulled []engine.Pulled) error {
	for i := range events {
		events[i].Received = false
	}
	for i := range pulled {
		if isOdd(pulled[i].Writer) {
			return fmt.Errorf("the log of %s has lines of a writer of the name %q, which is none: it is not a winnow's", pulled[i].Receiver, pulled[i].Writer)
		}
	}
	events, bad = storable(events, bad)
	return s.appender.Commit(ctx, &appender.Batch{Events: events, Bad: bad, Pulled: pulled})
}
