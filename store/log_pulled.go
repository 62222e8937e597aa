package store

import (
	"context"

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
	events, bad = withoutNUL(events, bad)
	return s.appender.Commit(ctx, &appender.Batch{Events: events, Bad: bad, Pulled: pulled})
}
