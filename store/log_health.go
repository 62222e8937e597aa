package store

import (
	"errors"
	"time"

	"winnow/hygiene"
)

// healthyFor is how long a commit proves that the log can be written.
const healthyFor = 2 * time.Second

// Healthy tells whether the log can be written now, by the latest commit or,
// when that is some time ago, by one of nothing but the present time.
func (s *Store) Healthy() error {
	a := s.appender
	a.mu.Lock()
	recent := a.committed.Add(healthyFor).After(time.Now())
	a.mu.Unlock()
	if recent {
		return nil
	}
	p := &pending{probe: true, ready: make(chan struct{})}
	if !a.enqueue(p) {
		return errClosed
	}
	select {
	case <-p.ready:
		return p.err
	case <-time.After(10 * time.Second):
		return errors.New("the log has not been written for ten seconds")
	}
}

// writeProbe writes the present time over the last probe's.
func (a *appender) writeProbe() error {
	return a.c.exec("INSERT INTO probe (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at", int64(hygiene.InstantOf(time.Now())))
}
