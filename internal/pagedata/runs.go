package pagedata

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/internal/exports"
	"winnow/internal/ui"
	"winnow/segments"
)

const (
	latestRuns = 6  // of each export, on the page of all
	exportRuns = 30 // on the page of one
)

// Runs lists the exports with their latest runs.
func (s *Source) Runs(context.Context) (view.RunList, error) {
	cfg := s.Config()
	list := view.RunList{At: hygiene.InstantOf(time.Now())}
	for i := range cfg.Exports {
		page, err := s.exportPage(cfg, &cfg.Exports[i], latestRuns)
		if err != nil {
			return list, err
		}
		list.Exports = append(list.Exports, page)
	}
	summaries, err := s.Store.BreakerSummaries()
	for _, of := range summaries {
		list.Surges += of.Waiting
	}
	return list, err
}

// Export describes an export, with its runs.
func (s *Source) Export(_ context.Context, name string) (view.ExportPage, error) {
	cfg := s.Config()
	e, err := s.exportNamed(name)
	if err != nil {
		return view.ExportPage{}, err
	}
	return s.exportPage(cfg, &e, exportRuns)
}

func (s *Source) exportNamed(name string) (segments.Export, error) {
	e, err := s.Exporter().ExportNamed(name)
	if err != nil {
		err = console.NewAPIError(http.StatusNotFound, err)
	}
	return e, err
}

func (s *Source) exportPage(cfg *config.Config, e *segments.Export, most int) (view.ExportPage, error) {
	page := view.ExportPage{At: hygiene.InstantOf(time.Now()), NextAt: s.Next(e.Name),
		Export: view.Export{Name: e.Name, Schedule: e.Schedule, Segments: slices.Compact(slices.Clone(e.Segments)), Formats: e.Formats, To: exports.DestinationNames(e)}}
	runs, err := s.Store.RunsOf(e.Name, most+1)
	if err != nil {
		return page, err
	}
	if last, published, err := s.Store.LastRun(e.Name, segments.Published, segments.Released); err != nil {
		return page, err
	} else if n := len(runs); published && last.ScheduledAt < runs[n-1].ScheduledAt {
		runs = append(runs[:min(n, most)], last)
	}
	page.Runs = s.sizes(e, runs)
	page.Runs = page.Runs[:min(most, len(page.Runs))]
	held, err := s.Held(cfg)
	if err != nil {
		return page, err
	}
	if i := slices.IndexFunc(held, func(h view.HeldRun) bool { return h.Export == e.Name }); i >= 0 {
		page.Held = &held[i]
	}
	undelivered, err := exports.UndeliveredRuns(cfg, s.Store)
	page.Deliveries = slices.DeleteFunc(undelivered, func(d view.Delivery) bool { return d.Export != e.Name })
	return page, err
}

// sizes reads the sizes of runs, the latest first, from their manifests. The last run
// is there for the others to be compared with.
func (s *Source) sizes(e *segments.Export, runs []segments.Run) []view.RunSizes {
	dirs := s.Exporter().Directories(*e)
	list := make([]view.RunSizes, len(runs))
	before := map[string]view.SegmentSize{} // what readers had, by segment
	for i := len(runs) - 1; i >= 0; i-- {
		m := exports.ManifestOf(dirs, runs[i])
		list[i] = view.RunSizes{Run: runs[i], Kept: m.Run != ""}
		for _, f := range m.Files {
			list[i].Bytes += f.Bytes
		}
		for _, name := range slices.Compact(slices.Clone(e.Segments)) {
			if !list[i].Kept {
				break
			}
			size := view.SegmentSize{Segment: name}
			at := slices.IndexFunc(m.Files, func(f segments.File) bool { return f.Segment == name && f.Kind == segments.Full })
			if size.Missing = at < 0; !size.Missing {
				size.Rows = m.Files[at].Rows
				if was, ok := before[name]; ok {
					size.Before, size.Change = was.Before, size.Rows-was.Rows
				}
				if runs[i].Status == segments.Published || runs[i].Status == segments.Released {
					before[name] = view.SegmentSize{Rows: size.Rows, Before: runs[i].ScheduledAt}
				}
			}
			list[i].Segments = append(list[i].Segments, size)
		}
	}
	return list
}

// Run describes a run.
func (s *Source) Run(ctx context.Context, export, name string) (view.RunPage, error) {
	e, run, err := s.runNamed(export, name)
	if err != nil {
		return view.RunPage{}, err
	}
	page := view.RunPage{At: hygiene.InstantOf(time.Now())}
	x := s.Exporter()
	m := exports.ManifestOf(x.Directories(e), run)
	page.Files, page.Failures = m.Files, m.Failed
	compared := []segments.Run{run}
	if m.PreviousRun != nil {
		page.Previous = *m.PreviousRun
		if _, previous, err := s.runNamed(export, page.Previous); err == nil {
			compared = append(compared, previous)
		}
	}
	page.RunSizes = s.sizes(&e, compared)[0]
	states, err := x.DestinationStates(e, run)
	for _, d := range states {
		page.Destinations = append(page.Destinations, view.RunDestination{To: d.To, Status: d.Status, Error: d.Error, Tries: d.Tries, NextAt: d.NextAt, DeliveredAt: d.DeliveredAt})
	}
	if err == nil && run.Status == segments.Held {
		page.Held, err = s.heldPage(ctx, x, run)
	}
	return page, err
}

// runNamed finds a run by the name of its folder.
func (s *Source) runNamed(export, name string) (segments.Export, segments.Run, error) {
	e, err := s.exportNamed(export)
	if err != nil {
		return e, segments.Run{}, err
	}
	at, err := time.Parse(segments.RunLayout, name)
	if err == nil {
		run, known, err := s.Store.RunOf(export, hygiene.InstantOf(at))
		if known || err != nil {
			return e, run, err
		}
	}
	return e, segments.Run{}, console.NewAPIError(http.StatusNotFound, fmt.Errorf("there is no run %q of %s", name, export))
}

// heldPage says who would come and go. That is read beside the page, from the lists of
// members of both runs.
func (s *Source) heldPage(ctx context.Context, x *exports.Exporter, run segments.Run) (*view.HeldPage, error) {
	held := &view.HeldPage{}
	readers, published, err := s.Store.LastRun(run.Export, segments.Published, segments.Released)
	if err != nil {
		return nil, err
	}
	if published {
		held.Readers, held.ReadersAsOf = readers.Name, readers.AsOf
	}
	others, err := s.Store.HeldRuns(run.Export)
	if err != nil {
		return nil, err
	}
	held.Others = len(others) - 1
	q := question{name: fmt.Sprintln("difference of", run.Export, run.Name, run.AsOf, readers.Name, x.Config.Hash), namesPeople: true}
	found := ask(ctx, &s.Passes, q, func(context.Context, *ui.Printer) (exports.HeldDifference, error) { return x.Difference(run) })
	held.FoundAt, held.Finding = found.At, found.Running
	if found.Err != nil {
		held.Error = found.Err.Error()
	}
	d := found.Value
	held.Stale, held.Suppressed, held.Sample, held.Compared = d.Stale, d.Suppressed, d.Sample, d.Compared
	return held, nil
}

// RunFile opens a file of a run.
func (s *Source) RunFile(_ context.Context, export, name, file string) (*os.File, error) {
	e, run, err := s.runNamed(export, name)
	if err != nil {
		return nil, err
	}
	f, err := s.Exporter().OpenFile(e, run, file)
	if err != nil {
		err = console.NewAPIError(http.StatusNotFound, err)
	}
	return f, err
}
