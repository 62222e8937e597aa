package exports

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/segments/destination/local"
	"winnow/store/runs"
)

// Recover finishes what killed processes left of all exports, and points latest at
// the last published run of each.
func (x *Exporter) Recover(ctx context.Context) error {
	return x.Exclusive(ctx, func() error {
		var errs []error
		for _, e := range x.Config.Exports {
			errs = append(errs, x.recoverRuns(e), x.cleanUp(e))
		}
		return errors.Join(errs...)
	})
}

// recoverRuns finishes the runs and releases whose process was killed. The caller
// holds the store lock, so no run is under way.
func (x *Exporter) recoverRuns(e segments.Export) error {
	open, err := x.Store.RunsOf(e.Name, runs.AllRuns, segments.Running, segments.Held)
	errs := []error{err}
	for _, run := range slices.Backward(open) {
		errs = append(errs, x.recoverRun(e, run))
	}
	return errors.Join(errs...)
}

// recoverRun decides by what readers can see. A run that is published in one
// destination is published, even if the store does not know it yet: readers may
// have read it, and the next delta continues from it.
func (x *Exporter) recoverRun(e segments.Export, run segments.Run) error {
	place, err := x.locate(e, run.Name)
	now := hygiene.InstantOf(time.Now())
	switch {
	case place == local.Published && run.Status == segments.Held:
		_, err := x.releaseLocked(e, run, now)
		return err
	case run.Status == segments.Held:
		return nil
	case place == local.Published:
		run.Status = segments.Published
	case place == local.Held:
		run.Status = segments.Held
	case err != nil:
		return err // it may be in a destination that cannot be read now
	default:
		run.Status, run.Error = segments.Failed, "winnow was stopped before the run was written"
	}
	run.FinishedAt = now
	return x.Store.EndRun(run)
}

// locate is the most public place in which a destination has the run.
func (x *Exporter) locate(e segments.Export, name string) (place local.Location, err error) {
	var errs []error
	for _, d := range x.Directories(e) {
		at, err := d.Find(e.Name, name)
		place, errs = max(place, at), append(errs, err)
	}
	return place, errors.Join(errs...)
}

// cleanUp makes the destinations, the outbox and the members that are kept for
// deltas agree with the store, discards held runs beyond those the export keeps,
// and enqueues the deliveries to remotes. Where the store is behind the destinations it
// does nothing: by what the store knows, readers would be pointed back to an older run,
// and the next delta would lose its base. The next recovery begins with that run.
func (x *Exporter) cleanUp(e segments.Export) error {
	if behind, err := x.storeIsBehind(e); behind || err != nil {
		return err
	}
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
	for _, d := range x.Directories(e) {
		errs = append(errs, d.Recover(e.Name, newest.Name, held))
	}
	return errors.Join(append(errs, x.enqueue(e), x.pruneOutbox(e), x.Store.PruneMembers(e.Name), x.pruneUnknownExports())...)
}

// storeIsBehind reports whether readers see a run that the store could not record as
// published, for example on a full disk. The error that says so has been returned.
func (x *Exporter) storeIsBehind(e segments.Export) (bool, error) {
	open, err := x.Store.RunsOf(e.Name, runs.AllRuns, segments.Running, segments.Held)
	for _, run := range open {
		if place, _ := x.locate(e, run.Name); place == local.Published {
			return true, err
		}
	}
	return false, err
}

// pruneHeld names the held runs. It discards the oldest ones beyond those that the
// export keeps: if nobody looks for many nights, the disk must not fill up.
func (x *Exporter) pruneHeld(e segments.Export) (names []string, err error) {
	held, err := x.Store.RunsOf(e.Name, runs.AllRuns, segments.Held)
	for i, run := range held {
		if i < max(e.Keep, 1) {
			names = append(names, run.Name)
			continue
		}
		run.Discard(fmt.Sprintf("discarded because %d later runs are held too", i))
		err = errors.Join(err, x.Store.EndRun(run))
	}
	return names, err
}

// pruneOutbox removes the outbox of an export that has no remotes any more, as
// soon as no kept run waits there. The files are full of contacts.
func (x *Exporter) pruneOutbox(e segments.Export) error {
	folder := filepath.Join(string(x.outbox()), e.Name)
	if _, err := os.Stat(folder); slices.Contains(x.Directories(e), x.outbox()) || err != nil {
		return nil
	}
	deliveries, err := x.Store.Deliveries(e.Name)
	kept, keptErr := x.Store.RunsOf(e.Name, max(e.Keep, 1), segments.Published, segments.Released)
	if err := errors.Join(err, keptErr); err != nil {
		return err
	}
	for _, d := range deliveries {
		if d.Status == runs.Waiting && slices.ContainsFunc(kept, func(r segments.Run) bool { return r.ScheduledAt == d.ScheduledAt }) {
			return nil
		}
	}
	return os.RemoveAll(folder)
}

// unknownExportAge is how long the outbox and the members of an export are kept
// after it left the config: if it was removed by mistake, it can be put back.
const unknownExportAge = 7 * hygiene.Day

// pruneUnknownExports removes the outboxes and the members of exports that left
// the config long ago. Published files stay.
func (x *Exporter) pruneUnknownExports() error {
	var names []string
	outboxIsDestination := false
	for _, e := range x.Config.Exports {
		names = append(names, e.Name)
		folders, _ := local.Split(e.To)
		outboxIsDestination = outboxIsDestination || slices.Contains(folders, x.outbox())
	}
	before := time.Now().Add(-unknownExportAge)
	err := x.Store.PruneMembersOfOthers(names, before)
	folders, readErr := os.ReadDir(string(x.outbox()))
	if errors.Is(readErr, fs.ErrNotExist) || outboxIsDestination {
		return err
	}
	for _, f := range folders {
		info, infoErr := f.Info()
		if infoErr == nil && info.ModTime().Before(before) && !slices.Contains(names, f.Name()) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(string(x.outbox()), f.Name())))
		}
	}
	return errors.Join(err, readErr)
}
