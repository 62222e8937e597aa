package daemon

import (
	"context"
	"errors"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/exports"
	"winnow/internal/regret"
	"winnow/internal/status"
	"winnow/segments"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/runs"
)

// totals reads the figures of the store for the metrics.
func (d *Daemon) totals() (console.Totals, error) {
	t, err := d.store.Totals()
	if err != nil {
		return console.Totals{}, err
	}
	if d.receives {
		t.Lag = 0 // nothing waits here to be swept
	}
	summaries, err := d.store.BreakerSummaries()
	var breakers []console.BreakerTotals
	rules := []console.RuleTotals{}
	did, regretErr := regret.Of(d.store, d.current.Load().Policy, hygiene.InstantOf(time.Now()))
	if did != nil {
		for _, r := range did.Rules {
			if !r.Former {
				rules = append(rules, console.RuleTotals{Rule: r.Rule, Acted: r.Acted, Regretted: r.Regretted})
			}
		}
	}
	for _, of := range summaries {
		if of.Rule != "" {
			reads := d.current.Load().Policy.RuleOf(&hygiene.Cause{Rule: of.Rule, Digest: of.Digest}) != nil
			for i := range rules {
				rules[i].Held = rules[i].Held || rules[i].Rule == of.Rule && reads && of.Waiting > 0
			}
			continue
		}
		breakers = append(breakers, console.BreakerTotals{Source: of.Source, Outcome: of.Outcome.String(), Waiting: of.Waiting, Held: of.Held,
			Told: of.Told.IsOn(hygiene.InstantOf(time.Now()))})
	}
	for _, source := range d.current.Load().Sources { // those without conflicts count from 0
		t.Conflicts[source.Name] += 0
	}
	quiet, quietErr := d.quiet.seconds(d.current.Load(), hygiene.InstantOf(time.Now()))
	held, heldErr := d.countHeldRuns()
	ages, restoreErr := d.restoreRunMetrics(d.current.Load(), hygiene.InstantOf(time.Now())) // another process may have published a run
	deliveries, deliveriesErr := exports.CountDeliveries(d.current.Load(), d.store)
	server, serverErr := d.store.Server()
	database := int64(0)
	if server != nil {
		database = server.Bytes
	}
	err = errors.Join(err, regretErr, quietErr, heldErr, restoreErr, deliveriesErr, serverErr)
	return console.Totals{Totals: status.Totals(t), Quiet: quiet, Behind: t.ClockBehind(hygiene.InstantOf(time.Now())), Receivers: d.receiverTotals(), Waiting: d.lockWait.duration(), Blocked: d.store.LogBlocked(), Breakers: breakers, Rules: rules, HeldRuns: held, ExportAge: ages, Deliveries: deliveries, Backups: d.current.Load().Backup != nil, Database: database}, err
}

// receiverTotals is how the receivers are pulled.
func (d *Daemon) receiverTotals() (list []console.ReceiverTotals) {
	for _, s := range d.puller.States() {
		list = append(list, console.ReceiverTotals{URL: s.URL, Lag: s.Lag, Behind: s.Behind(time.Now()), CaughtUp: s.CaughtUp, Failures: s.Failures, Lines: s.Lines, Bytes: s.Bytes})
	}
	return list
}

// countHeldRuns counts the runs waiting for a release, by export.
func (d *Daemon) countHeldRuns() (counts map[string]int, err error) {
	counts = map[string]int{}
	for _, e := range d.exports() {
		held, heldErr := d.store.RunsOf(e.Name, runs.AllRuns, segments.Held)
		counts[e.Name], err = len(held), errors.Join(err, heldErr)
	}
	return counts, err
}

// restoreRunMetrics sets the time of each export's last published run, and returns how old
// its data is, in seconds.
func (d *Daemon) restoreRunMetrics(cfg *config.Config, now hygiene.Instant) (ages map[string]int64, err error) {
	ages = map[string]int64{}
	for _, e := range cfg.Exports {
		run, ok, err := d.store.LastRun(e.Name, segments.Published, segments.Released)
		if err != nil {
			return nil, err
		}
		if ok {
			d.metrics.LastPublished(e.Name, run.FinishedAt.Time())
			ages[e.Name] = max(0, int64(now.Sub(run.AsOf)/time.Second))
		}
	}
	return ages, nil
}

// meteredLog is the store as the receiver's log, with metrics.
type meteredLog struct {
	*store.Store
	metrics *console.Metrics
}

// AppendPulled stores what was pulled from a receiver, and counts it.
func (l meteredLog) AppendPulled(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable, pulled []engine.Pulled) error {
	err := l.Store.AppendPulled(ctx, events, bad, pulled)
	if err == nil {
		l.metrics.Stored(events, bad)
	}
	return err
}

// Append stores events and unreadable bodies, and counts them.
func (l meteredLog) Append(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable) error {
	start := time.Now()
	err := l.Store.Append(ctx, events, bad)
	if err == nil {
		l.metrics.Appended(len(events), time.Since(start))
		l.metrics.Stored(events, bad)
	}
	return err
}
