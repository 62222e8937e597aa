package command

import (
	"context"
	"errors"
	"fmt"

	"winnow/internal/app"
	"winnow/internal/impact"
	"winnow/internal/schedule"
	"winnow/internal/status"
	"winnow/internal/ui"
	"winnow/store"
)

// What a command opens the config and the store for.
var (
	// toRead reads a store that exists, under the last good config when the file is
	// broken.
	toRead = app.Options{Fallback: app.WhenBroken}
	// toRecord records what an operator decided or a list says, which must not wait
	// for the file to be mended.
	toRecord = app.Options{Fallback: app.WhenBroken, Create: true}
	// toJudge judges the contacts of a store that exists by what the file says.
	toJudge = app.Options{}
	// toRun does a job under the file; the store may be new.
	toRun = app.Options{Create: true}
)

// open opens the config and the store, runs do, and closes the store.
func (c *invocation) open(o app.Options, do func(*app.App) error) error {
	o.Path, o.Now = c.config, c.now
	a, err := app.Open(o)
	if err != nil {
		return err
	}
	if a.Broken != nil {
		c.Warn("%s is broken, winnow check tells how: this is under the last good config, policy %s", c.config, a.Config.Hash)
	}
	return errors.Join(do(a), a.Close())
}

// operations are the jobs' operations, with progress for a person who looks.
func (c *invocation) operations(a *app.App, noun string) (o *app.Operations, done func()) {
	show, done := c.Progress(noun)
	return &app.Operations{Config: a.Config, Store: a.Store, Version: c.version, Progress: show, Tripped: c.tripped, Wait: c.waitForLock}, done
}

// waitForLock waits for the store lock, and tells whom it waits for.
func (c *invocation) waitForLock(ctx context.Context, lock *schedule.Lock) error {
	return lock.Acquire(ctx, func(holder int) {
		fmt.Fprintf(c.Stderr, "waiting for %s, which sweeps, reviews or makes a run of this store\n", status.ProcessName(holder))
	})
}

// shownTrips is how many surges a sweep reports one by one.
const reportedTrips = 3

// tripped reports the breakers that tripped.
func (c *invocation) tripped(trips []*store.Trip) {
	for _, t := range trips[:min(reportedTrips, len(trips))] {
		c.Warn("a breaker tripped: %s; winnow breaker shows what waits for review", impact.DescribeSurge(t))
	}
	if more := len(trips) - reportedTrips; more > 0 {
		c.Warn("and %s", ui.Count(int64(more), "more time"))
	}
}
