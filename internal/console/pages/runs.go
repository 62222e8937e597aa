package pages

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/segments"
)

// exportData is what a page shows of an export.
type exportData struct {
	view.ExportPage
	Making *longState // a run that is being made, or how that ended; nil for none
	Form   string
}

// runsData is what the page Runs shows.
type runsData struct {
	view.RunList
	Pages []exportData
}

var (
	runsPage   = parsed("runs.html", "export.html")
	exportPage = parsed("exportruns.html", "export.html")
	runPage    = parsed("run.html", "parts.html")
)

// Runs makes the page of all exports. making is the state of runs that are being made, by
// export.
func Runs(p Page, list view.RunList, making func(export string) *longState) ([]byte, error) {
	p.Tab, p.At = "Runs", list.At
	data := runsData{RunList: list}
	for _, e := range list.Exports {
		data.Pages = append(data.Pages, exportData{e, making(e.Name), p.Form})
	}
	return render(runsPage, p, "Runs", data)
}

// Export makes the page of an export.
func Export(p Page, e view.ExportPage, making *longState) ([]byte, error) {
	p.Tab, p.At = "Runs", e.At
	return render(exportPage, p, e.Name, exportData{e, making, p.Form})
}

// HeldSentence says what readers read meanwhile.
func (d exportData) HeldSentence() string {
	if d.Held.Readers == "" {
		return "Readers have no file yet."
	}
	return readersSentence(d.Held.ReadersAsOf, d.At)
}

// readersSentence says since when readers read which list.
func readersSentence(asOf, now hygiene.Instant) string {
	text := "Readers have the list of " + asOf.Time().Format("2 January 2006, 15:04 UTC")
	if days := int64(now.Sub(asOf) / hygiene.Day); days > 0 {
		text = "Readers have had the list of " + asOf.Time().Format("2 January 2006") + " for " + ui.Count(days, "day")
	}
	return text + "."
}

// runData is what the page of a run shows.
type runData struct {
	view.RunPage
	Releasing *longState
}

// Run makes the page of a run.
func Run(p Page, r view.RunPage, releasing *longState) ([]byte, error) {
	p.Tab, p.At = "Runs", r.At
	return render(runPage, p, r.Export+" "+r.Name, runData{r, releasing})
}

// IsHeld reports whether the run waits for a release.
func (d runData) IsHeld() bool { return d.Status == segments.Held && d.Held != nil }

// ReadersSentence says what readers read while the run is held.
func (d runData) ReadersSentence() string {
	if d.Held.Readers == "" {
		return "Readers have no file yet."
	}
	return readersSentence(d.Held.ReadersAsOf, d.At)
}

// Ended says in a word how readers got the run, or that they did not.
func (d runData) Ended() string {
	if d.Status == segments.Released && d.ReleasedBy != "" {
		return "It was held, and released by " + d.ReleasedBy + "."
	}
	return map[segments.Status]string{segments.Running: "It is being made.", segments.Published: "Readers have got it.", segments.Released: "It was held, and released.",
		segments.Discarded: "Readers never got it.", segments.Failed: "It was not made."}[d.Status]
}

// byReason writes counts by reason: 12 for hard_bounce, 3 for opted_out.
func byReason(counts map[string]int64) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s for %s", ui.Number(counts[reason]), reason))
	}
	return strings.Join(parts, ", ")
}

// change writes a difference with its sign.
func change(n int64) string {
	switch {
	case n > 0:
		return "+" + ui.Number(n)
	case n < 0:
		return "−" + ui.Number(-n)
	}
	return "±0"
}

// changeShare is a change as a share of what was before; empty when that says nothing.
func changeShare(change, now int64) string {
	before := now - change
	if before < 100 || change == 0 {
		return ""
	}
	share := float64(change) / float64(before)
	if share < 0 {
		return "−" + ui.Percent(-share)
	}
	return "+" + ui.Percent(share)
}

// fileSize writes a number of bytes for people.
func fileSize(bytes int64) string {
	size, units := float64(bytes), []string{"kB", "MB", "GB", "TB"}
	if bytes < 1000 {
		return ui.Count(bytes, "byte")
	}
	unit := ""
	for i := 0; size >= 1000 && i < len(units); i++ {
		size, unit = size/1000, units[i]
	}
	return fmt.Sprintf("%.3g %s", size, unit)
}

// stamp is an instant as a table shows it, in UTC.
func stamp(at hygiene.Instant) string { return at.Time().Format("2 Jan 2006, 15:04") }

// OtherRuns counts the further held runs.
func (d runData) OtherRuns() string { return ui.Count(int64(d.Held.Others), "other run") }

// ChangeOf is how many rows the whole file of a segment has more than that of the run
// that readers had before; empty for what can't be compared.
func (d runData) ChangeOf(f segments.File) string {
	i := slices.IndexFunc(d.Segments, func(s view.SegmentSize) bool { return s.Segment == f.Segment })
	if i < 0 || f.Kind != segments.Full || d.Segments[i].Before == 0 {
		return ""
	}
	text := change(d.Segments[i].Change)
	if share := changeShare(d.Segments[i].Change, d.Segments[i].Rows); share != "" {
		text += " (" + share + ")"
	}
	return text
}

// Columns is how many columns the sizes of a run take.
func (d exportData) Columns() int { return len(d.Segments) + 1 }

// deliveryClass is the CSS class of a destination's status.
func deliveryClass(status string) string {
	switch status {
	case "published", "delivered":
		return "good"
	case "missing", "gone":
		return "bad"
	}
	return "warn"
}

// more is how many of all a sample leaves out.
func more(all int64, sample ui.Sample) int64 { return all - int64(len(sample)) }
