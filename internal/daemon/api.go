package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/console/pages"
	"winnow/internal/console/view"
	"winnow/internal/contactapi"
	"winnow/internal/exports"
	"winnow/internal/imports"
	"winnow/internal/logpull"
	"winnow/internal/regret"
	"winnow/internal/schedule"
	"winnow/internal/status"
	"winnow/segments"
	"winnow/store"
)

// console returns the handler of the admin server, with the functions that answer it.
func (d *Daemon) console() (http.Handler, error) {
	logToken := func() string { return d.current.Load().LogToken }
	if d.receives {
		return console.New(console.Config{Token: func() string { return *d.adminToken.Load() }, LogToken: logToken, Version: d.version, Metrics: d.metrics, Logger: d.log,
			Ready: d.store.Healthy, Log: d.store, Verified: d.verified, LogAlone: true})
	}
	return console.New(console.Config{
		Token: func() string { return *d.adminToken.Load() }, LogToken: logToken, Version: d.version, Metrics: d.metrics, Logger: d.log,
		Ready: d.store.Healthy,
		Pages: d.pages(),
		Log:   d.store, Verified: d.verified,
		Status: func(context.Context) (*view.Status, error) {
			cfg := d.current.Load()
			st, err := status.Collect(cfg, d.store, hygiene.InstantOf(time.Now()))
			if st != nil {
				st.Policy, st.FilePolicy = cfg.Hash, "" // which the store may not have yet
				st.Receivers = logpull.Views(d.puller.States())
			}
			return st, err
		},
		Segments: func(context.Context) ([]view.Segment, error) { return segmentList(d.current.Load()), nil },
		Rules: func(context.Context) (*view.Rules, error) {
			return regret.Of(d.store, d.current.Load().Policy, hygiene.InstantOf(time.Now()))
		},
		Exports:      func(context.Context) ([]view.Export, error) { return exportList(d.current.Load(), d.store) },
		Export:       d.exportOf,
		Explain:      d.explain,
		Check:        d.check,
		ExportPerson: d.exportPerson,
		Register:     d.register,
		RunExport:    func(ctx context.Context, name string) (view.Run, error) { return d.runExport(ctx, name, byAPI) },
		Release: func(ctx context.Context, export, run string, mayBeStale bool) (view.Released, error) {
			return d.release(ctx, view.RunRelease{Export: export, Run: run, Stale: mayBeStale, By: byAPI})
		},
		Instruct: d.instruct,
		Merge:    d.merge,
		Forget:   d.forget,
	})
}

// pages returns what the console's pages show and do.
func (d *Daemon) pages() pages.Config {
	source := d.source
	return pages.Config{Version: d.version, Logger: d.log, Busy: d.metrics.Busy, Overview: d.page, Reasons: source.Reasons, Explain: d.explain, Instruct: d.instruct,
		Journal: source.Journal, JournalEntry: source.JournalEntry,
		Undo: func(ctx context.Context, u view.UndoRequest) (view.Undone, error) {
			did, err := source.Undo(ctx, u)
			return did, apiError(err)
		},
		Segments: source.Segments, Segment: source.Segment, WriteSegment: source.WriteSegment,
		Runs: source.Runs, Export: source.Export, Run: source.Run, RunFile: source.RunFile, Make: d.makeRun, Release: d.releaseRun,
		Surges: source.Surges, Surge: source.Surge, ReviewSurge: d.reviewSurge(source.ReviewSurge),
		Rules: source.Rules, Policies: source.Policies, Policy: source.Policy, Diff: source.Diff, Check: source.Check, Checked: source.Checked,
		Quarantine: source.Quarantine, RetryQuarantine: source.RetryQuarantine,
	}
}

// apiErrors are the errors that are the client's or the moment's, not a failure of
// winnow, with their HTTP status.
var apiErrors = []struct {
	err    error
	status int
}{
	{exports.ErrExportNotFound, http.StatusNotFound},
	{exports.ErrRunNotFound, http.StatusNotFound},
	{exports.ErrNotHeld, http.StatusConflict},
	{exports.ErrStale, http.StatusConflict},
	{exports.ErrRunExists, http.StatusConflict},
	{app.ErrNumber, http.StatusConflict},
	{app.ErrNearlyKnown, http.StatusConflict},
	{app.ErrClientGone, http.StatusRequestTimeout}, // for the log: no client reads it
	{schedule.ErrStopped, http.StatusServiceUnavailable},
}

// apiError gives an error its HTTP status if it is one of apiErrors.
func apiError(err error) error {
	for _, e := range apiErrors {
		if errors.Is(err, e.err) {
			return console.NewAPIError(e.status, err)
		}
	}
	return err
}

func (d *Daemon) explain(_ context.Context, given string) ([]*view.Explanation, error) {
	return contactapi.Explain(d.current.Load(), d.store, given, hygiene.InstantOf(time.Now()))
}

func (d *Daemon) exportPerson(_ context.Context, given string) (func(context.Context, io.Writer) error, error) {
	x, err := contactapi.ExportPerson(d.current.Load(), d.store, given, hygiene.InstantOf(time.Now()))
	if err != nil {
		return nil, err
	}
	return x.Write, nil
}

func (d *Daemon) check(_ context.Context, contacts, phones, except []string) ([]view.Sendable, error) {
	return contactapi.Check(d.current.Load(), d.store, contacts, phones, except, hygiene.InstantOf(time.Now()))
}

func (d *Daemon) instruct(_ context.Context, in view.Instruction) (*view.Explanation, error) {
	e, err := contactapi.Instruct(d.Operations(), d.options.Path, in, hygiene.InstantOf(time.Now()))
	return e, apiError(err)
}

func (d *Daemon) merge(ctx context.Context, in view.Merge) (view.Merged, error) {
	did, err := contactapi.Merge(ctx, d.Operations(), in, hygiene.InstantOf(time.Now()))
	return did, apiError(err)
}

func (d *Daemon) forget(ctx context.Context, key string) (view.Forgotten, error) {
	did, err := contactapi.Forget(ctx, d.Operations(), key, hygiene.InstantOf(time.Now()))
	return did, apiError(err)
}

// register stores lines of the send log. Invalid lines are left out and listed.
func (d *Daemon) register(ctx context.Context, given []provider.Registration) (console.RegisterResult, error) {
	var list []store.Registration
	var places []int // of those in given
	var result console.RegisterResult
	r, err := imports.NewRegistrar(d.current.Load(), d.store, "", "")
	if err != nil {
		return result, err
	}
	var refusals []hygiene.Event
	now := hygiene.InstantOf(time.Now())
	for i, g := range given {
		n, err := r.Normalize(g, now)
		if err != nil {
			result.Rejected = append(result.Rejected, console.RejectedMessage{Index: i, Why: err.Error()})
			continue
		}
		if n.Registers {
			list, places = append(list, n.Registration), append(places, i)
		}
		if n.Refusal != nil {
			refusals = append(refusals, *n.Refusal)
		}
	}
	stored, err := d.store.Register(ctx, list)
	if err == nil {
		if err = imports.AppendRefusals(ctx, d.store, refusals); err == nil {
			d.metrics.Stored(refusals, nil)
		}
	}
	result.Refused = int64(len(refusals))
	result.New, result.Known, result.Matched = stored.New, stored.Known, stored.Matched
	for _, i := range stored.Conflicts {
		result.Conflicts = append(result.Conflicts, places[i])
	}
	return result, err
}

// byAPI signs the runs and releases that a client of the API asks for.
const byAPI = "api"

// runExport makes a run now, when no job is running.
func (d *Daemon) runExport(request context.Context, name, by string) (view.Run, error) {
	if _, err := d.Exporter().ExportNamed(name); err != nil {
		return view.Run{}, apiError(err)
	}
	var run segments.Run
	job := schedule.Job{Kind: schedule.Export, Name: name, Run: func(ctx context.Context, at time.Time) (err error) {
		run, err = d.export(ctx, d.Exporter().SignedBy(by).ForRequest(request), name, at)
		return apiError(err)
	}}
	err := d.runner.RunNow(request, job, time.Now())
	switch {
	case run.FinishedAt != 0:
		return run, nil // its status and error say how it ended
	case err != nil && request.Err() != nil:
		err = app.ErrClientGone
	}
	return run, apiError(err)
}

// release publishes a held run.
func (d *Daemon) release(request context.Context, r view.RunRelease) (view.Released, error) {
	x := d.Exporter().SignedBy(r.By)
	if _, err := x.ExportNamed(r.Export); err != nil {
		return view.Released{}, apiError(err)
	}
	at, err := time.Parse(segments.RunLayout, r.Run)
	if err != nil {
		return view.Released{}, console.NewAPIError(http.StatusNotFound, fmt.Errorf("%q is not a run; write the name of its folder, like 2026-11-23T020000Z", r.Run))
	}
	scheduled := hygiene.InstantOf(at)
	if _, err := x.HeldRun(r.Export, scheduled); err != nil { // before waiting for the lock
		return view.Released{}, apiError(err)
	}
	x.Wait = nil // not waitForLock, which would report that jobs are waiting
	released, err := x.ForRequest(request).Release(context.WithoutCancel(request), r.Export, scheduled, hygiene.InstantOf(time.Now()), r.Stale, nil)
	if released.Run.Export != "" {
		d.dispatcher.notify(r.Export)
		return view.Released{Run: released.Run, Discarded: released.Discarded, Suppressed: released.Suppressed, Sample: released.Sample}, nil // it is released; its error says what failed
	}
	return view.Released{}, apiError(err)
}

// makeRun makes a run for a page, as the API does.
func (d *Daemon) makeRun(ctx context.Context, export, by string) (view.Run, error) {
	d.log.Info("a run is asked for on the console", "export", export, "by", by)
	return d.runExport(ctx, export, by)
}

// releaseRun publishes a held run for a page, as the API does.
func (d *Daemon) releaseRun(ctx context.Context, r view.RunRelease) (view.Released, error) {
	released, err := d.release(ctx, r)
	if err == nil {
		d.log.Info("released on the console", "export", r.Export, "run", r.Run, "by", r.By)
	}
	return released, err
}

// reviewSurge logs the reviews of surges.
func (d *Daemon) reviewSurge(review func(context.Context, view.SurgeReview) (string, error)) func(context.Context, view.SurgeReview) (string, error) {
	return func(ctx context.Context, r view.SurgeReview) (string, error) {
		did, err := review(ctx, r)
		if err == nil {
			d.log.Info("a surge was reviewed on the console", "surge", r.Surge, "discarded", r.Discard, "by", r.By)
		}
		return did, err
	}
}

// segmentList lists the segments of a config.
func segmentList(cfg *config.Config) []view.Segment {
	items := []view.Segment{}
	for _, s := range cfg.Segments {
		item := view.Segment{Name: s.Name, List: s.List, Suppressed: s.Suppressed.String(), Except: s.Except}
		if s.Where != nil {
			item.Where = s.Where.String()
		}
		for _, column := range s.Columns {
			item.Columns = append(item.Columns, column.String())
		}
		items = append(items, item)
	}
	return items
}

// exportView describes an export.
func exportView(e *segments.Export) view.Export {
	return view.Export{Name: e.Name, Schedule: e.Schedule, Segments: e.Segments, Formats: e.Formats, To: exports.DestinationNames(e)}
}

func exportList(cfg *config.Config, s *store.Store) ([]view.Export, error) {
	items := []view.Export{}
	for i := range cfg.Exports {
		e := &cfg.Exports[i]
		item := exportView(e)
		last, ok, err := s.LastRun(e.Name)
		if err != nil {
			return nil, err
		}
		if ok {
			item.LastRun = &last
		}
		items = append(items, item)
	}
	return items, nil
}

// recentRuns is how many runs of an export the API lists.
const recentRuns = 50

// exportOf describes an export with its recent runs.
func (d *Daemon) exportOf(_ context.Context, name string) (view.ExportRuns, error) {
	e, err := d.Exporter().ExportNamed(name)
	if err != nil {
		return view.ExportRuns{}, apiError(err)
	}
	item := view.ExportRuns{Export: exportView(&e), Runs: []segments.Run{}}
	runs, err := d.store.RunsOf(name, recentRuns)
	if len(runs) > 0 {
		item.LastRun, item.Runs = &runs[0], runs
	}
	return item, err
}
