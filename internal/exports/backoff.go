package exports

import (
	"math/rand/v2"
	"time"

	"winnow/store/runs"
)

// Backoff says when a failed delivery is tried again: after each pause within one
// round of tries, and then in rounds. The wait between rounds is first, and doubles
// up to longest.
type Backoff struct {
	pauses         []time.Duration
	first, longest time.Duration
}

// DeliveryBackoff outlasts a short failure within seconds, and does not bother a
// server that is down for long. Tests shorten it.
var DeliveryBackoff = Backoff{pauses: []time.Duration{time.Second, 4 * time.Second}, first: time.Minute, longest: time.Hour}

// next is how long to wait after that many tries.
func (b Backoff) next(tries int64) time.Duration {
	wait := b.first
	for rounds := tries / int64(len(b.pauses)+1); rounds > 1 && wait < b.longest; rounds-- {
		wait *= 2
	}
	return jittered(min(wait, b.longest))
}

// jittered is about that long, so that deliveries that failed together are not
// retried together.
func jittered(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return d*3/4 + rand.N(d/2+1)
}

// due reports whether it is time for a delivery. One that is postponed for longer
// than can be was entered while the clock was wrong, so it is due.
func (b Backoff) due(d runs.Delivery, now time.Time) bool {
	next := d.NextAt.Time()
	return !next.After(now) || next.After(now.Add(2*b.longest))
}
