package command

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
	errRan      = errors.New("the run of that time has been made before")
	errNoExport = errors.New("there is no export")
)

// export makes the run of the export for the scheduled time, to the second, as
// its folder is named. Runs of one store are made one at a time, whoever makes
// them.
func (x *exporter) export(ctx context.Context, name string, scheduled time.Time, now clock) (result segments.Result, err error) {
	e, err := x.exportNamed(name)
	if err != nil {
		return segments.Result{}, err
	}
	err = x.Exclusive(ctx, func() (err error) {
		result, err = x.exportNow(ctx, e, hygiene.InstantOf(scheduled.Truncate(time.Second)), now)
		return err
	})
	if err != nil && result.Run.Status == "" && ctx.Err() == nil && !errors.Is(err, errRan) && !errors.Is(err, app.ErrHungUp) {
		// It could not even begin, as on a full disk.
		result.Run.Export, result.Run.Status, result.Run.Error = e.Name, segments.Failed, err.Error()
	}
	return result, err
}

func (x *exporter) exportNow(ctx context.Context, e segments.Export, scheduled hygiene.Instant, now clock) (segments.Result, error) {
	before := x.concludeRuns(e)
	run := segments.Run{Export: e.Name, Name: segments.RunName(scheduled), ScheduledAt: scheduled, AsOf: now(), Policy: x.Config.Hash}
	if begun, err := x.Store.BeginRun(run); err != nil || !begun {
		return segments.Result{Run: run}, errors.Join(err, notBegun(begun, err, run), before)
	}
	result, err := x.execute(ctx, e, run, now)
	if err != nil {
		result.Run = run
		result.Run.Status, result.Run.Error = segments.Failed, err.Error()
	}
	result.Run.FinishedAt = hygiene.InstantOf(time.Now())
	return result, errors.Join(err, before, x.Store.EndRun(result.Run), x.settleExport(e))
}

func notBegun(begun bool, err error, run segments.Run) error {
	if begun || err != nil {
		return nil
	}
	return fmt.Errorf("run %s/%s: %w", run.Export, run.Name, errRan)
}

func (x *exporter) exportNamed(name string) (segments.Export, error) {
	i := slices.IndexFunc(x.Config.Exports, func(e segments.Export) bool { return e.Name == name })
	if i < 0 {
		var names []string
		for _, e := range x.Config.Exports {
			names = append(names, e.Name)
		}
		return segments.Export{}, fmt.Errorf("%w %q in %s; it has %q", errNoExport, name, x.Config.Path, names)
	}
	return x.Config.Exports[i], nil
}

// clock tells the present, or what stands for it.
type clock func() hygiene.Instant

// execute sweeps the log to its end and writes the files from one snapshot. The
// moment of the run is that of the snapshot: no event in it is later.
func (x *exporter) execute(ctx context.Context, e segments.Export, run segments.Run, now clock) (result segments.Result, err error) {
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

func (x *exporter) destinations(e segments.Export) []segments.Destination {
	var list []segments.Destination
	for _, d := range x.directories(e) {
		list = append(list, d)
	}
	return list
}

// settle brings to an end what killed runs left, and points latest at the run
// that was published last.
func (x *exporter) settle(ctx context.Context) error {
	return x.Exclusive(ctx, func() error {
		var errs []error
		for _, e := range x.Config.Exports {
			errs = append(errs, x.concludeRuns(e), x.settleExport(e))
		}
		return errors.Join(errs...)
	})
}

// settleExport makes the destinations, the outbox and the kept members agree with
// what the store says of the runs, discards held runs beyond those the export
// keeps, and enters what remotes are to get.
func (x *exporter) settleExport(e segments.Export) error {
	newest, _, err := x.Store.LastRun(e.Name, segments.Published, segments.Released)
	if err != nil {
		return err
	}
	held, err := x.keepHeld(e)
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
	return errors.Join(append(errs, x.owe(e), x.clearOutbox(e), x.Store.PruneMembers(e.Name), x.clearStrangers())...)
}

// keepHeld names the held runs, and discards the oldest of more than the export
// keeps: nobody looks, night after night, and the disk would fill.
func (x *exporter) keepHeld(e segments.Export) (names []string, err error) {
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
