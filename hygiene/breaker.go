package hygiene

import "time"

// Breaker doubts a surge: when the share of one outcome among the events of a
// source is as high as that, it is far more often the provider's or the
// carrier's fault than the contacts', and what rules make of it waits for
// someone to look.
type Breaker struct {
	Outcome Outcome
	Share   float64       // of the events of a source, 0 to 1: from here on
	Window  time.Duration // of the events received in so long up to the event
	Min     int           // events in the window, fewer prove nothing
}
