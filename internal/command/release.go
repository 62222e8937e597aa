package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/segments/destination/local"
	"winnow/store"
)

// releaseCommand publishes a run that the guard held.
type releaseCommand struct {
	Which string `arg:"" name:"run" placeholder:"EXPORT/RUN" help:"The run, like nightly/2026-11-23T020000Z."`
}

// Run publishes the run, and tells what readers have now.
func (x releaseCommand) Run(c *call) error {
	export, name, ok := strings.Cut(x.Which, "/")
	scheduled, err := time.Parse(segments.RunLayout, name)
	if !ok || err != nil {
		return &usageError{fmt.Errorf("%q is not a run: write the export and the run's folder, like nightly/2026-11-23T020000Z", x.Which)}
	}
	return c.with(store.OpenExisting, func(h *house) error {
		a, done := c.act(h, "file")
		did, err := a.release(c.ctx, export, hygiene.InstantOf(scheduled), c.present())
		done()
		if did.Run.Export == "" {
			return err
		}
		e, _ := a.exportNamed(export)
		if !c.json {
			what := ""
			if folders, _ := local.Split(e.To); len(folders) > 0 { // what servers have stands below, once it is known
				what = ": latest points to it now"
			}
			fmt.Fprintf(c.Stdout, "%s %s/%s%s\n", did.Status, did.Export, did.Name, what)
			for _, other := range did.Discarded {
				fmt.Fprintf(c.Stdout, "discarded %s, which was held too: it tells what changed since a run that is not the last one any more\n", other)
			}
		}
		list, deliverErr := c.delivered(a, e, did.Run)
		err = errors.Join(err, deliverErr)
		if c.json {
			err = errors.Join(err, c.printJSON(struct {
				released
				Destinations []arrival `json:"destinations"`
			}{did, list}))
		}
		if worthSaying(e, list) {
			err = cmp.Or(err, c.sayArrivals(e.Name, did.Name, list))
		}
		return err
	})
}

// released is what a release did.
type released struct {
	segments.Run
	Discarded []string `json:"discarded"` // other runs that were held, as EXPORT/RUN
}

// release publishes a held run. Like a run that is made, it is released once one
// destination has it; what the others lack is the error.
func (a *act) release(ctx context.Context, export string, scheduled, now hygiene.Instant) (did released, err error) {
	e, err := a.exportNamed(export)
	if err != nil {
		return released{}, err
	}
	err = a.alone(ctx, func() error {
		run, err := a.heldRun(export, scheduled)
		if err == nil {
			did, err = a.releaseNow(e, run, now)
		}
		return err
	})
	return did, err
}

// Why a run can't be released.
var (
	errNoRun   = errors.New("is not there")
	errNotHeld = errors.New("only a held run can be released")
)

// heldRun is the run that is to be released. The error tells how it stands, and
// which could be.
func (a *act) heldRun(export string, scheduled hygiene.Instant) (segments.Run, error) {
	run, known, err := a.store.RunOf(export, scheduled)
	if err != nil || known && run.Status == segments.Held {
		return run, err
	}
	held, err := a.store.RunsOf(export, store.AllRuns, segments.Held)
	if err != nil {
		return segments.Run{}, err
	}
	could := "no run of " + export + " is held now"
	if len(held) > 0 {
		could = "held are " + strings.Join(runNames(held), ", ")
	}
	name := export + "/" + segments.RunName(scheduled)
	if !known {
		return segments.Run{}, fmt.Errorf("run %s %w, and only a held run can be released: %s", name, errNoRun, could)
	}
	return segments.Run{}, fmt.Errorf("run %s is %s, and %w: %s", name, run.Status, errNotHeld, could)
}

func runNames(runs []segments.Run) []string {
	names := []string{}
	for _, r := range runs {
		names = append(names, r.Export+"/"+r.Name)
	}
	return names
}

func (a *act) releaseNow(e segments.Export, run segments.Run, now hygiene.Instant) (released, error) {
	held, err := a.store.RunsOf(e.Name, store.AllRuns, segments.Held)
	if err != nil {
		return released{}, err
	}
	var missing []error
	to := a.releasable(e, run)
	for _, d := range to {
		if err := d.Release(e.Name, run.Name); err != nil {
			missing = append(missing, err)
		}
	}
	trouble := errors.Join(missing...)
	if len(missing) == len(to) {
		return released{}, fmt.Errorf("%w; if the run's files are gone, winnow export %s makes a new one", trouble, e.Name)
	}
	run.Status, run.FinishedAt = segments.Released, now
	run.Error = "" // why it was held is settled; what it lacks is not
	if lacks := append(failuresOf(manifestOf(a.directories(e), run)), missing...); len(lacks) > 0 {
		run.Error = segments.Sentence(lacks).Error()
	}
	if err := a.store.EndRun(run); err != nil {
		return released{}, errors.Join(err, trouble)
	}
	missing = append(missing, a.settleExport(e))
	for _, d := range to {
		missing = append(missing, d.Prune(e.Name, max(e.Keep, 1)))
	}
	did := released{Run: run, Discarded: []string{}}
	for _, name := range runNames(held) {
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

// releasable are the destinations to release the run in: all, but for the outbox
// that is younger than the run. The servers then get a directory's copy.
func (a *act) releasable(e segments.Export, run segments.Run) []local.Folder {
	all := a.directories(e)
	folders, _ := local.Split(e.To)
	if len(folders) == 0 || len(all) == len(folders) {
		return all
	}
	if place, err := a.outbox().Find(e.Name, run.Name); err != nil || place != local.Missing {
		return all
	}
	return folders
}

// concludeRuns brings to an end the runs and releases whose process was killed.
// A run that readers can see in one destination is published, whatever was not
// written down of that any more: they may have read it, and the next delta goes
// on from it. The caller holds the lock, so no run is under way.
func (a *act) concludeRuns(e segments.Export) error {
	open, err := a.store.RunsOf(e.Name, store.AllRuns, segments.Running, segments.Held)
	errs := []error{err}
	for i := len(open) - 1; i >= 0; i-- {
		errs = append(errs, a.conclude(e, open[i]))
	}
	return errors.Join(errs...)
}

func (a *act) conclude(e segments.Export, run segments.Run) error {
	place, err := a.findRun(e, run.Name)
	now := hygiene.InstantOf(time.Now())
	switch {
	case place == local.Published && run.Status == segments.Held:
		_, err := a.releaseNow(e, run, now)
		return err
	case run.Status == segments.Held:
		return nil
	case place == local.Published:
		run.Status = segments.Published
	case place == local.Held:
		run.Status = segments.Held
	case err != nil:
		return err // it may be there, where nobody can look now
	default:
		run.Status, run.Error = segments.Failed, "winnow was stopped before the run was written"
	}
	run.FinishedAt = now
	return a.store.EndRun(run)
}

// findRun is the most public place that some destination has the run in.
func (a *act) findRun(e segments.Export, name string) (place local.Location, err error) {
	var errs []error
	for _, d := range a.directories(e) {
		there, err := d.Find(e.Name, name)
		place, errs = max(place, there), append(errs, err)
	}
	return place, errors.Join(errs...)
}
