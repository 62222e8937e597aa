package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/schedule"
	"winnow/segments"
	"winnow/segments/destination"
	"winnow/store"
)

// act is what jobs do on a schedule and commands do by hand: the same, under
// the config it was made with.
type act struct {
	config   *config.Config
	store    *store.Store
	version  string
	progress func(int64) // nil for nobody
}

// sweep applies the rules to new events.
func (a *act) sweep(ctx context.Context, now hygiene.Instant) (store.Swept, error) {
	if err := a.store.KeepPolicy(a.config.Hash, a.config.Text, now); err != nil {
		return store.Swept{}, err
	}
	return a.store.Sweep(ctx, store.SweepOptions{Policy: a.config.Policy, Now: now, Progress: a.progress})
}

// review applies the rules that look at the time alone to everyone, after all
// that has happened has been swept.
func (a *act) review(ctx context.Context, now hygiene.Instant) (store.Reviewed, error) {
	if _, err := a.sweep(ctx, now); err != nil {
		return store.Reviewed{}, err
	}
	return a.store.Review(ctx, a.config.Policy, now, a.progress)
}

// errRan says that a run of that time has been made before.
var errRan = errors.New("the run of that time has been made before")

// export makes the run of the export for the scheduled time. Runs of one store
// are made one at a time, whoever makes them.
func (a *act) export(ctx context.Context, name string, scheduled, now hygiene.Instant) (segments.Result, error) {
	e, err := a.exportNamed(name)
	if err != nil {
		return segments.Result{}, err
	}
	lock := schedule.NewLock(a.store.Path() + ".run")
	if err := lock.Acquire(ctx, nil); err != nil {
		return segments.Result{}, err
	}
	defer lock.Unlock()
	run := segments.Run{Export: name, Name: segments.RunName(scheduled), ScheduledAt: scheduled, AsOf: now, Policy: a.config.Hash}
	if begun, err := a.store.BeginRun(run); err != nil || !begun {
		return segments.Result{Run: run}, errors.Join(err, notBegun(begun, err, run))
	}
	result, err := a.execute(ctx, e, run)
	if err != nil {
		result.Run = run
		result.Run.Status, result.Run.Error = segments.Failed, err.Error()
	}
	result.Run.FinishedAt = hygiene.InstantOf(time.Now())
	return result, errors.Join(err, a.store.EndRun(result.Run), a.settleExport(e))
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
		return segments.Export{}, fmt.Errorf("there is no export %q in %s; it has %q", name, a.config.Path, names)
	}
	return a.config.Exports[i], nil
}

// execute sweeps the log to its end and writes the files from one snapshot.
func (a *act) execute(ctx context.Context, e segments.Export, run segments.Run) (segments.Result, error) {
	previous, published, err := a.store.LastRun(e.Name, segments.Published, segments.ReleasedRun)
	if err != nil {
		return segments.Result{}, err
	}
	if _, err := a.sweep(ctx, run.AsOf); err != nil {
		return segments.Result{}, err
	}
	snapshot, err := a.store.Snapshot()
	if err != nil {
		return segments.Result{}, err
	}
	run.ThroughSeq = snapshot.ThroughSeq
	plan := segments.Plan{Export: e, Segments: a.config.Segments, Run: run, Version: a.version}
	if published && previous.Name != run.Name {
		plan.Previous = previous.Name
	}
	result, err := segments.Execute(ctx, plan, snapshot, destinations(e), a.progress)
	return result, errors.Join(err, snapshot.Close())
}

func destinations(e segments.Export) []segments.Destination {
	var list []segments.Destination
	for _, dir := range e.To {
		list = append(list, destination.Directory(dir))
	}
	return list
}

// settle takes away what killed runs left, and points latest at the newest
// published run.
func (a *act) settle() error {
	var errs []error
	for _, e := range a.config.Exports {
		errs = append(errs, a.settleExport(e))
	}
	return errors.Join(errs...)
}

func (a *act) settleExport(e segments.Export) error {
	newest, ok, err := a.store.LastRun(e.Name, segments.Published, segments.ReleasedRun)
	if err != nil || !ok {
		return err
	}
	var errs []error
	for _, d := range destinations(e) {
		errs = append(errs, d.Settle(e.Name, newest.Name))
	}
	return errors.Join(errs...)
}

// instruct tells contacts something by hand, after all that has happened has
// been swept: what is not swept yet would come late to it.
func (a *act) instruct(ctx context.Context, keys []string, in hygiene.Instruction, now hygiene.Instant) (int64, error) {
	if _, err := a.sweep(ctx, now); err != nil {
		return 0, err
	}
	return a.store.Instruct(a.config.Policy, keys, in, now)
}
