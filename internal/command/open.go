package command

import (
	"context"
	"errors"
	"fmt"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/impact"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/engine"
)

// The ways to open the config and the store, by what a command does.
var (
	// toRead reads an existing store, under the last good config if the file is broken.
	toRead = app.Options{Fallback: app.WhenBroken}
	// toPreview shows what toRecord would do.
	toPreview = app.Options{Fallback: app.WhenBroken, Access: app.Previews}
	// toRecord records what an operator decided or a file says, which must not wait
	// until the config is repaired. The store may be new.
	toRecord = app.Options{Fallback: app.WhenBroken, Access: app.Creates}
	// toJudge shows what the file makes of the contacts of an existing store.
	toJudge = app.Options{}
	// toRun runs a job under the file. The store may be new.
	toRun = app.Options{Access: app.Creates}
)

// writing opens an existing store in that way and writes to it.
func writing(o app.Options) app.Options {
	o.Access = app.Writes
	return o
}

// applying is writing, if the changes are applied and not only shown.
func applying(o app.Options, apply bool) app.Options {
	if apply {
		return writing(o)
	}
	return o
}

// open opens the config and the store, runs do, and closes the store.
func (c *invocation) open(o app.Options, do func(*app.App) error) error {
	o.Path, o.Now, o.LookBack = c.config, c.now, c.past
	a, err := app.Open(o)
	if err != nil {
		return err
	}
	switch {
	case a.Broken != nil && !app.IsProblems(a.Broken):
		c.Warn("%v; running under the last good config, policy %s", a.Broken, a.Config.Hash)
	case a.Broken != nil:
		c.Warn("%s is invalid, winnow check%s lists the problems; running under the last good config, policy %s", c.config, app.ConfigFlag(c.config), a.Config.Hash)
	}
	done := suspendBetweenCommits(a.Store)
	err = do(a)
	done()
	return errors.Join(err, a.Close())
}

// readReason returns the reason that a word stands for, and says so if it is another
// word for one: unsubscribed for opted_out.
func (c *invocation) readReason(cfg *config.Config, word string) string {
	reason, other := cfg.Policy.ReasonOf(word)
	if other {
		out := c.Stdout
		if c.JSON {
			out = c.Stderr
		}
		fmt.Fprintln(out, app.ReadAs(word, reason))
	}
	return reason
}

// load reads the config without a store.
func (c *invocation) load() (*config.Config, error) {
	return app.Options{Path: c.config, Now: c.now}.Load()
}

// operations returns the operations of the jobs, with progress on a terminal. The
// caller calls done before it prints.
func (c *invocation) operations(a *app.App, noun string) (o *app.Operations, done func()) {
	show, done := c.Progress(noun)
	o = &app.Operations{Config: a.Config, Store: a.Store, Version: c.process.Version, Progress: show, Tripped: c.reportTrips, Wait: c.waitForLock}
	if !c.past {
		o.Behind = func(last hygiene.Instant) {
			c.Warn("the clock is behind the log, whose last event was received at %s: %s", last, app.ClockAdvice)
		}
	}
	return o, done
}

// waitForLock acquires the store lock, and reports the process it waits for.
func (c *invocation) waitForLock(ctx context.Context, lock *store.Lock) error {
	return lock.Acquire(ctx, func(holder engine.Holder) {
		fmt.Fprintf(c.Stderr, "waiting for %s, which holds the store lock for a sweep, a review, an export or a bulk change\n", app.ProcessName(holder))
	})
}

// maxReportedTrips is how many breaker trips of a sweep are reported one by one.
const maxReportedTrips = 3

// reportTrips reports the breakers that tripped.
func (c *invocation) reportTrips(trips []*store.BreakerTrip) {
	for _, t := range trips[:min(maxReportedTrips, len(trips))] {
		if t.State == store.TripTold {
			c.Warn("a breaker reports a surge: %s", impact.DescribeSurge(t))
			continue
		}
		if t.Rule != "" {
			c.Warn("%s; winnow breaker shows what waits for review", impact.DescribeSurge(t))
			continue
		}
		c.Warn("a breaker tripped: %s; winnow breaker shows what waits for review", impact.DescribeSurge(t))
	}
	if more := len(trips) - maxReportedTrips; more > 0 {
		c.Warn("and %s", ui.Count(int64(more), "more time"))
	}
}
