package daemon

import (
	"context"
	"errors"
	"time"

	"winnow/hygiene"
	"winnow/internal/console"
	"winnow/internal/exports"
	"winnow/internal/schedule"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
)

// job is what the daemon does when the job is due, under the config that is in
// force then.
func (d *Daemon) job(j schedule.Job) func(context.Context, time.Time) error {
	switch j.Kind {
	case schedule.Sweep:
		return func(ctx context.Context, _ time.Time) error { return d.sweep(ctx) }
	case schedule.Review:
		return func(ctx context.Context, _ time.Time) error {
			did, err := d.Operations().Review(ctx, hygiene.InstantOf(time.Now()))
			d.log.Info("reviewed", "contacts", did.Contacts, "changes", did.Changes)
			return err
		}
	default:
		return func(ctx context.Context, at time.Time) error { return d.scheduled(ctx, j.Name, at) }
	}
}

func (d *Daemon) sweep(ctx context.Context) error {
	began := time.Now()
	did, err := d.Operations().Sweep(ctx, hygiene.InstantOf(began))
	d.metrics.Swept(did.Events, did.Repeats, did.Unmatched, did.Changes, time.Since(began), err)
	if did.Events > 0 {
		d.log.Info("swept", "events", did.Events, "repeats", did.Repeats, "unmatched", did.Unmatched, "changes", did.Changes, "took", time.Since(began).Round(time.Millisecond))
	}
	return err
}

// logTrips tells that breakers hold surges.
func (d *Daemon) logTrips(trips []*store.Trip) {
	for _, t := range trips {
		d.log.Warn("a breaker tripped, the verdicts wait for review: winnow breaker shows them", "trip", t.ID, "source", t.Source,
			"outcome", t.Outcome.String(), "share", ui.Percent(t.Share), "since", t.Since, "until", t.Until, "events", t.Events)
	}
}

// scheduled makes a scheduled run. One that was made before is done.
func (d *Daemon) scheduled(ctx context.Context, name string, at time.Time) error {
	_, err := d.export(ctx, d.Exporter(), name, at)
	if errors.Is(err, exports.ErrRunExists) || errors.Is(err, exports.ErrExportNotFound) { // or a reload has just taken the export away
		return nil
	}
	return err
}

// export makes a run, and tells the metrics and the log.
func (d *Daemon) export(ctx context.Context, x *exports.Exporter, name string, scheduled time.Time) (segments.Run, error) {
	began := time.Now()
	result, err := x.Export(ctx, name, scheduled, func() hygiene.Instant { return hygiene.InstantOf(time.Now()) })
	if errors.Is(err, exports.ErrRunExists) || result.Run.Status == "" {
		return result.Run, err // nothing was made, and nothing failed
	}
	rows := int64(0)
	for _, f := range result.Manifest.Files {
		rows += f.Rows
	}
	d.metrics.RunEnded(name, string(result.Run.Status), time.Now(), time.Since(began), rows)
	d.dispatcher.notify(name)
	d.log.Info("exported", "export", name, "run", result.Run.Name, "status", string(result.Run.Status), "rows", rows,
		"took", time.Since(began).Round(time.Millisecond), "error", result.Run.Error)
	return result.Run, errors.Join(append([]error{err}, result.Troubles...)...)
}

// countHeld counts the runs that wait for a release, of each export.
func (d *Daemon) countHeld() (counts map[string]int, err error) {
	counts = map[string]int{}
	for _, e := range d.current.Load().Exports {
		held, heldErr := d.store.RunsOf(e.Name, store.AllRuns, segments.Held)
		counts[e.Name], err = len(held), errors.Join(err, heldErr)
	}
	return counts, err
}

// observer reports what the schedule does.
type observer struct{ d *Daemon }

// Started implements schedule.Observer.
func (observer) Started(schedule.Job, time.Time) {}

// Finished implements schedule.Observer. What was refused was never begun: whoever
// asked is told, and the job has neither failed nor ended well.
func (o observer) Finished(j schedule.Job, scheduled time.Time, took time.Duration, err error) {
	if refusal := (*console.Refusal)(nil); errors.As(err, &refusal) {
		return
	}
	o.d.metrics.JobEnded(j.Name, string(j.Kind), took, err)
	o.d.state.ended(j, took, err)
	if err == nil {
		return
	}
	o.d.log.Error("a job failed", "job", j.Key(), "scheduled", scheduled, "error", err)
	var p *schedule.Panic
	if errors.As(err, &p) {
		o.d.log.Error("a job panicked; this is a fault of winnow", "job", j.Key(), "stack", string(p.Stack))
	}
}

// Skipped implements schedule.Observer.
func (o observer) Skipped(j schedule.Job, first, scheduled time.Time) {
	o.d.metrics.JobSkipped(j.Name)
	if j.Kind != schedule.Sweep {
		o.d.log.Warn("scheduled times of a job were missed; the latest is made up", "job", j.Key(), "first", first, "scheduled", scheduled)
	}
}

// Troubled implements schedule.Observer.
func (o observer) Troubled(err error) { o.d.log.Error("the schedule has trouble", "error", err) }
