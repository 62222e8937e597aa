package store

import (
	"errors"
	"time"

	"winnow/store/engine"
)

// healthyFor is how long a commit proves that the log can be written.
const healthyFor = 2 * time.Second

// InPlace is an error when the store's files were moved, removed or replaced since
// they were opened, so that what is written is lost. It reads nothing but names.
func (s *Store) InPlace() error { return s.engine.InPlace() }

// Healthy returns an error when the log can't be written now. The proof is the
// latest commit or, when that was some time ago, a new one that writes nothing
// but the present time. It is also an error when the store's files are no longer
// where they were opened.
func (s *Store) Healthy() error {
	if err := s.InPlace(); err != nil {
		return err
	}
	a := s.appender
	a.mu.Lock()
	recent := a.committed.Add(healthyFor).After(time.Now())
	a.mu.Unlock()
	if recent {
		return nil
	}
	p := &pending{probe: true, ready: make(chan struct{})}
	if !a.enqueue(p) {
		return engine.ErrClosed
	}
	select {
	case <-p.ready:
		return p.err
	case <-time.After(10 * time.Second):
		return errors.New("the log has not been written for ten seconds")
	}
}
