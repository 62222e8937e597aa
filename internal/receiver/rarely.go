package receiver

import (
	"sync"
	"time"
)

// rarely lets something be said once in a while, with how often it happened.
type rarely struct {
	every time.Duration

	mu    sync.Mutex
	last  time.Time
	count int
}

// now counts, and tells whether to speak now and of how many since last time.
func (r *rarely) now(t time.Time) (int, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count++
	// A clock that steps back must not silence it.
	if since := t.Sub(r.last); since >= 0 && since < r.every {
		return 0, false
	}
	count := r.count
	r.last, r.count = t, 0
	return count, true
}
