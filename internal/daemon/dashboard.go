package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/exports"
	"winnow/internal/schedule"
	"winnow/internal/silent"
	"winnow/internal/status"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
)

// page collects what the console's page shows.
func (d *Daemon) page(ctx context.Context) (view.Overview, error) {
	cfg, now := d.current.Load(), time.Now()
	t, err := d.store.Totals()
	if err != nil {
		return view.Overview{}, err
	}
	runs, err := d.store.Runs()
	p := view.Overview{At: hygiene.InstantOf(now), Totals: status.Totals(t), Policy: cfg.Hash, Runs: runs}
	d.state.fill(&p)
	err = errors.Join(err, d.fillJobs(ctx, &p))
	sizes, sizesErr := d.segmentSizes(cfg)
	p.Sizes = sizes
	err = errors.Join(err, sizesErr, d.addAlerts(cfg, t, &p))
	d.daily.fill(ctx, &p)
	return p, err
}

// fillJobs completes the jobs on the page with the last runs that the store has: those
// before the start, and those of commands. The store has none of sweeps.
func (d *Daemon) fillJobs(ctx context.Context, p *view.Overview) error {
	for i := range p.Jobs {
		job := &p.Jobs[i]
		switch schedule.Kind(job.Kind) {
		case schedule.Export:
			at := slices.IndexFunc(p.Runs, func(r segments.Run) bool { return r.Export == job.Name })
			if at < 0 {
				continue
			}
			run := p.Runs[at]
			ended := run.FinishedAt
			if run.Status == segments.Released {
				ended = run.AsOf // FinishedAt is when it was released
			}
			if ended > job.Last {
				job.Last, job.Took, job.Error = ended, 0, ""
				if run.Status == segments.Failed {
					job.Error = run.Error
				}
			}
		case schedule.Review, schedule.Backup:
			at, err := d.store.LastJobTime(ctx, job.Key(), p.At.Time())
			if err != nil {
				return err
			}
			// The store also has the time when the job was first known, at which nothing
			// ran. It is almost never a time of the schedule.
			if job.Last == 0 && d.state.isScheduled(job.Key(), at) {
				job.Last = hygiene.InstantOf(at)
			}
		}
	}
	return nil
}

// addAlerts adds what needs a person's attention to the page: first what keeps
// callbacks from being stored, then what makes them useless, then what keeps events from
// being swept, then what the CRM does not get.
func (d *Daemon) addAlerts(cfg *config.Config, t store.Totals, p *view.Overview) error {
	p.Alerts = append(p.Alerts, d.healthAlerts()...)
	intake, intakeErr := d.intake.alerts(cfg, t)
	quiet, quietErr := d.quiet.alerts(cfg, p.At)
	p.Alerts = slices.Concat(p.Alerts, intake, quiet, d.lockAlerts())
	if t.ClockBehind(p.At) > 0 {
		p.Alerts = append(p.Alerts, status.ClockAlert(t.Received))
	}
	prepared, preparedErr := app.IsPrepared(cfg, d.store)
	if preparedErr == nil && !prepared {
		p.Alerts = append(p.Alerts, status.UnpreparedAlert)
	}
	lagErr := d.addLagAlert(t, p)
	for _, j := range p.Jobs {
		if j.Error != "" && j.Kind != string(schedule.Export) { // runs have alerts of their own
			p.Alerts = append(p.Alerts, view.Alert{Text: fmt.Sprintf("job %s failed: %s", j.Name, j.Error), Job: j.Key()})
		}
	}
	summaries, surgeErr := d.store.BreakerSummaries()
	for _, of := range summaries {
		if of.Waiting > 0 {
			p.Alerts = append(p.Alerts, view.Alert{Command: "winnow breaker", Text: fmt.Sprintf("%s of %s at source %s to review; until then their verdicts are held:",
				ui.Count(of.Waiting, "surge"), of.Outcome, of.Source)})
		}
		if of.Told.IsNews(p.At) {
			p.Alerts = append(p.Alerts, view.Alert{Command: "winnow breaker", Text: fmt.Sprintf("a surge of %s at source %s, the last event at %s; nothing is held. If it is not real, the callback URL may have leaked:",
				of.Outcome, of.Source, of.Told.Until.Time().Format(time.RFC3339))})
		}
	}
	if text := silent.Describe(t.Silence, p.At); text != "" {
		p.Alerts = append(p.Alerts, view.Alert{Command: "winnow silent", Text: text + "; to list them for the provider:"})
	}
	if len(cfg.Exports) == 0 {
		p.Alerts = append(p.Alerts, view.Alert{Text: "the config has no export, so nothing is written for the CRM; add one under exports"})
	}
	return errors.Join(intakeErr, quietErr, preparedErr, lagErr, surgeErr, d.addRunAlerts(cfg, p))
}

// healthAlerts returns an alert if callbacks can't be stored.
func (d *Daemon) healthAlerts() []view.Alert {
	err := d.store.Healthy()
	switch {
	case err == nil:
		return nil
	case d.store.LogBlocked() > 0, d.store.InPlace() != nil: // the error says what to do
		return []view.Alert{{Text: "callbacks can't be stored: " + err.Error()}}
	}
	return []view.Alert{{Text: "callbacks can't be stored: " + err.Error() + "; free space on the disk, or repair it"}}
}

// maxLag is how long an event may wait for a sweep before the page has an alert.
const maxLag = 15 * time.Minute

func (d *Daemon) addLagAlert(t store.Totals, p *view.Overview) error {
	if t.Lag == 0 {
		return nil
	}
	first, ok, err := d.store.Event(t.Cursor + 1)
	if err != nil || !ok || p.At.Sub(first.ReceivedAt) < maxLag {
		return err
	}
	p.Alerts = append(p.Alerts, view.Alert{Command: "winnow schedule", Text: fmt.Sprintf("%s to be swept, the oldest received at %s; check that sweeps run:",
		ui.CountVerb(t.Lag, "event", "is waiting", "are waiting"), first.ReceivedAt.Time().Format(time.RFC3339))})
	return nil
}

// addRunAlerts adds the runs that wait for a release, the exports whose last run
// failed, and what remotes have not received.
func (d *Daemon) addRunAlerts(cfg *config.Config, p *view.Overview) error {
	var errs []error
	held, err := d.heldExports(cfg)
	errs = append(errs, err)
	for _, h := range held {
		p.Alerts = append(p.Alerts, exports.HeldAlert(h, p.At))
	}
	for _, r := range p.Runs {
		if r.Status == segments.Failed && slices.ContainsFunc(cfg.Exports, func(e segments.Export) bool { return e.Name == r.Export }) {
			text := "an export failed: " + r.Error
			if r.NextTryAt != 0 {
				text += fmt.Sprintf("; it is tried again at %s, or now:", r.NextTryAt)
			}
			p.Alerts = append(p.Alerts, view.Alert{Text: text, Command: "winnow export " + r.Export, Run: r.Export + "/" + r.Name})
		}
	}
	undelivered, err := exports.UndeliveredRuns(cfg, d.store)
	p.Alerts = append(p.Alerts, exports.DeliveryAlerts(undelivered, p.At)...)
	return errors.Join(append(errs, err)...)
}

// shownRuns is how many runs of an export the page draws.
const shownRuns = 30

// segmentSizes reads the rows of each segment in the latest runs from their manifests.
// A run that no directory keeps any more is left out.
func (d *Daemon) segmentSizes(cfg *config.Config) (list []view.SegmentSizes, err error) {
	for _, e := range cfg.Exports {
		runs, runsErr := d.store.RunsOf(e.Name, shownRuns, segments.Published, segments.Released, segments.Held)
		err = errors.Join(err, runsErr)
		slices.Reverse(runs)
		dirs := d.Exporter().Directories(e)
		sizes := make([]view.SegmentSizes, len(e.Segments))
		for i, name := range e.Segments {
			sizes[i] = view.SegmentSizes{Export: e.Name, Segment: name}
		}
		for _, run := range runs {
			m := exports.ManifestOf(dirs, run)
			for i := range sizes {
				at := slices.IndexFunc(m.Files, func(f segments.File) bool { return f.Segment == sizes[i].Segment && f.Kind == segments.Full })
				if at >= 0 {
					sizes[i].Runs = append(sizes[i].Runs, view.RunSize{Run: run.Name, Rows: m.Files[at].Rows, Held: run.Status == segments.Held})
				}
			}
		}
		list = append(list, sizes...)
	}
	return list, err
}
