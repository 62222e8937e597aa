package hygiene

import "time"

// Breaker doubts a surge. When one outcome has an unusually high share of the
// events of a source, the provider or the carrier is far more likely at fault than
// the contacts. What rules make of those events is held until someone confirms it.
type Breaker struct {
	Outcome Outcome
	Share   float64       // of the events of a source, 0 to 1; the breaker trips from here on
	Window  time.Duration // how far back from the event that is looked at events are counted
	Min     int           // with fewer events in the window it never trips
}
