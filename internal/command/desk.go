package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/schedule"
	"winnow/segments"
	"winnow/store"
)

// console is the private door, answering out of the rooms.
func (d *daemon) console(cfg *config.Config) http.Handler {
	return console.New(console.Config{
		Token: cfg.Admin.Token, Version: d.version, Metrics: d.metrics, Logger: d.log,
		Ready:     d.store.Healthy,
		Page:      (&desk{daemon: d, days: &days{store: d.store}}).page,
		Status:    func(context.Context) (any, error) { return statusOf(d.current.Load(), d.store) },
		Segments:  func(context.Context) (any, error) { return segmentList(d.current.Load()), nil },
		Exports:   func(context.Context) (any, error) { return exportList(d.current.Load(), d.store) },
		Export:    d.exportOf,
		Explain:   d.explain,
		Check:     d.check,
		Register:  d.register,
		RunExport: d.runExport,
		Release:   d.release,
		Instruct:  d.instruct,
	})
}

// totals are the store's numbers for the metrics.
func (d *daemon) totals() (console.Totals, error) {
	t, err := d.store.Totals()
	if err != nil {
		return console.Totals{}, err
	}
	surgings, err := d.store.Surgings()
	var breakers []console.Breaker
	for _, of := range surgings {
		breakers = append(breakers, console.Breaker{Source: of.Source, Outcome: of.Outcome.String(), Waiting: of.Waiting, Held: of.Held})
	}
	held, heldErr := d.countHeld()
	recallErr := d.recallRuns(d.current.Load()) // another process may have published one
	deliveries, deliveriesErr := d.deliveries()
	err = errors.Join(err, heldErr, recallErr, deliveriesErr)
	return console.Totals{Waiting: d.queue.waited(), Breakers: breakers, HeldRuns: held, Deliveries: deliveries, Events: t.Events, LastSeq: t.LastSeq, Lag: t.Lag, Repeats: t.Repeats,
		Quarantined: t.Quarantined, Unmatched: t.Unmatched, Contacts: t.Statuses}, err
}

func (d *daemon) explain(_ context.Context, given string) (any, bool, error) {
	cfg := d.current.Load()
	key, err := cfg.Keys.Normalize(given)
	if err != nil {
		return nil, false, console.Refuse(http.StatusBadRequest, err)
	}
	return explain(cfg, d.store, key, hygiene.InstantOf(time.Now()))
}

// check tells which contacts may be texted.
func (d *daemon) check(_ context.Context, contacts []string) ([]console.Answer, error) {
	cfg, now := d.current.Load(), hygiene.InstantOf(time.Now())
	answers := make([]console.Answer, len(contacts))
	for i, given := range contacts {
		key, err := cfg.Keys.Normalize(given)
		if err != nil {
			answers[i] = console.Answer{Contact: given, Status: "invalid", Reasons: []string{err.Error()}}
			continue
		}
		contact, ok, err := d.store.Contact(key)
		if err != nil {
			return nil, err
		}
		if !ok {
			contact = nil
		}
		s := hygiene.SendabilityOf(contact, now)
		answers[i] = console.Answer{Contact: given, Status: s.Status, Sendable: s.Sendable, Reasons: s.Reasons}
	}
	return answers, nil
}

// register keeps the send log, all but what has no contact.
func (d *daemon) register(ctx context.Context, given []provider.Registration) (console.Registered, error) {
	r := registrar{keys: d.current.Load().Keys, store: d.store}
	var list []store.Registration
	var did console.Registered
	for i, g := range given {
		n, err := r.normalise(g)
		if err != nil {
			did.Rejected = append(did.Rejected, console.Rejected{Index: i, Why: err.Error()})
			continue
		}
		list = append(list, n)
	}
	stored, err := d.store.Register(ctx, list)
	did.New, did.Known, did.Matched = stored.New, stored.Known, stored.Matched
	did.Conflict, did.Conflicts = stored.Conflict, stored.Conflicts
	return did, err
}

// refusals are the errors of what can't be done, though nothing is wrong with
// winnow, each with its status.
var refusals = []struct {
	err    error
	status int
}{
	{errNoExport, http.StatusNotFound},
	{errNoRun, http.StatusNotFound},
	{errNotHeld, http.StatusConflict},
	{errRan, http.StatusConflict},
	{errHungUp, http.StatusRequestTimeout}, // which nobody reads
	{schedule.ErrStopped, http.StatusServiceUnavailable},
}

// refused makes a refusal of an error that is one.
func refused(err error) error {
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			return console.Refuse(r.status, err)
		}
	}
	return err
}

// runExport makes a run by hand, when no job is at work.
func (d *daemon) runExport(asked context.Context, name string) (any, error) {
	if _, err := d.acts().exportNamed(name); err != nil {
		return nil, refused(err)
	}
	var run segments.Run
	job := schedule.Job{Kind: schedule.Export, Name: name, Run: func(ctx context.Context, at time.Time) (err error) {
		run, err = d.export(ctx, d.acts().while(asked), name, at)
		return refused(err)
	}}
	err := d.runner.Do(asked, job, time.Now())
	switch {
	case run.FinishedAt != 0:
		return run, nil // it has ended, and tells itself how
	case err != nil && asked.Err() != nil:
		err = errHungUp
	}
	return run, refused(err)
}

// release publishes a run that the guard holds.
func (d *daemon) release(asked context.Context, export, name string) (any, error) {
	a := d.acts()
	if _, err := a.exportNamed(export); err != nil {
		return nil, refused(err)
	}
	at, err := time.Parse(segments.RunLayout, name)
	if err != nil {
		return nil, console.Refuse(http.StatusNotFound, fmt.Errorf("%q is no run: write its folder's name, like 2026-11-23T020000Z", name))
	}
	scheduled := hygiene.InstantOf(at)
	if _, err := a.heldRun(export, scheduled); err != nil { // told at once, not when its turn comes
		return nil, refused(err)
	}
	a.await = nil // it may wait for a job, and then no job waits
	did, err := a.while(asked).release(context.WithoutCancel(asked), export, scheduled, hygiene.InstantOf(time.Now()))
	if did.Run.Export != "" {
		d.deliverer.nudge(export)
		return did, nil // it is released, and tells itself what went wrong
	}
	return nil, refused(err)
}

func (d *daemon) instruct(_ context.Context, in console.Instruction) (any, error) {
	a := d.acts()
	key, err := a.config.Keys.Normalize(in.Contact)
	if err != nil {
		return nil, console.Refuse(http.StatusBadRequest, err)
	}
	now := hygiene.InstantOf(time.Now())
	told := hygiene.Instruction{Kind: in.Kind, Hand: hygiene.ByOperator, Reason: in.Reason, Note: in.Note, Until: in.Until, By: in.By}
	if err := checkInstruction(told, now); err != nil {
		return nil, console.Refuse(http.StatusBadRequest, err)
	}
	_, unknown, err := a.instruct([]string{key}, told, now)
	if err == nil && unknown != nil {
		return nil, console.Refuse(http.StatusNotFound, fmt.Errorf("no contact %q is known", key))
	}
	if err != nil {
		return nil, err
	}
	e, _, err := explain(a.config, a.store, key, now)
	return e, err
}

// segmentItem is a segment as the API lists it.
type segmentItem struct {
	Name       string   `json:"name"`
	Where      string   `json:"where,omitempty"`
	List       string   `json:"list,omitempty"`
	Suppressed string   `json:"suppressed"`
	Columns    []string `json:"columns"`
}

func segmentList(cfg *config.Config) []segmentItem {
	items := []segmentItem{}
	for _, s := range cfg.Segments {
		item := segmentItem{Name: s.Name, List: s.List, Suppressed: s.Suppressed.String()}
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

// exportItem is an export as the API lists it.
type exportItem struct {
	Name     string            `json:"name"`
	Schedule string            `json:"schedule"`
	Segments []string          `json:"segments"`
	Formats  []segments.Format `json:"formats"`
	To       []string          `json:"to"`
	LastRun  *segments.Run     `json:"last_run,omitempty"`
}

func exportItemOf(e *segments.Export) exportItem {
	return exportItem{Name: e.Name, Schedule: e.Schedule, Segments: e.Segments, Formats: e.Formats, To: destinationsOf(e)}
}

func exportList(cfg *config.Config, s *store.Store) ([]exportItem, error) {
	items := []exportItem{}
	for i := range cfg.Exports {
		e := &cfg.Exports[i]
		item := exportItemOf(e)
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

// exportRuns is one export with its recent runs.
type exportRuns struct {
	exportItem
	Runs []segments.Run `json:"runs"` // the one begun last first
}

func (d *daemon) exportOf(_ context.Context, name string) (any, error) {
	e, err := d.acts().exportNamed(name)
	if err != nil {
		return nil, refused(err)
	}
	item := exportRuns{exportItem: exportItemOf(&e), Runs: []segments.Run{}}
	runs, err := d.store.RunsOf(name, recentRuns)
	if len(runs) > 0 {
		item.LastRun, item.Runs = &runs[0], runs
	}
	return item, err
}
