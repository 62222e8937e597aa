package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
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
func (a *act) export(ctx context.Context, name string, scheduled time.Time, now clock) (result segments.Result, err error) {
	e, err := a.exportNamed(name)
	if err != nil {
		return segments.Result{}, err
	}
	err = a.alone(ctx, func() (err error) {
		result, err = a.exportNow(ctx, e, hygiene.InstantOf(scheduled.Truncate(time.Second)), now)
		return err
	})
	if err != nil && result.Run.Status == "" && ctx.Err() == nil && !errors.Is(err, errRan) && !errors.Is(err, errHungUp) {
		// It could not even begin, as on a full disk.
		result.Run.Export, result.Run.Status, result.Run.Error = e.Name, segments.Failed, err.Error()
	}
	return result, err
}

func (a *act) exportNow(ctx context.Context, e segments.Export, scheduled hygiene.Instant, now clock) (segments.Result, error) {
	before := a.concludeRuns(e)
	run := segments.Run{Export: e.Name, Name: segments.RunName(scheduled), ScheduledAt: scheduled, AsOf: now(), Policy: a.config.Hash}
	if begun, err := a.store.BeginRun(run); err != nil || !begun {
		return segments.Result{Run: run}, errors.Join(err, notBegun(begun, err, run), before)
	}
	result, err := a.execute(ctx, e, run, now)
	if err != nil {
		result.Run = run
		result.Run.Status, result.Run.Error = segments.Failed, err.Error()
	}
	result.Run.FinishedAt = hygiene.InstantOf(time.Now())
	return result, errors.Join(err, before, a.store.EndRun(result.Run), a.settleExport(e))
}

func notBegun(begun bool, err error, run segments.Run) error {
	if begun || err != nil {
		return nil
	}
	return fmt.Errorf("run %s/%s: %w", run.Export, run.Name, errRan)
}

func (a *act) exportNamed(name string) (segments.Export, error) {
	i := slices.IndexFunc(a.config.Exports, func(e segments.Export) bool { return e.Name == name })
	if i < 0 {
		var names []string
		for _, e := range a.config.Exports {
			names = append(names, e.Name)
		}
		return segments.Export{}, fmt.Errorf("%w %q in %s; it has %q", errNoExport, name, a.config.Path, names)
	}
	return a.config.Exports[i], nil
}

// clock tells the present, or what stands for it.
type clock func() hygiene.Instant

// execute sweeps the log to its end and writes the files from one snapshot. The
// moment of the run is that of the snapshot: no event in it is later.
func (a *act) execute(ctx context.Context, e segments.Export, run segments.Run, now clock) (result segments.Result, err error) {
	previous, published, err := a.store.LastRun(e.Name, segments.Published, segments.Released)
	if err != nil {
		return segments.Result{}, err
	}
	if _, err := a.sweepNow(ctx, run.AsOf); err != nil {
		return segments.Result{}, err
	}
	snapshot, err := a.store.Snapshot()
	if err != nil {
		return segments.Result{}, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	run.ThroughSeq, run.AsOf = snapshot.ThroughSeq, now()
	plan := segments.Plan{Export: e, Segments: a.config.Segments, Run: run, Version: a.version, Book: a.store, PhoneKeys: a.config.Keys.Phone}
	if published {
		plan.Previous = previous.Name
	}
	if plan.Bases, err = a.store.Bases(e.Name); err != nil {
		return segments.Result{}, err
	}
	return segments.Execute(ctx, plan, snapshot, a.publishers(e), a.progress)
}

func (a *act) publishers(e segments.Export) []segments.Publisher {
	var list []segments.Publisher
	for _, d := range a.directories(e) {
		list = append(list, d)
	}
	return list
}

// settle brings to an end what killed runs left, and points latest at the run
// that was published last.
func (a *act) settle(ctx context.Context) error {
	return a.alone(ctx, func() error {
		var errs []error
		for _, e := range a.config.Exports {
			errs = append(errs, a.concludeRuns(e), a.settleExport(e))
		}
		return errors.Join(errs...)
	})
}

// settleExport makes the destinations, the outbox and the kept members agree with
// what the store says of the runs, discards held runs beyond those the export
// keeps, and enters what remotes are to get.
func (a *act) settleExport(e segments.Export) error {
	newest, _, err := a.store.LastRun(e.Name, segments.Published, segments.Released)
	if err != nil {
		return err
	}
	held, err := a.keepHeld(e)
	if err != nil {
		return err
	}
	if newest.Export == "" {
		newest.Name = ""
	}
	var errs []error
	for _, d := range a.directories(e) {
		errs = append(errs, d.Recover(e.Name, newest.Name, held))
	}
	return errors.Join(append(errs, a.owe(e), a.clearOutbox(e), a.store.PruneMembers(e.Name), a.clearStrangers())...)
}

// keepHeld names the held runs, and discards the oldest of more than the export
// keeps: nobody looks, night after night, and the disk would fill.
func (a *act) keepHeld(e segments.Export) (names []string, err error) {
	held, err := a.store.RunsOf(e.Name, store.AllRuns, segments.Held)
	for i, run := range held {
		if i < max(e.Keep, 1) {
			names = append(names, run.Name)
			continue
		}
		run.Discard(fmt.Sprintf("discarded because %d later runs are held too", i))
		err = errors.Join(err, a.store.EndRun(run))
	}
	return names, err
}
