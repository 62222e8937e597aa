package retention

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
)

// Periodic makes passes after the sweeps of a daemon, one an hour. A pass has a budget of
// time, since the next sweep waits for it; one that is not done goes on after that.
type Periodic struct {
	// Unswept is [Options.Unswept], of a daemon that does not sweep.
	Unswept bool

	mu   sync.Mutex
	keep config.Retention // of the last pass
	next time.Time        // when the next pass is due; zero for now
}

const (
	every  = time.Hour
	budget = 5 * time.Second
)

// AfterSweep makes a pass if one is due. What fails is logged, and tried again in an hour.
func (r *Periodic) AfterSweep(ctx context.Context, ops *app.Operations, log *slog.Logger) {
	r.mu.Lock()
	defer r.mu.Unlock()
	start, keep := time.Now(), ops.Config.Retention
	if !IsOn(ops.Config) || start.Before(r.next) && keep == r.keep || ctx.Err() != nil {
		return
	}
	did, err := Run(ctx, ops, Options{Unswept: r.Unswept, Budget: budget}, hygiene.InstantOf(start))
	if r.keep, r.next = keep, start; did.Done || err != nil {
		r.next = start.Add(every)
	}
	if err != nil && ctx.Err() == nil {
		log.Error("retention failed; it is tried again in an hour", "error", err)
	}
	if did.Events+did.Bodies+did.Quarantine+did.Unmatched+did.Freed > 0 {
		log.Info("deleted what the config keeps no longer", "events", did.Events, "bodies", did.Bodies, "quarantined", did.Quarantine,
			"unmatched", did.Unmatched, "freed_bytes", did.Freed, "done", did.Done, "took", time.Since(start).Round(time.Millisecond))
	}
}
