package daemon

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console/view"
	"winnow/internal/status"
	"winnow/store"
	"winnow/store/engine"
)

// lockWait is how long the daemon's jobs have been waiting for the store lock. They run
// one at a time, so if one waits all do.
type lockWait struct {
	mu    sync.Mutex
	since time.Time // zero if they don't wait
}

// begin records that a job waits, and returns since when.
func (w *lockWait) begin() (since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.since.IsZero() {
		w.since = time.Now()
	}
	return w.since
}

func (w *lockWait) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since = time.Time{}
}

// duration is how long jobs have been waiting; 0 if they don't.
func (w *lockWait) duration() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.since.IsZero() {
		return 0
	}
	return time.Since(w.since)
}

// waitForLock acquires the store lock for the jobs.
func (d *Daemon) waitForLock(ctx context.Context, lock *store.Lock) error {
	defer d.lockWait.end()
	return lock.Acquire(ctx, func(holder engine.Holder) {
		since, level := d.lockWait.begin(), slog.LevelInfo
		if time.Since(since) >= status.LockWaitLimit {
			level = slog.LevelWarn
		}
		d.log.Log(ctx, level, "jobs are waiting for another process that holds the store lock", "process", holder.Process, "host", holder.Host, "since", since.UTC().Format(time.RFC3339))
	})
}

// lockAlerts returns an alert if jobs have been waiting for the store lock for long.
func (d *Daemon) lockAlerts() []view.Alert {
	if d.lockWait.duration() < status.LockWaitLimit {
		return nil
	}
	process, since, held := app.StoreLock(d.store).Taken()
	if !held { // released just now
		return nil
	}
	return []view.Alert{status.LockAlert(view.LockHolder{Process: process.Process, Host: process.Host, Since: hygiene.InstantOf(since.Truncate(time.Second))})}
}
