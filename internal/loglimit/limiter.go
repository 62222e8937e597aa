// Package loglimit keeps errors that strangers can cause from filling the log: they
// are counted, and the log gets a line with the number now and then.
//
//   - [Limiter] is for errors that the caller logs with details of the latest one
//   - [Burst] is for what may come a thousand times and then never again: its last
//     occurrences are logged too
//   - [HTTPErrors] is the ErrorLog of an HTTP server
package loglimit

import (
	"sync"
	"time"
)

// Limiter limits how often one kind of error is logged, and counts what it leaves
// out.
type Limiter struct {
	every time.Duration

	mu    sync.Mutex
	last  time.Time
	count int
}

// New returns a limiter that allows one line in each such span.
func New(every time.Duration) *Limiter { return &Limiter{every: every} }

// Allow counts one occurrence. It reports whether to log now, and how many
// occurrences there were since the last time it allowed that.
func (l *Limiter) Allow(now time.Time) (count int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	// A clock that was set back must not silence the log.
	if since := now.Sub(l.last); since >= 0 && since < l.every {
		return 0, false
	}
	count = l.count
	l.last, l.count = now, 0
	return count, true
}
