package command

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console"
	"winnow/internal/schedule"
	"winnow/store"
)

// processName names a process; 0 is one that is not known.
func processName(id int) string {
	if id == 0 {
		return "another process"
	}
	return fmt.Sprint("process ", id)
}

// waitAllowed is how long a process may have the store to itself before people
// are told.
const waitAllowed = time.Minute

// queue is what the daemon's jobs wait for. They run one at a time, so when one
// waits all do.
type queue struct {
	mu    sync.Mutex
	since time.Time // zero when they don't wait
}

// join notes that they wait, and gives since when.
func (q *queue) join() (since time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.since.IsZero() {
		q.since = time.Now()
	}
	return q.since
}

func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.since = time.Time{}
}

// waited is how long they have waited; 0 when they don't.
func (q *queue) waited() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.since.IsZero() {
		return 0
	}
	return time.Since(q.since)
}

// waitForLock waits for the store lock on behalf of the jobs.
func (d *daemon) waitForLock(ctx context.Context, lock *schedule.Lock) error {
	defer d.queue.leave()
	return lock.Acquire(ctx, func(holder int) {
		since, level := d.queue.join(), slog.LevelInfo
		if time.Since(since) >= waitAllowed {
			level = slog.LevelWarn
		}
		d.log.Log(ctx, level, "jobs wait for another process, which sweeps, reviews or makes a run of this store", "process", holder, "since", since.UTC().Format(time.RFC3339))
	})
}

// heldUp tells when the jobs have waited for long.
func (d *daemon) heldUp() []console.Trouble {
	if d.queue.waited() < waitAllowed {
		return nil
	}
	holder, since, is := app.StoreLock(d.store).Taken()
	if !is { // just now
		return nil
	}
	return []console.Trouble{taken{holder, hygiene.InstantOf(since.Truncate(time.Second))}.trouble()}
}

// taken is a process that has had the store to itself for long.
type taken struct {
	Process int             `json:"process"` // 0 when it is not known
	Since   hygiene.Instant `json:"since"`
}

// takenLong is the process that has the store to itself for long; nil for none.
// Of the daemon that is expected: a run may take the night.
func takenLong(s *store.Store) *taken {
	holder, since, is := app.StoreLock(s).Taken()
	if !is || time.Since(since) < waitAllowed {
		return nil
	}
	if daemon, _, runs := schedule.NewLock(s.Path() + ".jobs").Taken(); runs && daemon == holder {
		return nil
	}
	return &taken{holder, hygiene.InstantOf(since.Truncate(time.Second))}
}

// trouble tells what to do about it.
func (t taken) trouble() console.Trouble {
	told := console.Trouble{What: fmt.Sprintf("sweeps, reviews and runs wait for %s, which has had the store to itself since %s", processName(t.Process), t.Since)}
	if t.Process != 0 && t.Process != os.Getpid() {
		told.What += "; if it is stopped, this lets it go on:"
		told.Do = fmt.Sprintf("kill -CONT %d", t.Process)
	}
	return told
}
