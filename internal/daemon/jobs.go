package daemon

import (
	"context"
	"errors"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console"
	"winnow/internal/exports"
	"winnow/internal/schedule"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
)

// job returns what the daemon does when a job is due, under the config that is in force
// then.
func (d *Daemon) job(j schedule.Job) func(context.Context, time.Time) error {
	switch j.Kind {
	case schedule.Sweep:
		return func(ctx context.Context, _ time.Time) error { return d.sweep(ctx) }
	case schedule.Review:
		return func(ctx context.Context, _ time.Time) error { return d.review(ctx) }
	case schedule.Backup:
		return func(ctx context.Context, _ time.Time) error {
			return backupJob{d.store, d.version, d.log}.run(ctx, d.current.Load().Backup)
		}
	default:
		return func(ctx context.Context, at time.Time) error { return d.scheduledExport(ctx, j.Name, at) }
	}
}

func (d *Daemon) sweep(ctx context.Context) error {
	start := time.Now()
	swept, err := d.Operations().Sweep(ctx, hygiene.InstantOf(start))
	d.metrics.Swept(swept.Events, swept.Repeats, swept.Unmatched, swept.Changes, time.Since(start), err)
	if swept.Events > 0 {
		d.log.Info("swept", "events", swept.Events, "repeats", swept.Repeats, "unmatched", swept.Unmatched, "changes", swept.Changes, "took", time.Since(start).Round(time.Millisecond))
	}
	d.quiet.log(d.log, d.current.Load(), start)
	if swept.Unmatched > 0 {
		d.intake.log(d.log, d.current.Load())
	}
	if err == nil {
		d.retention.AfterSweep(ctx, d.Operations(), d.log)
	}
	return err
}

// helpSweep sweeps portions of what other daemons on the same store sweep, until ctx ends.
func (d *Daemon) helpSweep(ctx context.Context) {
	if d.receives {
		return
	}
	options := func() store.SweepOptions { return d.Operations().SweepOptions(hygiene.InstantOf(time.Now())) }
	d.store.HelpSweep(ctx, options, func(err error) {
		d.log.Warn("this daemon can't help with the sweep of another one", "error", err)
	})
}

// review is tried again when it fails: it can be repeated.
func (d *Daemon) review(ctx context.Context) error {
	reviewed, err := d.Operations().Review(ctx, hygiene.InstantOf(time.Now()))
	if err != nil {
		return &schedule.RetryError{Err: err}
	}
	d.log.Info("reviewed", "contacts", reviewed.Contacts, "changes", reviewed.Changes)
	return nil
}

// scheduledExport makes the run of a scheduled time. A run that failed is tried again;
// one that is held, or that a destination lacks, was made. It is not an error if the
// run was made before, or if a reload has just removed the export.
func (d *Daemon) scheduledExport(ctx context.Context, name string, at time.Time) error {
	run, err := d.export(ctx, d.Exporter(), name, at)
	switch {
	case errors.Is(err, exports.ErrRunExists), errors.Is(err, exports.ErrExportNotFound):
		return nil
	case err != nil && run.Status == segments.Failed:
		return &schedule.RetryError{Err: err}
	}
	return err
}

// export makes a run, and reports it to the metrics and the log.
func (d *Daemon) export(ctx context.Context, x *exports.Exporter, name string, scheduled time.Time) (segments.Run, error) {
	start := time.Now()
	result, err := x.Export(ctx, name, scheduled, func() hygiene.Instant { return hygiene.InstantOf(time.Now()) })
	if errors.Is(err, exports.ErrRunExists) || result.Run.Status == "" {
		return result.Run, err // nothing was made, and nothing failed
	}
	rows := int64(0)
	for _, f := range result.Manifest.Files {
		rows += f.Rows
	}
	d.metrics.RunEnded(name, string(result.Run.Status), time.Now(), time.Since(start), rows)
	d.dispatcher.notify(name)
	d.log.Info("exported", "export", name, "run", result.Run.Name, "status", string(result.Run.Status), "rows", rows,
		"took", time.Since(start).Round(time.Millisecond), "error", result.Run.Error)
	return result.Run, errors.Join(append([]error{err}, result.Problems...)...)
}

// logTrips logs the breakers that tripped.
func (d *Daemon) logTrips(trips []*store.BreakerTrip) {
	for _, t := range trips {
		if t.Rule != "" {
			d.log.Warn("a rule only proposes: too many of its suppressions were followed by a delivery; winnow breaker lists what is held", "trip", t.ID, "rule", t.Rule,
				"regretted", ui.Percent(t.Share))
			continue
		}
		text := "a breaker tripped; verdicts are held for review: winnow breaker lists them"
		if t.State == store.TripTold {
			text = "a breaker reports a surge; nothing is held: winnow breaker shows it"
		}
		d.log.Warn(text, "trip", t.ID, "source", t.Source,
			"outcome", t.Outcome.String(), "share", ui.Percent(t.Share), "since", t.Since, "until", t.Until, "events", t.Events)
	}
}

// logClock logs that the clock is behind the log, unless the last event was received
// while a job was running.
func (d *Daemon) logClock(last hygiene.Instant) {
	behind := last.Sub(hygiene.InstantOf(time.Now()))
	if behind <= 0 {
		return
	}
	d.log.Warn("the clock is behind the log: "+app.ClockAdvice, "last_event_received", last, "behind", behind.Round(time.Second))
}

// observer reports what the scheduler does to the metrics, the log and the console.
type observer struct{ d *Daemon }

// JobStarted implements schedule.Observer.
func (observer) JobStarted(schedule.Job, time.Time) {}

// JobFinished implements schedule.Observer. A request that was refused did not start: its
// client has the answer, and the job has neither failed nor succeeded.
func (o observer) JobFinished(j schedule.Job, scheduled time.Time, took time.Duration, err error) {
	if refusal := (*console.APIError)(nil); errors.As(err, &refusal) {
		return
	}
	o.d.metrics.JobEnded(j.Name, string(j.Kind), took, err)
	o.d.state.ended(j, took, err)
	if err == nil {
		return
	}
	o.d.log.Error("a job failed", "job", j.Key(), "scheduled", scheduled, "error", err)
	var p *schedule.PanicError
	if errors.As(err, &p) {
		o.d.log.Error("a job panicked; this is a bug in winnow", "job", j.Key(), "stack", string(p.Stack))
	}
}

// RetryScheduled implements schedule.Observer. The store says of a run when it is tried
// again, unless it can't be written, as on a full disk.
func (o observer) RetryScheduled(j schedule.Job, scheduled time.Time, failures int, at time.Time) {
	o.d.metrics.JobRetried(j.Name, string(j.Kind), failures)
	o.d.state.retried(j, at)
	o.d.log.Warn("a job that failed is tried again", "job", j.Key(), "scheduled", scheduled, "failures", failures, "at", at)
	if j.Kind != schedule.Export {
		return
	}
	if err := o.d.store.PostponeRun(j.Name, hygiene.InstantOf(scheduled), hygiene.InstantOf(at)); err != nil {
		o.d.log.Error("when the run is tried again could not be recorded", "job", j.Key(), "error", err)
	}
}

// TimesSkipped implements schedule.Observer.
func (o observer) TimesSkipped(j schedule.Job, first, scheduled time.Time) {
	o.d.metrics.JobSkipped(j.Name)
	if j.Kind != schedule.Sweep {
		o.d.log.Warn("scheduled times of a job were missed; the job runs once for the latest of them", "job", j.Key(), "first", first, "scheduled", scheduled)
	}
}

// SchedulerError implements schedule.Observer.
func (o observer) SchedulerError(err error) { o.d.log.Error("the scheduler failed", "error", err) }
