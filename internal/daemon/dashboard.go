package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/exports"
	"winnow/internal/logpull"
	"winnow/internal/schedule"
	"winnow/internal/silent"
	"winnow/internal/status"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
)

// page collects what the console's page shows.
func (d *Daemon) page(ctx context.Context, q view.OverviewQuery) (view.Overview, error) {
	cfg, now := d.current.Load(), time.Now()
	t, err := d.store.Totals()
	if err != nil {
		return view.Overview{}, err
	}
	runs, err := d.store.Runs()
	p := view.Overview{At: hygiene.InstantOf(now), Totals: status.Totals(t), Policy: cfg.Hash, Runs: runs}
	d.state.fill(&p)
	err = errors.Join(err, d.fillJobs(ctx, &p), d.source.Overview(&p))
	for _, j := range p.Jobs {
		if j.Kind == string(schedule.Export) && j.Name == p.File.Export {
			p.File.NextAt = j.Next
		}
	}
	err = errors.Join(err, d.addAlerts(cfg, t, &p))
	d.source.AddDays(ctx, q, &p)
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
			// The job fails when its run is held; once that is released it has not failed.
			if run.Status == segments.Released && run.AsOf <= job.Last && run.AsOf >= job.Last.Add(-job.Took) {
				job.Error = ""
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

// addAlerts adds what needs a person's attention to the page: what is grave first, and
// then what keeps callbacks from being stored, what makes them useless, what keeps events
// from being swept, and what the CRM does not get.
func (d *Daemon) addAlerts(cfg *config.Config, t store.Totals, p *view.Overview) error {
	intake, intakeErr := d.intake.alerts(cfg, t)
	quiet, quietErr := d.quiet.alerts(cfg, p.At)
	p.Alerts = slices.Concat(d.healthAlerts(), configAlerts(p), logpull.Alerts(d.puller.States(), p.At.Time()), intake, quiet, d.lockAlerts())
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
			p.Alerts = append(p.Alerts, view.Alert{Title: fmt.Sprintf("The job %s failed.", j.Name), Why: j.Error, Job: j.Key()})
		}
	}
	surges, surgeErr := d.surgeAlerts(p.At)
	runErr := d.addRunAlerts(cfg, p, len(surges) > 0)
	p.Alerts = append(p.Alerts, surges...)
	if text := silent.Describe(t.Silence, p.At); text != "" {
		p.Alerts = append(p.Alerts, view.Alert{Command: "winnow silent", Title: text + ".", Why: "The list is for the provider, which knows what became of them."})
	}
	backupErr := d.addBackupAlert(cfg, t, p)
	if len(cfg.Exports) == 0 {
		p.Alerts = append(p.Alerts, view.Alert{Title: "Nothing is written for the CRM.", Why: "The config has no export; add one under exports."})
	}
	slices.SortStableFunc(p.Alerts, func(a, b view.Alert) int { return gravity(a) - gravity(b) })
	return errors.Join(intakeErr, quietErr, preparedErr, lagErr, surgeErr, backupErr, runErr)
}

func gravity(a view.Alert) int {
	if a.Grave {
		return 0
	}
	return 1
}

// healthAlerts returns an alert if callbacks can't be stored.
func (d *Daemon) healthAlerts() []view.Alert {
	err := d.store.Healthy()
	if err == nil {
		return nil
	}
	alert := view.Alert{Grave: true, Title: "Callbacks can't be stored, and the provider is answered so.", Why: err.Error() + "."}
	if d.store.LogBlocked() == 0 && d.store.InPlace() == nil { // else the error says what to do
		alert.Why = err.Error() + "; free space on the disk, or repair it."
	}
	return []view.Alert{alert}
}

// configAlerts returns an alert if the config file is not in force.
func configAlerts(p *view.Overview) []view.Alert {
	if p.ConfigErrors == "" {
		return nil
	}
	return []view.Alert{{Title: "The config file was rejected, so its changes have no effect.", Why: "The last good config stays in force. Correct the file; it is read again when it is saved.", Detail: p.ConfigErrors, Command: "winnow check"}}
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
	p.Alerts = append(p.Alerts, view.Alert{Grave: true, Command: "winnow schedule",
		Title: fmt.Sprintf("No rule has acted on what came in since %s.", ui.Clock(first.ReceivedAt.Time(), p.At.Time())),
		Why:   fmt.Sprintf("%s to be swept; check that sweeps run.", ui.CountVerb(t.Lag, "event", "is waiting", "are waiting"))})
	return nil
}

// surgeAlerts has an alert for each surge that waits for a verdict, and one for each that
// was only reported lately.
func (d *Daemon) surgeAlerts(now hygiene.Instant) (alerts []view.Alert, err error) {
	waiting, more, err := d.store.FindTrips(shownSurges, func(t *store.BreakerTrip) bool { return t.State == store.TripHeld })
	for i := range waiting {
		t := &waiting[i]
		if t.Rule != "" {
			title, until := fmt.Sprintf("Rule %s only proposes: %s.", t.Rule, ui.CountVerb(t.Events, "verdict", "waits", "wait")), "Until you decide it suppresses nobody."
			if t.RuleOf(d.current.Load().Policy) == nil {
				title = fmt.Sprintf("%s, from before rule %s was changed or removed.", ui.CountVerb(t.Events, "verdict", "waits", "wait"), t.Rule)
				until = "Until you decide these suppress nobody; what it says since then is not held."
			}
			alerts = append(alerts, view.Alert{Grave: true, Command: "winnow breaker", Title: title,
				Why:     fmt.Sprintf("Of what it suppressed in 90 days %s was followed by a delivery. %s", ui.Percent(t.Share), until),
				Actions: []view.Action{{Label: "Look, then release or discard", Path: fmt.Sprintf("/surges/%d", t.ID), Main: true}}})
			continue
		}
		alerts = append(alerts, view.Alert{Grave: true, Command: "winnow breaker",
			Title:   surgeTitle(t),
			Why:     fmt.Sprintf("%s of %s’s events, %s. Until then they suppress nobody.", ui.Percent(t.Share), t.Source, ui.Span(t.Since.Time(), t.Until.Time(), now.Time())),
			Actions: []view.Action{{Label: "Look, then release or discard", Path: fmt.Sprintf("/surges/%d", t.ID), Main: true}}})
	}
	if more > 0 {
		alerts = append(alerts, view.Alert{Grave: true, Command: "winnow breaker", Title: fmt.Sprintf("%s for a verdict.", ui.CountVerb(more, "more surge", "waits", "wait"))})
	}
	summaries, summariesErr := d.store.BreakerSummaries()
	for _, of := range summaries {
		if of.Told.IsNews(now) {
			alerts = append(alerts, view.Alert{Command: "winnow breaker", Title: fmt.Sprintf("A surge of %s at source %s may not be real.", of.Outcome, of.Source),
				Why:     fmt.Sprintf("Its last event was received %s; nothing is held. If it is not real, the callback URL may have leaked.", ui.Clock(of.Told.Until.Time(), now.Time())),
				Actions: []view.Action{{Label: "Look", Path: fmt.Sprintf("/surges/%d", of.Told.ID)}}})
		}
	}
	return alerts, errors.Join(err, summariesErr)
}

// surgeTitle says how many events wait: 628 hard bounces within 98 minutes wait for a verdict.
func surgeTitle(t *store.BreakerTrip) string {
	noun := strings.ReplaceAll(t.Outcome.String(), "_", " ")
	return fmt.Sprintf("%s within %s for a verdict.", ui.Count(t.Events, noun), ui.RoughDuration(t.Until.Sub(t.Since))+" "+waitVerb(t.Events))
}

func waitVerb(n int64) string {
	if n == 1 {
		return "waits"
	}
	return "wait"
}

// addBackupAlert adds an alert when the latest backup is older than the schedule has it.
func (d *Daemon) addBackupAlert(cfg *config.Config, t store.Totals, p *view.Overview) error {
	for _, j := range p.Jobs {
		if j.Kind != string(schedule.Backup) || j.Error != "" { // a failed job has an alert of its own
			continue
		}
		due, ok := d.state.latest(j.Key(), p.At.Time().Add(-backupGrace))
		known, err := d.store.LastJobTime(context.Background(), j.Key(), due)
		if err != nil || !ok || known.IsZero() || t.BackedUp >= hygiene.InstantOf(due) { // zero: the job is newer
			return err
		}
		a := view.Alert{Title: "There is no backup yet.", Why: fmt.Sprintf("One was due at %s.", ui.Clock(due, p.At.Time())), Command: "winnow backup " + ui.ShellQuote(cfg.Backup.To)}
		if t.BackedUp != 0 {
			a.Title = fmt.Sprintf("The last backup was made %s.", ui.Ago(p.At.Sub(t.BackedUp)))
		}
		p.Alerts = append(p.Alerts, a)
	}
	return nil
}

// backupGrace is how long after its time a backup may end before the page has an alert.
const backupGrace = 6 * time.Hour

// shownSurges is how many surges that wait the page shows one by one.
const shownSurges = 3

// addRunAlerts adds the runs that wait for a release, the exports whose last run
// failed, and what remotes have not received.
func (d *Daemon) addRunAlerts(cfg *config.Config, p *view.Overview, surge bool) error {
	var errs []error
	held, err := d.heldExports(cfg)
	errs = append(errs, err)
	for _, h := range held {
		p.Alerts = append(p.Alerts, exports.HeldAlert(h, p.At, len(cfg.Exports) == 1, surge))
	}
	for _, r := range p.Runs {
		if r.Status == segments.Failed && slices.ContainsFunc(cfg.Exports, func(e segments.Export) bool { return e.Name == r.Export }) {
			p.Alerts = append(p.Alerts, exports.FailedAlert(r))
		}
	}
	undelivered, err := exports.UndeliveredRuns(cfg, d.store)
	p.Alerts = append(p.Alerts, exports.DeliveryAlerts(undelivered, p.At)...)
	return errors.Join(append(errs, err)...)
}
