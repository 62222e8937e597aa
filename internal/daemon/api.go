package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/internal/explain"
	"winnow/internal/exports"
	"winnow/internal/imports"
	"winnow/internal/schedule"
	"winnow/internal/status"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
)

// console returns the handler of the admin server, with the functions that answer it.
func (d *Daemon) console() (http.Handler, error) {
	return console.New(console.Config{
		Token: func() string { return *d.adminToken.Load() }, Version: d.version, Metrics: d.metrics, Logger: d.log,
		Ready: d.store.Healthy,
		Page:  d.page,
		Status: func(context.Context) (*view.Status, error) {
			cfg := d.current.Load()
			st, err := status.Collect(cfg, d.store, hygiene.InstantOf(time.Now()))
			if st != nil {
				st.Policy, st.FilePolicy = cfg.Hash, "" // which the store may not have yet
			}
			return st, err
		},
		Segments:  func(context.Context) ([]view.Segment, error) { return segmentList(d.current.Load()), nil },
		Exports:   func(context.Context) ([]view.Export, error) { return exportList(d.current.Load(), d.store) },
		Export:    d.exportOf,
		Explain:   d.explain,
		Check:     d.check,
		Register:  d.register,
		RunExport: d.runExport,
		Release:   d.release,
		Instruct:  d.instruct,
	})
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

func (d *Daemon) explain(_ context.Context, given string) (*view.Explanation, bool, error) {
	cfg := d.current.Load()
	key, err := d.store.Keys(cfg.Keys).Named(given)
	if err != nil {
		return nil, false, console.NewAPIError(http.StatusBadRequest, err)
	}
	e, known, err := explain.Contact(cfg, d.store, key, hygiene.InstantOf(time.Now()))
	switch {
	case err != nil:
		return nil, false, err
	case !known:
		return nil, false, d.unknownContact(cfg, key)
	}
	return &e.Explanation, true, nil
}

// unknownContact is the error for a key that no contact has. It says which contact nearly
// has it.
func (d *Daemon) unknownContact(cfg *config.Config, key string) error {
	err := fmt.Errorf("unknown contact %q", key)
	failed := d.store.FindNearlyKnown([]string{key}, cfg.Keys, func(_ int, near []string) {
		err = fmt.Errorf("%w; %s is nearly the same", err, ui.JoinFirst(near, 5))
	})
	if failed != nil {
		return failed
	}
	return console.NewAPIError(http.StatusNotFound, err)
}

// check returns for each contact whether it may be texted.
func (d *Daemon) check(_ context.Context, contacts []string) ([]view.Sendable, error) {
	cfg, now := d.current.Load(), hygiene.InstantOf(time.Now())
	answers := make([]view.Sendable, len(contacts))
	reader := d.store.Keys(cfg.Keys)
	var unknown []string
	var places []int // of those
	for i, given := range contacts {
		key, err := reader.Given(given)
		if err != nil {
			answers[i] = view.Sendable{Contact: given, Status: "invalid", Reasons: []string{err.Error()}}
			continue
		}
		contact, ok, err := d.store.Contact(key)
		if err != nil {
			return nil, err
		}
		if !ok {
			contact = nil
			unknown, places = append(unknown, key), append(places, i)
		}
		s := hygiene.SendabilityOf(contact, now)
		answers[i] = view.Sendable{Contact: given, Status: s.Status, Sendable: s.Sendable, Reasons: s.Reasons}
	}
	err := d.store.FindNearlyKnown(unknown, cfg.Keys, func(i int, near []string) { answers[places[i]].Nearly = near[0] })
	return answers, err
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

// runExport makes a run now, when no job is running.
func (d *Daemon) runExport(request context.Context, name string) (view.Run, error) {
	if _, err := d.Exporter().ExportNamed(name); err != nil {
		return view.Run{}, apiError(err)
	}
	var run segments.Run
	job := schedule.Job{Kind: schedule.Export, Name: name, Run: func(ctx context.Context, at time.Time) (err error) {
		run, err = d.export(ctx, d.Exporter().ForRequest(request), name, at)
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
func (d *Daemon) release(request context.Context, export, name string, mayBeStale bool) (view.Released, error) {
	x := d.Exporter()
	if _, err := x.ExportNamed(export); err != nil {
		return view.Released{}, apiError(err)
	}
	at, err := time.Parse(segments.RunLayout, name)
	if err != nil {
		return view.Released{}, console.NewAPIError(http.StatusNotFound, fmt.Errorf("%q is not a run; write the name of its folder, like 2026-11-23T020000Z", name))
	}
	scheduled := hygiene.InstantOf(at)
	if _, err := x.HeldRun(export, scheduled); err != nil { // before waiting for the lock
		return view.Released{}, apiError(err)
	}
	x.Wait = nil // not waitForLock, which would report that jobs are waiting
	released, err := x.ForRequest(request).Release(context.WithoutCancel(request), export, scheduled, hygiene.InstantOf(time.Now()), mayBeStale)
	if released.Run.Export != "" {
		d.dispatcher.notify(export)
		return view.Released{Run: released.Run, Discarded: released.Discarded, Suppressed: released.Suppressed}, nil // it is released; its error says what failed
	}
	return view.Released{}, apiError(err)
}

// instruct suppresses or allows a contact manually.
func (d *Daemon) instruct(_ context.Context, in console.Instruction) (*view.Explanation, error) {
	ops := d.Operations()
	key, err := ops.Store.Keys(ops.Config.Keys).Named(in.Contact)
	if err != nil {
		return nil, console.NewAPIError(http.StatusBadRequest, err)
	}
	now := hygiene.InstantOf(time.Now())
	reason, other := ops.Config.Policy.ReasonOf(in.Reason)
	action := hygiene.Instruction{Kind: in.Kind, Origin: hygiene.ByOperator, Reason: reason, Note: in.Note, Until: in.Until, By: in.By}
	if err := app.CheckInstruction(action, now); err != nil {
		return nil, console.NewAPIError(http.StatusBadRequest, err)
	}
	if in.Kind == hygiene.Suppress && !in.New {
		if err := ops.CheckNearlyKnown([]string{key}); err != nil {
			return nil, apiError(fmt.Errorf(`%w, or send "new": true to suppress it as written`, err))
		}
	}
	result, err := ops.Instruct([]string{key}, action, now)
	if err == nil && result.Unknown != nil {
		return nil, d.unknownContact(ops.Config, key)
	}
	if err != nil {
		return nil, apiError(err)
	}
	e, _, err := explain.Contact(ops.Config, ops.Store, key, now)
	if err != nil {
		return nil, err
	}
	if other {
		e.Explanation.ReasonReadAs = reason
	}
	if in.Kind == hygiene.Allow {
		remaining, err := ops.RemainingReasons([]string{key}, d.options.Path, now)
		if err != nil {
			return nil, err
		}
		for _, r := range remaining {
			e.Explanation.StillSuppressed = append(e.Explanation.StillSuppressed, view.StillSuppressed{Reason: r.Reason, MustBeNamed: r.MustBeNamed, Command: r.Command})
		}
	}
	return &e.Explanation, nil
}

// segmentList lists the segments of a config.
func segmentList(cfg *config.Config) []view.Segment {
	items := []view.Segment{}
	for _, s := range cfg.Segments {
		item := view.Segment{Name: s.Name, List: s.List, Suppressed: s.Suppressed.String()}
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
