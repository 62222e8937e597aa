package simulate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
)

// Judged is what a throw-away daemon's rules made of the traffic.
type Judged struct {
	Contacts int64            `json:"contacts"`
	Statuses map[string]int64 `json:"statuses"`
	Repeats  int64            `json:"repeats"` // events that counted once, though they arrived several times
	Waiting  int64            `json:"unmatched"`
	Trips    int64            `json:"breaker_trips"` // that wait for a verdict
	Events   int64            `json:"last_swept"`    // that were left for the last sweep
	Took     time.Duration    `json:"last_sweep_ns"`
}

// judge applies the rules to what the daemon has not swept yet.
func (s *simulation) judge(ctx context.Context) (j *Judged, err error) {
	a, err := app.Open(app.Options{Path: s.target.config, Env: s.env, Access: app.Writes})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if s.target.needsSendLog {
		if err := s.register(ctx, a); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	ops := &app.Operations{Config: a.Config, Store: a.Store}
	swept, err := ops.Sweep(ctx, hygiene.InstantOf(began))
	if err != nil {
		return nil, err
	}
	j = &Judged{Events: swept.Events, Took: time.Since(began)}
	totals, err := a.Store.Totals()
	j.Contacts, j.Statuses, j.Repeats, j.Waiting = totals.Contacts, totals.Statuses, totals.Repeats, totals.Unmatched
	trips, tripsErr := a.Store.BreakerTrips()
	for _, t := range trips {
		if t.State == store.TripHeld {
			j.Trips++
		}
	}
	return j, errors.Join(err, tripsErr)
}

func (j *Judged) print(p *ui.Printer) {
	text := ""
	for _, name := range hygiene.StatusNames() {
		text += fmt.Sprintf("%s %s, ", ui.Number(j.Statuses[name]), name)
	}
	fmt.Fprintf(p.Stdout, "the rules made of %s: %s%s counted once\n", ui.Count(j.Contacts, "contact"), text, ui.Count(j.Repeats, "repeat"))
	if j.Events > 0 && j.Took > 0 {
		fmt.Fprintf(p.Stdout, "the last sweep judged %s in %s\n", ui.Count(j.Events, "event"), short(j.Took))
	}
	if j.Trips > 0 {
		fmt.Fprintf(p.Stdout, "a breaker held what the rules would have done in a surge: %s for a verdict\n", ui.CountVerb(j.Trips, "trip", "waits", "wait"))
	}
	if j.Waiting > 0 {
		fmt.Fprintf(p.Stdout, "%s for their contacts, which the send log has: --send-log FILE writes it\n", ui.CountVerb(j.Waiting, "event", "waits", "wait"))
	}
}
