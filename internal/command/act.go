package command

import (
	"context"
	"errors"
	"fmt"
	"regexp"
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

// alone runs do while nobody else sweeps, reviews or makes a run of this store,
// in whichever process: a run reads one snapshot, and what is overwritten
// meanwhile would pile up behind it.
func (a *act) alone(ctx context.Context, do func() error) (err error) {
	lock := schedule.NewLock(a.store.Path() + ".run")
	if err := lock.Acquire(ctx, nil); err != nil {
		return err
	}
	// Also when do panics: the schedule goes on, and would wait for itself.
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	return do()
}

// sweep applies the rules to new events.
func (a *act) sweep(ctx context.Context, now hygiene.Instant) (did store.Swept, err error) {
	err = a.alone(ctx, func() (err error) {
		did, err = a.sweepNow(ctx, now)
		return err
	})
	return did, err
}

func (a *act) sweepNow(ctx context.Context, now hygiene.Instant) (store.Swept, error) {
	if err := a.store.KeepPolicy(a.config.Hash, a.config.Text, now); err != nil {
		return store.Swept{}, err
	}
	return a.store.Sweep(ctx, store.SweepOptions{Policy: a.config.Policy, Now: now, Progress: a.progress})
}

// review applies the rules that look at the time alone to everyone, after all
// that has happened has been swept.
func (a *act) review(ctx context.Context, now hygiene.Instant) (did store.Reviewed, err error) {
	err = a.alone(ctx, func() (err error) {
		if _, err := a.sweepNow(ctx, now); err != nil {
			return err
		}
		did, err = a.store.Review(ctx, a.config.Policy, now, a.progress)
		return err
	})
	return did, err
}

// errRan says that a run of that time has been made before.
var errRan = errors.New("the run of that time has been made before")

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
	return result, err
}

func (a *act) exportNow(ctx context.Context, e segments.Export, scheduled hygiene.Instant, now clock) (segments.Result, error) {
	run := segments.Run{Export: e.Name, Name: segments.RunName(scheduled), ScheduledAt: scheduled, AsOf: now(), Policy: a.config.Hash}
	if begun, err := a.store.BeginRun(run); err != nil || !begun {
		return segments.Result{Run: run}, errors.Join(err, notBegun(begun, err, run))
	}
	result, err := a.execute(ctx, e, run, now)
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

// clock tells the present, or what stands for it.
type clock func() hygiene.Instant

// execute sweeps the log to its end and writes the files from one snapshot. The
// moment of the run is that of the snapshot: no event in it is later.
func (a *act) execute(ctx context.Context, e segments.Export, run segments.Run, now clock) (segments.Result, error) {
	previous, published, err := a.store.LastRun(e.Name, segments.Published, segments.ReleasedRun)
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
	run.ThroughSeq, run.AsOf = snapshot.ThroughSeq, now()
	plan := segments.Plan{Export: e, Segments: a.config.Segments, Run: run, Version: a.version, PhoneKeys: a.config.Keys.Phone}
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

// settle takes away what killed runs left, and points latest at the run that
// was published last.
func (a *act) settle(ctx context.Context) error {
	return a.alone(ctx, func() error {
		var errs []error
		for _, e := range a.config.Exports {
			errs = append(errs, a.settleExport(e))
		}
		return errors.Join(errs...)
	})
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

// reasonName is how a reason is written, here as in the config.
var reasonName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// checkInstruction tells what is wrong with what someone wants to tell.
func checkInstruction(in hygiene.Instruction, now hygiene.Instant) error {
	switch {
	case in.Reason != "" && !reasonName.MatchString(in.Reason), in.Reason == "" && in.Kind == hygiene.Suppress:
		return fmt.Errorf("%q is not a reason: write it like opted_out, with small letters, digits, _ and -", in.Reason)
	case in.Until != 0 && in.Until <= now:
		return fmt.Errorf("a suppression until %s would be over already", in.Until)
	}
	return nil
}

// instruct tells contacts something by hand, and which of them are not known.
// What has happened and is not swept yet comes late to it, and is judged in its
// place.
func (a *act) instruct(keys []string, in hygiene.Instruction, now hygiene.Instant) (changes int64, unknown []string, err error) {
	if err := a.store.KeepPolicy(a.config.Hash, a.config.Text, now); err != nil {
		return 0, nil, err
	}
	return a.store.Instruct(a.config.Policy, keys, in, now)
}
