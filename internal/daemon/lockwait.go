package daemon

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console"
	"winnow/internal/schedule"
	"winnow/internal/status"
)

// lockQueue is what the daemon's jobs wait for. They run one at a time, so when one
// waits all do.
type lockQueue struct {
	mu    sync.Mutex
	since time.Time // zero when they don't wait
}

// join notes that they wait, and gives since when.
func (q *lockQueue) join() (since time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.since.IsZero() {
		q.since = time.Now()
	}
	return q.since
}

func (q *lockQueue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.since = time.Time{}
}

// waited is how long they have waited; 0 when they don't.
func (q *lockQueue) waited() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.since.IsZero() {
		return 0
	}
	return time.Since(q.since)
}

// waitForLock waits for the store lock on behalf of the jobs.
func (d *Daemon) waitForLock(ctx context.Context, lock *schedule.Lock) error {
	defer d.waiting.leave()
	return lock.Acquire(ctx, func(holder int) {
		since, level := d.waiting.join(), slog.LevelInfo
		if time.Since(since) >= status.WaitAllowed {
			level = slog.LevelWarn
		}
		d.log.Log(ctx, level, "jobs wait for another process, which sweeps, reviews or makes a run of this store", "process", holder, "since", since.UTC().Format(time.RFC3339))
	})
}

// lockTrouble tells when the jobs have waited for long.
func (d *Daemon) lockTrouble() []console.Trouble {
	if d.waiting.waited() < status.WaitAllowed {
		return nil
	}
	holder, since, is := app.StoreLock(d.store).Taken()
	if !is { // just now
		return nil
	}
	return []console.Trouble{status.Taken{Process: holder, Since: hygiene.InstantOf(since.Truncate(time.Second))}.Trouble()}
}
