package exports

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/segments/destination/local"
	"winnow/store/runs"
)

// ReleaseResult is what a release did.
type ReleaseResult struct {
	segments.Run
	Discarded []string `json:"discarded"` // other runs that were held, as EXPORT/RUN
	// Suppressed is how many contacts that the run offers were suppressed since it was
	// made, by reason, and Sample some of them.
	Suppressed map[string]int64 `json:"suppressed_since,omitempty"`
	Sample     ui.Sample        `json:"suppressed_sample,omitempty"`
}

// Why a run can't be released.
var (
	ErrRunNotFound = errors.New("there is no run")
	ErrNotHeld     = errors.New("only a held run can be released")
)

// Release publishes a held run. Unless it may be stale, new events are swept first,
// and a run that is out of date is refused with [ErrStale]. A run is not out of date by
// what was suppressed since for a reason that is not protected: that is against nobody's
// word, and the run would be out of date every night. tell, which may be nil, learns
// what has happened since before anything is published. Release succeeds once one
// destination has the run; what the others lack is the error, beside the result.
func (x *Exporter) Release(ctx context.Context, export string, scheduled, now hygiene.Instant, mayBeStale bool, tell func(Staleness)) (result ReleaseResult, err error) {
	e, err := x.ExportNamed(export)
	if err != nil {
		return ReleaseResult{}, err
	}
	err = x.Exclusive(ctx, func() error {
		run, err := x.HeldRun(export, scheduled)
		if err != nil {
			return err
		}
		since, err := x.upToDate(ctx, run, now, mayBeStale)
		if err != nil {
			return err
		}
		if tell != nil {
			tell(since)
		}
		result, err = x.releaseLocked(e, run, now)
		result.Suppressed, result.Sample = since.Suppressed, since.Sample
		return err
	})
	return result, err
}

// upToDate sweeps new events, so that nobody is offered who has just opted out, and
// refuses a run that is out of date, unless it may be.
func (x *Exporter) upToDate(ctx context.Context, run segments.Run, now hygiene.Instant, mayBeStale bool) (Staleness, error) {
	if mayBeStale {
		since, err := StalenessOf(x.Config, x.Store, run, false)
		if err != nil {
			since.Unknown = "what has happened since can't be found: " + err.Error()
		}
		return since, nil
	}
	if _, err := x.SweepLocked(ctx, now); err != nil {
		return Staleness{}, err
	}
	since, err := StalenessOf(x.Config, x.Store, run, false)
	if err == nil && since.Stale() {
		err = fmt.Errorf("run %s/%s: %w: %s; winnow export %s makes a new one", run.Export, run.Name, ErrStale, since.Why(), run.Export)
	}
	return since, err
}

// NewestHeld is the scheduled time of the newest held run of the export.
func (x *Exporter) NewestHeld(export string) (hygiene.Instant, error) {
	if _, err := x.ExportNamed(export); err != nil {
		return 0, err
	}
	run, ok, err := x.Store.LastRun(export, segments.Held)
	if err == nil && !ok {
		err = fmt.Errorf("no run of %s is held now; %w", export, ErrNotHeld)
	}
	return run.ScheduledAt, err
}

// HeldRun is the held run of that scheduled time. Otherwise the error is
// [ErrRunNotFound] or [ErrNotHeld], and names the runs that are held.
func (x *Exporter) HeldRun(export string, scheduled hygiene.Instant) (segments.Run, error) {
	run, known, err := x.Store.RunOf(export, scheduled)
	if err != nil || known && run.Status == segments.Held {
		return run, err
	}
	held, err := x.Store.RunsOf(export, runs.AllRuns, segments.Held)
	if err != nil {
		return segments.Run{}, err
	}
	others := "no run of " + export + " is held now"
	if len(held) > 0 {
		others = "held runs: " + strings.Join(RunNames(held), ", ")
	}
	name := export + "/" + segments.RunName(scheduled)
	if !known {
		return segments.Run{}, fmt.Errorf("%w %s; %s", ErrRunNotFound, name, others)
	}
	return segments.Run{}, fmt.Errorf("run %s is %s; %w; %s", name, run.Status, ErrNotHeld, others)
}

// releaseLocked releases a run for a caller that holds the store lock.
func (x *Exporter) releaseLocked(e segments.Export, run segments.Run, now hygiene.Instant) (ReleaseResult, error) {
	held, err := x.Store.RunsOf(e.Name, runs.AllRuns, segments.Held)
	if err != nil {
		return ReleaseResult{}, err
	}
	var errs []error
	to := x.releaseTargets(e, run)
	for _, d := range to {
		if err := d.Release(e.Name, run.Name); err != nil {
			errs = append(errs, err)
		}
	}
	releaseErr := errors.Join(errs...)
	if len(errs) == len(to) {
		return ReleaseResult{}, fmt.Errorf("%w; if the run's files are gone, winnow export %s makes a new one", releaseErr, e.Name)
	}
	run.Status, run.FinishedAt, run.ReleasedBy = segments.Released, now, x.By
	run.Error = "" // why it was held no longer matters; what it lacks does
	if lacks := append(failuresOf(ManifestOf(x.Directories(e), run)), errs...); len(lacks) > 0 {
		run.Error = segments.ErrorList(lacks).Error()
	}
	if err := x.Store.EndRun(run); err != nil {
		return ReleaseResult{}, errors.Join(err, releaseErr)
	}
	errs = append(errs, x.cleanUp(e))
	for _, d := range to {
		errs = append(errs, d.Prune(e.Name, max(e.Keep, 1)))
	}
	result := ReleaseResult{Run: run, Discarded: []string{}}
	for _, name := range RunNames(held) {
		if name != run.Export+"/"+run.Name {
			result.Discarded = append(result.Discarded, name)
		}
	}
	return result, errors.Join(errs...)
}

// failuresOf says which segments and deltas the run lacks.
func failuresOf(m segments.Manifest) (errs []error) {
	for _, f := range m.Failed {
		errs = append(errs, fmt.Errorf("segment %q: %s", f.Segment, f.Error))
	}
	return errs
}

// releaseTargets are the destinations in which to release the run: all, except an
// outbox that is younger than the run. The remotes then get the copy of a
// directory.
func (x *Exporter) releaseTargets(e segments.Export, run segments.Run) []local.Folder {
	all := x.Directories(e)
	folders, _ := local.Split(e.To)
	if len(folders) == 0 || len(all) == len(folders) {
		return all
	}
	if place, err := x.outbox().Find(e.Name, run.Name); err != nil || place != local.Missing {
		return all
	}
	return folders
}
