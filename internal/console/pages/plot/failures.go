package plot

import (
	"fmt"
	"strings"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
)

// Failures are the outcomes for which messages were not delivered, as shares of the
// messages tried on each day, in one scale.
type Failures struct {
	Rows    []failureRow
	Width   float64
	Highest string // what the tallest bar says
	LastDay string // "today", or the last day with messages
}

// failureRow is one outcome over the days.
type failureRow struct {
	Name        string
	Description string // the bars in words
	Bars        []bar
	Last, Total string
	N           int64
	Urgent      bool // it needs attention
}

// bar is a day, of a drawing that is 40 high.
type bar struct {
	X, Y, Height float64
	Title        string
}

const (
	barsHeight = 40
	barWidth   = 10
)

// shownFailures are the outcomes that count against deliverability, and two that tell of
// what is not known.
func shownFailures() []hygiene.Outcome {
	var list []hygiene.Outcome
	for o := range hygiene.FailedOutcomes().All() {
		list = append(list, o)
	}
	return append(list, hygiene.UnknownDelivery, hygiene.Unrecognized)
}

// FailuresOf lays out those of some days; nil if there were none.
func FailuresOf(days []view.Day) *Failures {
	f := &Failures{}
	all, last, highest := Sum(days), -1, 0.0
	for i, day := range days {
		if day.Tried > 0 {
			last = i
		}
		for _, o := range shownFailures() {
			if s := failedShare(day, o); s > highest {
				highest = s
				f.Highest = fmt.Sprintf("%.1f %% %s on %s", 100*s, Words(o.String()), dayMonth(day.Start))
			}
		}
	}
	if last < 0 || highest == 0 {
		return nil
	}
	f.Width, f.LastDay = barWidth*float64(len(days)), dayMonth(days[last].Start)
	if last == len(days)-1 {
		f.LastDay = "today"
	}
	for _, o := range shownFailures() {
		if row := failureRowOf(o, days, highest); row.N > 0 {
			row.Total, row.Last = ui.PercentOf(row.N, all.Tried), ui.PercentOf(days[last].Outcomes[o.String()], days[last].Tried)
			row.Description = fmt.Sprintf("%s: %s of all messages, %s on %s", row.Name, row.Total, row.Last, f.LastDay)
			f.Rows = append(f.Rows, row)
		}
	}
	return f
}

func failureRowOf(o hygiene.Outcome, days []view.Day, highest float64) failureRow {
	row := failureRow{Name: Words(o.String()), Urgent: o == hygiene.Unrecognized}
	for i, day := range days {
		n := day.Outcomes[o.String()]
		row.N += n
		height := barsHeight * failedShare(day, o) / highest
		if n > 0 {
			height = max(1, height)
		}
		row.Bars = append(row.Bars, bar{X: barWidth * float64(i), Y: rounded(barsHeight - height), Height: rounded(height),
			Title: fmt.Sprintf("%s: %.1f %%, %s", dayMonth(day.Start), 100*failedShare(day, o), ui.Number(n))})
	}
	return row
}

// failedShare is that of an outcome in the messages tried on a day; 0 if none were.
func failedShare(day view.Day, o hygiene.Outcome) float64 {
	if day.Tried == 0 {
		return 0
	}
	return min(1, float64(day.Outcomes[o.String()])/float64(day.Tried))
}

// Words writes an outcome for people.
func Words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// Group is a campaign or a source, with what was not delivered as parts of a bar that is
// 100 wide.
type Group struct {
	Name, Delivered string
	Tried           int64
	Parts           []groupPart
	Failed          string // what the parts are, in words
}

type groupPart struct {
	Class    string
	X, Width float64
}

// groupParts are the outcomes with a part of their own.
var groupParts = []hygiene.Outcome{hygiene.HardBounce, hygiene.SoftBounce}

// GroupsOf lays out campaigns or sources. The bars have one scale: the longest is that of
// the group of which the largest share was not delivered.
func GroupsOf(groups []view.Group) (rows []Group) {
	highest := 0.0
	for _, g := range groups {
		highest = max(highest, 1-Share(g.Counts))
	}
	for _, g := range groups {
		rows = append(rows, groupOf(g, max(highest, .0001)))
	}
	return rows
}

func groupOf(g view.Group, highest float64) Group {
	row := Group{Name: g.Name, Tried: g.Tried, Delivered: ui.PercentOf(g.Delivered, g.Tried)}
	rest, x := g.Tried-g.Delivered, 0.0
	var parts []string
	add := func(class, name string, n int64) {
		if n > 0 {
			width := 100 * float64(n) / float64(g.Tried) / highest
			row.Parts = append(row.Parts, groupPart{class, rounded(x), rounded(width)})
			x += width
			parts = append(parts, name+" "+ui.PercentOf(n, g.Tried))
		}
	}
	for _, o := range groupParts {
		n := g.Outcomes[o.String()]
		rest -= n
		add(o.String(), Words(o.String()), n)
	}
	add("other", "other", rest)
	row.Failed = strings.Join(parts, ", ")
	return row
}
