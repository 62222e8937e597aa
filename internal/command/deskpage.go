package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/schedule"
	"winnow/segments"
	"winnow/segments/destination/local"
	"winnow/store"
)

// desk is what the page is made of.
type desk struct {
	*daemon
	days *days
}

// page is what the console shows.
func (d *desk) page(ctx context.Context) (console.Page, error) {
	cfg, now := d.current.Load(), time.Now()
	t, err := d.store.Totals()
	if err != nil {
		return console.Page{}, err
	}
	runs, err := d.store.Runs()
	p := console.Page{At: hygiene.InstantOf(now), Events: t.Events, Lag: t.Lag, Repeats: t.Repeats, Quarantined: t.Quarantined,
		Unmatched: t.Unmatched, Statuses: t.Statuses, CountedAt: t.CountedAt, Policy: cfg.Hash, Runs: runs}
	d.notes.fill(&p)
	sizes, sizesErr := d.sizes(cfg)
	p.Sizes = sizes
	err = errors.Join(err, sizesErr, d.trouble(cfg, t, &p))
	d.days.fill(ctx, &p)
	return p, err
}

// trouble puts on the page what needs someone's attention. What keeps callbacks
// from being stored comes first, then what keeps them from being judged, then
// what the CRM does not get.
func (d *desk) trouble(cfg *config.Config, t store.Totals, p *console.Page) error {
	if err := d.store.Healthy(); err != nil {
		p.Trouble = append(p.Trouble, console.Trouble{What: "callbacks can't be stored: " + err.Error() + "; make room on the disk, or mend it"})
	}
	p.Trouble = append(p.Trouble, d.heldUp()...)
	lagErr := d.lagging(t, p)
	for _, j := range p.Jobs {
		if j.Error != "" && j.Kind != string(schedule.Export) { // an export's run tells itself
			p.Trouble = append(p.Trouble, console.Trouble{What: fmt.Sprintf("job %s failed: %s", j.Name, j.Error)})
		}
	}
	surgings, surgeErr := d.store.Surgings()
	for _, of := range surgings {
		if of.Waiting > 0 {
			p.Trouble = append(p.Trouble, console.Trouble{Do: "winnow breaker", What: fmt.Sprintf("%s of %s at source %s to review, until when the verdicts wait:",
				plural(of.Waiting, "surge"), of.Outcome, of.Source)})
		}
	}
	return errors.Join(lagErr, surgeErr, d.troubledRuns(cfg, p))
}

// lagAllowed is how long an event may wait for its sweep before the page says so.
const lagAllowed = 15 * time.Minute

func (d *desk) lagging(t store.Totals, p *console.Page) error {
	if t.Lag == 0 {
		return nil
	}
	first, ok, err := d.store.Event(t.Cursor + 1)
	if err != nil || !ok || p.At.Sub(first.ReceivedAt) < lagAllowed {
		return err
	}
	p.Trouble = append(p.Trouble, console.Trouble{Do: "winnow schedule", What: fmt.Sprintf("%s to be swept, the first of them received at %s: is the sweep running?",
		waiting(t.Lag), first.ReceivedAt.Time().Format(time.RFC3339))})
	return nil
}

func waiting(events int64) string {
	if events == 1 {
		return "1 event waits"
	}
	return grouped(events) + " events wait"
}

// troubledRuns tells of the runs that wait for a release, and of the exports
// whose last run failed.
func (d *desk) troubledRuns(cfg *config.Config, p *console.Page) error {
	var errs []error
	for _, e := range cfg.Exports {
		held, err := d.store.RunsOf(e.Name, store.AllRuns, segments.Held)
		errs = append(errs, err)
		if len(held) == 0 {
			continue
		}
		what := fmt.Sprintf("run %s/%s is held: %s", e.Name, held[0].Name, held[0].Error)
		if len(held) > 1 {
			what = fmt.Sprintf("%d runs of %s are held, the last is %s: %s", len(held), e.Name, held[0].Name, held[0].Error)
		}
		p.Trouble = append(p.Trouble, console.Trouble{What: what})
	}
	for _, r := range p.Runs {
		if r.Status == segments.Failed && slices.ContainsFunc(cfg.Exports, func(e segments.Export) bool { return e.Name == r.Export }) {
			p.Trouble = append(p.Trouble, console.Trouble{What: "an export failed: " + r.Error, Do: "winnow export " + r.Export})
		}
	}
	missed, err := undeliveredRuns(cfg, d.store)
	p.Trouble = append(p.Trouble, late(missed, p.At)...)
	return errors.Join(append(errs, err)...)
}

// shownRuns is of how many runs the page shows the sizes.
const shownRuns = 30

// sizes reads how many rows the segments had in the latest runs, from the
// manifests of those that a directory still has.
func (d *desk) sizes(cfg *config.Config) (list []console.Size, err error) {
	for _, e := range cfg.Exports {
		runs, runsErr := d.store.RunsOf(e.Name, shownRuns, segments.Published, segments.Released, segments.Held)
		err = errors.Join(err, runsErr)
		slices.Reverse(runs)
		dirs := d.acts().directories(e)
		sizes := make([]console.Size, len(e.Segments))
		for i, name := range e.Segments {
			sizes[i] = console.Size{Export: e.Name, Segment: name}
		}
		for _, run := range runs {
			m := manifestOf(dirs, run)
			for i := range sizes {
				at := slices.IndexFunc(m.Files, func(f segments.File) bool { return f.Segment == sizes[i].Segment && f.Kind == segments.Full })
				if at >= 0 {
					sizes[i].Runs = append(sizes[i].Runs, console.SizeOfRun{Run: run.Name, Rows: m.Files[at].Rows, Held: run.Status == segments.Held})
				}
			}
		}
		list = append(list, sizes...)
	}
	return list, err
}

// manifestOf reads a run's manifest in the first directory that has it. Of a run
// that none has any more it is empty.
func manifestOf(dirs []local.Folder, run segments.Run) (m segments.Manifest) {
	folder := run.Export
	if run.Status == segments.Held {
		folder = filepath.Join(run.Export, "held")
	}
	for _, dir := range dirs {
		text, err := os.ReadFile(filepath.Join(string(dir), folder, run.Name, segments.ManifestName))
		if err == nil && json.Unmarshal(text, &m) == nil {
			return m
		}
	}
	return segments.Manifest{}
}
