package loglimit

import (
	"sync"
	"time"
)

// Burst logs the first occurrence immediately, and those that follow within a span
// as one line when the span ends.
type Burst struct {
	every time.Duration
	log   func(count int, latest string)

	mu     sync.Mutex
	count  int    // not logged yet
	latest string // of the occurrences
	timer  *time.Timer
}

// NewBurst returns a burst that calls log at most once in each such span, with the
// number of occurrences and the text of the latest. Calls of log don't overlap.
func NewBurst(every time.Duration, log func(count int, latest string)) *Burst {
	return &Burst{every: every, log: log}
}

// Add counts one occurrence.
func (b *Burst) Add(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count, b.latest = b.count+1, text
	if b.timer == nil {
		b.flush()
	}
}

// flush logs what was counted and begins a span. The caller holds the lock.
func (b *Burst) flush() {
	b.log(b.count, b.latest)
	b.count = 0
	b.timer = time.AfterFunc(b.every, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.timer = nil
		if b.count > 0 {
			b.flush()
		}
	})
}
