package exports

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store"
)

// ReleaseResult is what a release did.
type ReleaseResult struct {
	segments.Run
	Discarded []string `json:"discarded"` // other runs that were held, as EXPORT/RUN
}

// Release publishes a held run. Like a run that is made, it is released once one
// destination has it; what the others lack is the error.
func (x *Exporter) Release(ctx context.Context, export string, scheduled, now hygiene.Instant) (did ReleaseResult, err error) {
	e, err := x.ExportNamed(export)
	if err != nil {
		return ReleaseResult{}, err
	}
	err = x.Exclusive(ctx, func() error {
		run, err := x.HeldRun(export, scheduled)
		if err == nil {
			did, err = x.releaseLocked(e, run, now)
		}
		return err
	})
	return did, err
}

// Why a run can't be released.
var (
	ErrRunNotFound = errors.New("is not there")
	ErrNotHeld     = errors.New("only a held run can be released")
)

// HeldRun is the run that is to be released. The error tells how it stands, and
// which could be.
func (x *Exporter) HeldRun(export string, scheduled hygiene.Instant) (segments.Run, error) {
	run, known, err := x.Store.RunOf(export, scheduled)
	if err != nil || known && run.Status == segments.Held {
		return run, err
	}
	held, err := x.Store.RunsOf(export, store.AllRuns, segments.Held)
	if err != nil {
		return segments.Run{}, err
	}
	could := "no run of " + export + " is held now"
	if len(held) > 0 {
		could = "held are " + strings.Join(RunNames(held), ", ")
	}
	name := export + "/" + segments.RunName(scheduled)
	if !known {
		return segments.Run{}, fmt.Errorf("run %s %w, and only a held run can be released: %s", name, ErrRunNotFound, could)
	}
	return segments.Run{}, fmt.Errorf("run %s is %s, and %w: %s", name, run.Status, ErrNotHeld, could)
}

// RunNames names runs as EXPORT/RUN.
func RunNames(runs []segments.Run) []string {
	names := []string{}
	for _, r := range runs {
		names = append(names, r.Export+"/"+r.Name)
	}
	return names
}

func (x *Exporter) releaseLocked(e segments.Export, run segments.Run, now hygiene.Instant) (ReleaseResult, error) {
	held, err := x.Store.RunsOf(e.Name, store.AllRuns, segments.Held)
	if err != nil {
		return ReleaseResult{}, err
	}
	var missing []error
	to := x.releaseTargets(e, run)
	for _, d := range to {
		if err := d.Release(e.Name, run.Name); err != nil {
			missing = append(missing, err)
		}
	}
	trouble := errors.Join(missing...)
	if len(missing) == len(to) {
		return ReleaseResult{}, fmt.Errorf("%w; if the run's files are gone, winnow export %s makes a new one", trouble, e.Name)
	}
	run.Status, run.FinishedAt = segments.Released, now
	run.Error = "" // why it was held is settled; what it lacks is not
	if lacks := append(failuresOf(ManifestOf(x.Directories(e), run)), missing...); len(lacks) > 0 {
		run.Error = segments.Sentence(lacks).Error()
	}
	if err := x.Store.EndRun(run); err != nil {
		return ReleaseResult{}, errors.Join(err, trouble)
	}
	missing = append(missing, x.cleanUp(e))
	for _, d := range to {
		missing = append(missing, d.Prune(e.Name, max(e.Keep, 1)))
	}
	did := ReleaseResult{Run: run, Discarded: []string{}}
	for _, name := range RunNames(held) {
		if name != run.Export+"/"+run.Name {
			did.Discarded = append(did.Discarded, name)
		}
	}
	return did, errors.Join(missing...)
}

// failuresOf tells which segments and deltas the run lacks.
func failuresOf(m segments.Manifest) (list []error) {
	for _, f := range m.Failed {
		list = append(list, fmt.Errorf("segment %q: %s", f.Segment, f.Error))
	}
	return list
}

// releaseTargets are the destinations to release the run in: all, but for the outbox
// that is younger than the run. The servers then get a directory's copy.
func (x *Exporter) releaseTargets(e segments.Export, run segments.Run) []segments.Destination {
	all := x.destinations(e)
	if len(e.To) == 0 || len(all) == len(e.To) {
		return all
	}
	if place, err := x.outbox().Find(e.Name, run.Name); err != nil || place != segments.Nowhere {
		return all
	}
	return all[:len(e.To)]
}

// recoverRuns brings to an end the runs and releases whose process was killed.
// A run that readers can see in one destination is published, whatever was not
// written down of that any more: they may have read it, and the next delta goes
// on from it. The caller holds the lock, so no run is under way.
func (x *Exporter) recoverRuns(e segments.Export) error {
	open, err := x.Store.RunsOf(e.Name, store.AllRuns, segments.Running, segments.Held)
	errs := []error{err}
	for i := len(open) - 1; i >= 0; i-- {
		errs = append(errs, x.recoverRun(e, open[i]))
	}
	return errors.Join(errs...)
}

func (x *Exporter) recoverRun(e segments.Export, run segments.Run) error {
	place, err := x.locate(e, run.Name)
	now := hygiene.InstantOf(time.Now())
	switch {
	case place == segments.AmongPublished && run.Status == segments.Held:
		_, err := x.releaseLocked(e, run, now)
		return err
	case run.Status == segments.Held:
		return nil
	case place == segments.AmongPublished:
		run.Status = segments.Published
	case place == segments.AmongHeld:
		run.Status = segments.Held
	case err != nil:
		return err // it may be there, where nobody can look now
	default:
		run.Status, run.Error = segments.Failed, "winnow was stopped before the run was written"
	}
	run.FinishedAt = now
	return x.Store.EndRun(run)
}

// locate is the most public place that some destination has the run in.
func (x *Exporter) locate(e segments.Export, name string) (place segments.Place, err error) {
	var errs []error
	for _, d := range x.destinations(e) {
		there, err := d.Find(e.Name, name)
		place, errs = max(place, there), append(errs, err)
	}
	return place, errors.Join(errs...)
}
