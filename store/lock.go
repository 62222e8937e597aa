package store

import (
	"context"
	"time"

	"winnow/store/engine"
)

// Lock is a lock between all processes that use the store. It is freed when its
// process dies, however it dies, and kept for one that is merely stopped.
type Lock struct{ engine.Lock }

// Lock is the lock of that name. Two of one name exclude each other, also within
// one process.
func (s *Store) Lock(name string) *Lock { return &Lock{s.engine.Lock(name)} }

// lockPoll is how often one who waits for a lock tries again.
const lockPoll = 2 * time.Second

// Acquire reports that it waits immediately, after reportAgain, and then each time
// the wait has doubled, but at least every reportAtLeast.
const (
	reportAgain   = time.Minute
	reportAtLeast = time.Hour
)

// Acquire takes the lock, waiting as long as another holds it. When it has to wait
// it calls busy immediately and then ever less often, with the holder's process id
// or 0 if that is not known; busy may be nil. The error is that of ctx, or of
// TryLock.
func (l *Lock) Acquire(ctx context.Context, busy func(holder int)) error {
	began, report := time.Now(), time.Duration(0)
	for {
		if ok, err := l.TryLock(); ok || err != nil {
			return err
		}
		if waited := time.Since(began); busy != nil && waited >= report {
			busy(l.Holder())
			report = max(reportAgain, min(2*waited, waited+reportAtLeast))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}
