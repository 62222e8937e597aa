package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/internal/schedule"
	"winnow/store"
)

// turnLock is held by whoever sweeps, reviews or makes a run of the store. The
// kernel keeps it for a process that is merely stopped, as by Ctrl-Z, so whoever
// waits for it says so.
func turnLock(s *store.Store) *schedule.Lock { return schedule.NewLock(s.Path() + ".run") }

// errHungUp is of what was asked for by someone who did not wait for its turn.
var errHungUp = errors.New("whoever asked hung up before its turn came, so it was not done")

// wait waits for the turn of the act.
func (a *act) wait(ctx context.Context, turn *schedule.Lock) error {
	if a.await == nil {
		return turn.Acquire(ctx, nil)
	}
	return a.await(ctx, turn)
}

// while is the act for someone who asked: it waits for its turn only as long as
// asked lasts. What has begun goes on after that.
func (a *act) while(asked context.Context) *act {
	patient := *a
	patient.await = func(ctx context.Context, turn *schedule.Lock) error {
		if asked.Err() != nil {
			return errHungUp
		}
		both, giveUp := context.WithCancel(ctx)
		defer giveUp()
		defer context.AfterFunc(asked, giveUp)()
		err := a.wait(both, turn)
		switch {
		case err != nil && ctx.Err() != nil:
			return schedule.ErrStopped
		case err != nil && asked.Err() != nil:
			return errHungUp
		}
		return err
	}
	return &patient
}

// awaitTurn waits for the turn of a command by hand.
func (c *call) awaitTurn(ctx context.Context, turn *schedule.Lock) error {
	return turn.Acquire(ctx, func(holder int) {
		fmt.Fprintf(c.Stderr, "waiting for %s, which sweeps, reviews or makes a run of this store\n", processOf(holder))
	})
}

// processOf names a process; 0 is one that is not known.
func processOf(id int) string {
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

// awaitTurn waits for the turn of a job.
func (d *daemon) awaitTurn(ctx context.Context, turn *schedule.Lock) error {
	defer d.queue.leave()
	return turn.Acquire(ctx, func(holder int) {
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
	holder, since, is := turnLock(d.store).Taken()
	if !is { // just now
		return nil
	}
	return []console.Trouble{takenTrouble(taken{Process: holder, Since: hygiene.InstantOf(since.Truncate(time.Second))})}
}

// taken is a process that has had the store to itself for long.
type taken = view.LockHolder

// takenLong is the process that has the store to itself for long; nil for none.
// Of the daemon that is expected: a run may take the night.
func takenLong(s *store.Store) *taken {
	holder, since, is := turnLock(s).Taken()
	if !is || time.Since(since) < waitAllowed {
		return nil
	}
	if daemon, _, runs := schedule.NewLock(s.Path() + ".jobs").Taken(); runs && daemon == holder {
		return nil
	}
	return &taken{Process: holder, Since: hygiene.InstantOf(since.Truncate(time.Second))}
}

// takenTrouble tells what to do about it.
func takenTrouble(t taken) console.Trouble {
	told := console.Trouble{What: fmt.Sprintf("sweeps, reviews and runs wait for %s, which has had the store to itself since %s", processOf(t.Process), t.Since)}
	if t.Process != 0 && t.Process != os.Getpid() {
		told.What += "; if it is stopped, this lets it go on:"
		told.Do = fmt.Sprintf("kill -CONT %d", t.Process)
	}
	return told
}
