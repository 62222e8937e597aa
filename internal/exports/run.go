// Package exports makes runs and brings them to their destinations. A run is begun
// in the store, made from one snapshot, ended in the store, and what readers see is
// then made to agree with the store ([Exporter.cleanUp]); each step can be repeated,
// so a process that is killed anywhere leaves nothing half done.
//
// Deliveries to servers follow: see deliver.go.
package exports

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/segments"
	"winnow/store"
)

// Why there is nothing to do for who asks for a run.
var (
	ErrRunExists      = errors.New("the run of that time has been made before")
	ErrExportNotFound = errors.New("there is no export")
)

// Export makes the run of the export for the scheduled time, to the second, as
// its folder is named. Runs of one store are made one at a time, whoever makes
// them.
func (x *Exporter) Export(ctx context.Context, name string, scheduled time.Time, now Clock) (result segments.Result, err error) {
	e, err := x.ExportNamed(name)
	if err != nil {
		return segments.Result{}, err
	}
	err = x.Exclusive(ctx, func() (err error) {
		result, err = x.exportLocked(ctx, e, hygiene.InstantOf(scheduled.Truncate(time.Second)), now)
		return err
	})
	if err != nil && result.Run.Status == "" && ctx.Err() == nil && !errors.Is(err, ErrRunExists) && !errors.Is(err, app.ErrHungUp) {
		// It could not even begin, as on a full disk.
		result.Run.Export, result.Run.Status, result.Run.Error = e.Name, segments.Failed, err.Error()
	}
	return result, err
}

func (x *Exporter) exportLocked(ctx context.Context, e segments.Export, scheduled hygiene.Instant, now Clock) (segments.Result, error) {
	before := x.recoverRuns(e)
	run := segments.Run{Export: e.Name, Name: segments.RunName(scheduled), ScheduledAt: scheduled, AsOf: now(), Policy: x.Config.Hash}
	if begun, err := x.Store.BeginRun(run); err != nil || !begun {
		return segments.Result{Run: run}, errors.Join(err, notBegun(begun, err, run), before)
	}
	result, err := x.makeFiles(ctx, e, run, now)
	if err != nil {
		result.Run = run
		result.Run.Status, result.Run.Error = segments.Failed, err.Error()
	}
	result.Run.FinishedAt = hygiene.InstantOf(time.Now())
	return result, errors.Join(err, before, x.Store.EndRun(result.Run), x.cleanUp(e))
}

func notBegun(begun bool, err error, run segments.Run) error {
	if begun || err != nil {
		return nil
	}
	return fmt.Errorf("run %s/%s: %w", run.Export, run.Name, ErrRunExists)
}

// ExportNamed is the export of that name in the config; the error is
// [ErrNoExport].
func (x *Exporter) ExportNamed(name string) (segments.Export, error) {
	i := slices.IndexFunc(x.Config.Exports, func(e segments.Export) bool { return e.Name == name })
	if i < 0 {
		var names []string
		for _, e := range x.Config.Exports {
			names = append(names, e.Name)
		}
		return segments.Export{}, fmt.Errorf("%w %q in %s; it has %q", ErrExportNotFound, name, x.Config.Path, names)
	}
	return x.Config.Exports[i], nil
}

// Clock tells the present, or what stands for it.
type Clock func() hygiene.Instant

// makeFiles sweeps the log to its end and writes the files from one snapshot. The
// moment of the run is that of the snapshot: no event in it is later.
func (x *Exporter) makeFiles(ctx context.Context, e segments.Export, run segments.Run, now Clock) (result segments.Result, err error) {
	previous, published, err := x.Store.LastRun(e.Name, segments.Published, segments.Released)
	if err != nil {
		return segments.Result{}, err
	}
	if _, err := x.SweepLocked(ctx, run.AsOf); err != nil {
		return segments.Result{}, err
	}
	snapshot, err := x.Store.Snapshot()
	if err != nil {
		return segments.Result{}, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	run.ThroughSeq, run.AsOf = snapshot.ThroughSeq, now()
	plan := segments.Plan{Export: e, Segments: x.Config.Segments, Run: run, Version: x.Version, Book: x.Store, PhoneKeys: x.Config.Keys.Phone}
	if published {
		plan.Previous = previous.Name
	}
	if plan.Bases, err = x.Store.Bases(e.Name); err != nil {
		return segments.Result{}, err
	}
	return segments.Execute(ctx, plan, snapshot, x.destinations(e), x.Progress)
}

func (x *Exporter) destinations(e segments.Export) []segments.Destination {
	var list []segments.Destination
	for _, d := range x.Directories(e) {
		list = append(list, d)
	}
	return list
}

// Recover brings to an end what killed runs left, and points latest at the run
// that was published last.
func (x *Exporter) Recover(ctx context.Context) error {
	return x.Exclusive(ctx, func() error {
		var errs []error
		for _, e := range x.Config.Exports {
			errs = append(errs, x.recoverRuns(e), x.cleanUp(e))
		}
		return errors.Join(errs...)
	})
}

// cleanUp makes the destinations, the outbox and the kept members agree with
// what the store says of the runs, discards held runs beyond those the export
// keeps, and enters what remotes are to get.
func (x *Exporter) cleanUp(e segments.Export) error {
	newest, _, err := x.Store.LastRun(e.Name, segments.Published, segments.Released)
	if err != nil {
		return err
	}
	held, err := x.pruneHeld(e)
	if err != nil {
		return err
	}
	if newest.Export == "" {
		newest.Name = ""
	}
	var errs []error
	for _, d := range x.destinations(e) {
		errs = append(errs, d.Settle(e.Name, newest.Name, held))
	}
	return errors.Join(append(errs, x.enqueue(e), x.clearOutbox(e), x.Store.PruneMembers(e.Name), x.pruneUnknownExports())...)
}

// pruneHeld names the held runs, and discards the oldest of more than the export
// keeps: nobody looks, night after night, and the disk would fill.
func (x *Exporter) pruneHeld(e segments.Export) (names []string, err error) {
	held, err := x.Store.RunsOf(e.Name, store.AllRuns, segments.Held)
	for i, run := range held {
		if i < max(e.Keep, 1) {
			names = append(names, run.Name)
			continue
		}
		run.Status = segments.Discarded
		run.Error = fmt.Sprintf("discarded as %d later runs are held too; before that it was held: %s", i, segments.WhyHeld(run.Error))
		err = errors.Join(err, x.Store.EndRun(run))
	}
	return names, err
}
