package exports

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/segments"
)

// HeldDifference is who would come and go if a held run were published.
type HeldDifference struct {
	segments.Run
	Reason     string               `json:"reason"`          // why it is held
	Stale      string               `json:"stale,omitempty"` // why it is out of date; empty if it is not
	Suppressed map[string]int64     `json:"suppressed_since,omitempty"`
	Sample     ui.Sample            `json:"suppressed_sample,omitempty"` // contacts of those
	Compared   []view.RunDifference `json:"compared"`                    // with what readers have, and with the held run before it

	since Staleness
}

// ShowHeld prints who would come and go if the held run were published.
func (x *Exporter) ShowHeld(out *ui.Printer, export string, scheduled hygiene.Instant) error {
	if _, err := x.ExportNamed(export); err != nil {
		return err
	}
	run, err := x.HeldRun(export, scheduled)
	if err != nil {
		return err
	}
	d, err := x.Difference(run)
	switch {
	case err != nil:
		return err
	case out.JSON:
		return out.PrintJSON(d)
	}
	d.print(out.Stdout)
	return nil
}

// Difference finds who would come and go if the held run were published. It reads the
// members of the runs.
func (x *Exporter) Difference(run segments.Run) (HeldDifference, error) {
	since, err := StalenessOf(x.Config, x.Store, run, false)
	if err != nil {
		return HeldDifference{}, err
	}
	d := HeldDifference{Run: run, Reason: run.HeldReason, Suppressed: since.Suppressed, Sample: since.Sample, since: since}
	if since.Stale() {
		d.Stale = since.Why()
	}
	published, _, err := x.Store.LastRun(run.Export, segments.Published, segments.Released)
	if err != nil {
		return HeldDifference{}, err
	}
	with, err := comparedWithReaders(x.Store, run)
	if err != nil {
		return HeldDifference{}, err
	}
	if err := d.compare(x.Store, view.RunDifference{With: published.Name}, with); err != nil {
		return HeldDifference{}, err
	}
	if err := addReasons(x.Config, x.Store, run, published, with, &d.Compared[0]); err != nil {
		return HeldDifference{}, err
	}
	held, err := x.Store.HeldRuns(run.Export)
	i := slices.IndexFunc(held, func(h segments.HeldRun) bool { return h.Name == run.Name })
	if err != nil || i < 0 || i == len(held)-1 {
		return d, err
	}
	before := held[i+1]
	for segment := range with {
		with[segment] = ""
		if _, whole := before.Rows[segment]; whole {
			with[segment] = before.Name
		}
	}
	return d, d.compare(x.Store, view.RunDifference{With: before.Name, Held: true}, with)
}

// compare compares the members of the run with those of the runs with, by segment, as
// they are read.
func (d *HeldDifference) compare(s segments.RunStore, result view.RunDifference, with map[string]string) error {
	list, err := openComparisons(s, d.Run, with)
	for _, c := range list {
		s := view.SegmentDifference{Segment: c.Segment}
		err = errors.Join(err, c.Each(func(key string, change segments.MemberChange) error {
			countMember(&s, key, change)
			return nil
		}), c.Close())
		result.Segments = append(result.Segments, s)
	}
	d.Compared = append(d.Compared, result)
	return err
}

func countMember(s *view.SegmentDifference, key string, change segments.MemberChange) {
	if change != segments.Came {
		s.Before++
	}
	if change != segments.Went {
		s.Now++
	}
	switch change {
	case segments.Came:
		s.Come++
		s.Coming.Add(key)
	case segments.Went:
		s.Go++
		s.Going.Add(key)
	case segments.Altered:
		s.Change++
	}
}

func (d *HeldDifference) print(w io.Writer) {
	fmt.Fprintf(w, "run %s/%s is held, as of %s: %s\n", d.Export, d.Name, d.AsOf, d.Reason)
	if d.Stale != "" {
		fmt.Fprintf(w, "it is out of date: %s; winnow export %s makes a new one\n", d.Stale, d.Export)
	}
	d.since.print(w)
	for _, c := range d.Compared {
		printDifference(w, &c)
	}
}

func printDifference(w io.Writer, d *view.RunDifference) {
	switch {
	case d.With == "":
		fmt.Fprintln(w, "\nreaders have no run yet")
	case d.Held:
		fmt.Fprintf(w, "\ncompared with %s, the held run before it:\n", d.With)
	default:
		fmt.Fprintf(w, "\ncompared with %s, which readers have:\n", d.With)
	}
	rows := [][]string{{"SEGMENT", "BEFORE", "NOW", "COME", "GO", "CHANGE", ""}}
	for _, s := range d.Segments {
		samples := ui.FormatSamples(ui.LabeledSample{Label: "come", Keys: s.Coming}, ui.LabeledSample{Label: "go", Keys: s.Going})
		rows = append(rows, []string{s.Segment, ui.Number(s.Before), ui.Number(s.Now), ui.Number(s.Come), ui.Number(s.Go), ui.Number(s.Change), ui.Printable(samples)})
	}
	ui.Table(w, rows)
}
