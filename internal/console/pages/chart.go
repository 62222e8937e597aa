package pages

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
)

// Charts are drawn here as SVG, not in the browser: the page needs no script, and
// each chart has a description in words.

// Dimensions of a chart in its own units; the page stretches it.
const (
	chartHeight = 40
	columnWidth = 10
)

// chart is a series of numbers over time.
type chart struct {
	Width       float64
	Columns     []column
	Lines       []string // unbroken lines, each as the points of an SVG polyline
	Description string   // the chart in words
}

// column is one place in time: its tooltip and, unless the height is 0, a bar.
type column struct {
	X, Y, Height float64
	Class        string
	Title        string
}

// point is one number of a bar chart.
type point struct {
	label string // the day or the run
	n     int64
	class string // of its bar; empty for the usual one
}

// barChart draws the numbers as bars. The tallest fills the height. A number that is
// not 0 is always visible.
func barChart(name string, points []point) chart {
	c := chart{Width: columnWidth * float64(len(points))}
	highest := slices.MaxFunc(points, func(a, b point) int { return cmp.Compare(a.n, b.n) })
	for i, p := range points {
		height := chartHeight * float64(p.n) / float64(max(1, highest.n))
		if p.n > 0 {
			height = max(1, height)
		}
		c.Columns = append(c.Columns, column{X: columnWidth * float64(i), Y: chartHeight - height, Height: height, Class: p.class,
			Title: p.label + ": " + ui.Number(p.n)})
	}
	first, last := points[0], points[len(points)-1]
	c.Description = fmt.Sprintf("%s: %s on %s, %s on %s, at most %s on %s", name, ui.Number(first.n), first.label, ui.Number(last.n), last.label, ui.Number(highest.n), highest.label)
	return c
}

// outcomeRow is one outcome over the days.
type outcomeRow struct {
	Name         string
	Chart        chart
	Today, Total int64
	Urgent       bool // it needs attention
}

// OutcomeRows returns the outcomes that occurred within the days.
func (d overview) OutcomeRows() (rows []outcomeRow) {
	for _, name := range hygiene.OutcomeNames() {
		row := outcomeRow{Name: name, Urgent: name == hygiene.Unrecognized.String()}
		var points []point
		for _, day := range d.Days {
			row.Today = day.Outcomes[name]
			row.Total += row.Today
			points = append(points, point{label: dateOf(day), n: row.Today})
		}
		if row.Total > 0 {
			row.Chart = barChart(name, points)
			rows = append(rows, row)
		}
	}
	return rows
}

func dateOf(d view.Day) string { return d.Start.Time().Format("2006-01-02") }

// sizeRow is the size of one segment over the runs of an export.
type sizeRow struct {
	Export, Segment, Change string
	Chart                   chart
	Last                    view.RunSize
}

// SizeRows returns the sizes of segments that have runs.
func (d overview) SizeRows() (rows []sizeRow) {
	for _, s := range d.Sizes {
		if len(s.Runs) == 0 {
			continue
		}
		var points []point
		for _, r := range s.Runs {
			p := point{label: r.Run, n: r.Rows}
			if r.Held {
				p.label, p.class = r.Run+" (held)", "held"
			}
			points = append(points, p)
		}
		rows = append(rows, sizeRow{s.Export, s.Segment, sizeChange(s.Runs), barChart(s.Segment, points), s.Runs[len(s.Runs)-1]})
	}
	return rows
}

// sizeChange is the difference between the last run and the last one before it
// that readers saw; empty if there is none.
func sizeChange(runs []view.RunSize) string {
	last := len(runs) - 1
	for i := last - 1; i >= 0; i-- {
		if runs[i].Held {
			continue
		}
		change := runs[last].Rows - runs[i].Rows
		if change > 0 {
			return "+" + ui.Number(change)
		}
		return ui.Number(change)
	}
	return ""
}

// deliverability is the share of messages tried that were delivered, by day.
type deliverability struct {
	Chart             chart
	Bottom            string // of the chart; its top is 100 %
	Latest, Total     string // of the last day that has one; of all days together
	LatestDay         string
	FirstDay, LastDay string // at the ends of the chart
}

// Deliverability returns a line chart that breaks at days without one; nil if all
// days are. Its bottom is a little below the worst day: what matters lies between
// 90 and 100 %.
func (d overview) Deliverability() *deliverability {
	worst, delivered, tried := 1.0, int64(0), int64(0)
	var latest view.Day
	for _, day := range d.Days {
		if day.Tried > 0 {
			latest, worst = day, min(worst, deliveredShare(day))
		}
		delivered, tried = delivered+day.Delivered, tried+day.Tried
	}
	if tried == 0 {
		return nil
	}
	bottom := float64(max(0, int(20*worst)-1)) / 20 // a multiple of 5 %
	out := &deliverability{Chart: lineChart(d.Days, bottom), Bottom: fmt.Sprintf("%.0f %%", 100*bottom),
		Latest: ui.PercentOf(latest.Delivered, latest.Tried), LatestDay: dateOf(latest), Total: ui.PercentOf(delivered, tried),
		FirstDay: dateOf(d.Days[0]), LastDay: dateOf(d.Days[len(d.Days)-1])}
	out.Chart.Description = fmt.Sprintf("Deliverability: %s in all, %s on %s, at worst %.1f %%", out.Total, out.Latest, out.LatestDay, 100*worst)
	return out
}

// lineChart draws the days' shares, from bottom to 1.
func lineChart(days []view.Day, bottom float64) chart {
	c := chart{Width: columnWidth * float64(len(days))}
	var points []string
	endLine := func() {
		if len(points) == 1 {
			points = append(points, points[0]) // a dot
		}
		if len(points) > 0 {
			c.Lines = append(c.Lines, strings.Join(points, " "))
		}
		points = nil
	}
	for i, day := range days {
		title := dateOf(day) + ": nothing tried"
		if day.Tried > 0 {
			title = fmt.Sprintf("%s: %s, %s of %s", dateOf(day), ui.PercentOf(day.Delivered, day.Tried), ui.Number(day.Delivered), ui.Number(day.Tried))
			points = append(points, fmt.Sprintf("%g,%.2f", columnWidth*(float64(i)+.5), chartHeight*(1-deliveredShare(day))/(1-bottom)))
		} else {
			endLine()
		}
		c.Columns = append(c.Columns, column{X: columnWidth * float64(i), Title: title})
	}
	endLine()
	return c
}

func deliveredShare(d view.Day) float64 { return float64(d.Delivered) / float64(d.Tried) }
