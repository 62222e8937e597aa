package exports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/segments"
	"winnow/segments/destination/local"
)

// ErrRunExists says that the export has a run of that scheduled time already.
var ErrRunExists = errors.New("a run of this scheduled time already exists")

// Export makes the run of the export for the scheduled time, to the second. Runs
// of one store are made one at a time, by whichever process.
func (x *Exporter) Export(ctx context.Context, name string, scheduled time.Time, now Clock) (result segments.Result, err error) {
	e, err := x.ExportNamed(name)
	if err != nil {
		return segments.Result{}, err
	}
	err = x.Exclusive(ctx, func() (err error) {
		result, err = x.exportLocked(ctx, e, hygiene.InstantOf(scheduled.Truncate(time.Second)), now)
		return err
	})
	if err != nil && result.Run.Status == "" && ctx.Err() == nil && !errors.Is(err, ErrRunExists) && !errors.Is(err, app.ErrClientGone) {
		// It could not even begin, for example on a full disk.
		result.Run.Export, result.Run.Status, result.Run.Error = e.Name, segments.Failed, err.Error()
	}
	return result, err
}

// exportLocked is Export for a caller that holds the store lock.
func (x *Exporter) exportLocked(ctx context.Context, e segments.Export, scheduled hygiene.Instant, now Clock) (segments.Result, error) {
	recoverErr := x.recoverRuns(e)
	run := segments.Run{Export: e.Name, Name: segments.RunName(scheduled), ScheduledAt: scheduled, AsOf: now(), Policy: x.Config.Hash, Ledger: -1, StartedBy: x.By}
	begun, err := x.Store.BeginRun(run)
	if err == nil && !begun {
		err = fmt.Errorf("run %s/%s: %w", run.Export, run.Name, ErrRunExists)
	}
	if err != nil {
		return segments.Result{Run: run}, errors.Join(err, recoverErr)
	}
	result, err := x.makeFiles(ctx, e, run, now)
	if err != nil {
		result.Run = run
		result.Run.Status, result.Run.Error = segments.Failed, err.Error()
	}
	result.Run.FinishedAt = now()
	return result, errors.Join(err, recoverErr, x.Store.EndRun(result.Run), x.cleanUp(e))
}

// makeFiles sweeps the log to its end and writes the files from one snapshot. The
// run is as of the snapshot: no later event is in it.
func (x *Exporter) makeFiles(ctx context.Context, e segments.Export, run segments.Run, now Clock) (result segments.Result, err error) {
	x.makeOutbox(e)
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
	run.ThroughSeq, run.Ledger, run.AsOf = snapshot.ThroughSeq, snapshot.Ledger, now()
	plan := segments.Plan{Export: e, Segments: x.Config.Segments, Run: run, Version: x.Version, Store: x.Store, PhoneKeys: x.Config.Keys.Phone, MergedInto: snapshot.MergedInto}
	if published {
		plan.Previous = previous.Name
	}
	if plan.Bases, err = x.Store.Bases(e.Name); err != nil {
		return segments.Result{}, err
	}
	if plan.Held, err = x.Store.HeldRuns(e.Name); err != nil {
		return segments.Result{}, err
	}
	return segments.Execute(ctx, plan, snapshot, x.publishers(e), x.Progress)
}

// RunNames names runs as EXPORT/RUN.
func RunNames(runs []segments.Run) []string {
	names := []string{}
	for _, r := range runs {
		names = append(names, r.Export+"/"+r.Name)
	}
	return names
}

// ManifestOf reads the manifest of a run in the first directory that has it. It is
// empty if none has it.
func ManifestOf(dirs []local.Folder, run segments.Run) (m segments.Manifest) {
	for _, dir := range dirs {
		text, err := os.ReadFile(filepath.Join(string(dir), folderOf(run), run.Name, segments.ManifestName))
		if err == nil && json.Unmarshal(text, &m) == nil {
			return m
		}
	}
	return segments.Manifest{}
}
