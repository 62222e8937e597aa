package receiver

import (
	"sync"
	"time"
)

// logLimiter limits how often one kind of error is logged, and counts what it
// left out.
type logLimiter struct {
	every time.Duration

	mu    sync.Mutex
	last  time.Time
	count int
}

// allow counts one occurrence. It reports whether to log now, and how many
// occurrences there were since the last time it allowed that.
func (l *logLimiter) allow(now time.Time) (count int, ok bool) {
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
