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

// The names of the locks of those who write much.
const (
	logLock = "log"
	runLock = "run"
)

// LogLock is the lock of a process that appends many events to the log, such as an
// archive: one at a time. Callbacks do not wait for it; it shows who is in their
// way if they can't be stored.
func (s *Store) LogLock() *Lock { return s.Lock(logLock) }

// LogHolder is the other process that holds [Store.LogLock], or else the store
// lock, since when, and whether there is one. Either writes to the log.
func (s *Store) LogHolder() (process engine.Holder, since time.Time, found bool) {
	return logHolder(s.engine)
}

func logHolder(e engine.Engine) (process engine.Holder, since time.Time, found bool) {
	for _, name := range []string{logLock, runLock} {
		l := e.Lock(name)
		if process, since, taken := l.Taken(); taken && process != engine.Self() {
			return process, since, true
		}
	}
	return engine.Holder{}, time.Time{}, false
}

// RunLock is the store lock: of a sweep, a review, an export run and every bulk
// change.
func (s *Store) RunLock() *Lock { return s.Lock(runLock) }

// BetweenCommits runs do while this process commits nothing to the log. A process
// that do suspends keeps no callback waiting.
func (s *Store) BetweenCommits(do func()) { s.engine.BetweenCommits(do) }

// lockPoll is how often one who waits for a lock tries again.
const lockPoll = 2 * time.Second

// Acquire reports that it waits immediately, after reportAgain, and then each time
// the wait has doubled, but at least every reportAtLeast.
const (
	reportAgain   = time.Minute
	reportAtLeast = time.Hour
)

// Acquire takes the lock, waiting as long as another holds it. When it has to wait
// it calls busy immediately and then ever less often, with the holder; busy may be nil. The error is that of ctx, or of
// TryLock.
func (l *Lock) Acquire(ctx context.Context, busy func(holder engine.Holder)) error {
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
