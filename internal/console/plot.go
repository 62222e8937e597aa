package console

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/ui"
)

// Plots are drawn here and not in the browser: the page stays without a script,
// and whoever can't see them is told the same in words.

// plot is numbers over time, drawn into a box of Width by plotHeight that the
// page stretches.
type plot struct {
	Width   float64
	Columns []column
	Lines   []string // points of unbroken lines, as SVG writes them
	Says    string   // what there is to see
}

// column is one place in time: what it shows when it is pointed at, and, unless
// its height is 0, a bar.
type column struct {
	X, Y, Height float64
	Class        string
	Title        string
}

// Of a plot, in its own units: its height, and how far its columns are apart.
const (
	plotHeight = 40
	plotStep   = 10
)

// figure is one number of a plot.
type figure struct {
	when  string // the day or the run
	n     int64
	class string // how its bar should look; empty for as others
}

// bars draws the numbers as bars. The tallest fills the height; what is more than
// nothing can be seen.
func bars(what string, list []figure) plot {
	p := plot{Width: plotStep * float64(len(list))}
	highest := slices.MaxFunc(list, func(a, b figure) int { return cmp.Compare(a.n, b.n) })
	for i, r := range list {
		height := plotHeight * float64(r.n) / float64(max(1, highest.n))
		if r.n > 0 {
			height = max(1, height)
		}
		p.Columns = append(p.Columns, column{X: plotStep * float64(i), Y: plotHeight - height, Height: height, Class: r.class,
			Title: r.when + ": " + ui.Number(r.n)})
	}
	first, last := list[0], list[len(list)-1]
	p.Says = fmt.Sprintf("%s: %s on %s, %s on %s, at most %s on %s", what, ui.Number(first.n), first.when, ui.Number(last.n), last.when, ui.Number(highest.n), highest.when)
	return p
}

// outcomeRow is one outcome over the days.
type outcomeRow struct {
	Name         string
	Plot         plot
	Today, Total int64
	Look         bool // it should be looked at
}

// Outcomes are the outcomes that there were within the days.
func (v view) Outcomes() (rows []outcomeRow) {
	for _, name := range hygiene.OutcomeNames() {
		row := outcomeRow{Name: name, Look: name == hygiene.Unrecognized.String()}
		var list []figure
		for _, d := range v.Days {
			row.Today = d.Outcomes[name]
			row.Total += row.Today
			list = append(list, figure{when: dateOf(d), n: row.Today})
		}
		if row.Total > 0 {
			row.Plot = bars(name, list)
			rows = append(rows, row)
		}
	}
	return rows
}

func dateOf(d Day) string { return d.Start.Time().Format("2006-01-02") }

// sizeRow is the size of one segment over the runs of an export.
type sizeRow struct {
	Export, Segment, Change string
	Plot                    plot
	Last                    SizeOfRun
}

// SizeRows are the segments' sizes, drawn.
func (v view) SizeRows() (rows []sizeRow) {
	for _, s := range v.Sizes {
		if len(s.Runs) == 0 {
			continue
		}
		var list []figure
		for _, r := range s.Runs {
			one := figure{when: r.Run, n: r.Rows}
			if r.Held {
				one.when, one.class = r.Run+" (held)", "held"
			}
			list = append(list, one)
		}
		rows = append(rows, sizeRow{s.Export, s.Segment, changeOf(s.Runs), bars(s.Segment, list), s.Runs[len(s.Runs)-1]})
	}
	return rows
}

// changeOf is how the last run's size differs from that of the last one before
// it that readers saw.
func changeOf(runs []SizeOfRun) string {
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

// deliverability is delivered of what was tried, by day.
type deliverability struct {
	Plot          plot
	Low           string // what the bottom of the plot is; its top is 100 %
	Latest, Whole string // of the last day that has one, of all days together
	LatestDay     string
	First, Last   string // the days at the ends of the plot
}

// Deliverability is drawn as a line that ends where a day has none. Its bottom is
// a little below the worst day: what matters lies between 90 and 100 %.
func (v view) Deliverability() *deliverability {
	worst, delivered, tried := 1.0, int64(0), int64(0)
	var latest Day
	for _, d := range v.Days {
		if d.Tried > 0 {
			latest, worst = d, min(worst, shareOf(d))
		}
		delivered, tried = delivered+d.Delivered, tried+d.Tried
	}
	if tried == 0 {
		return nil
	}
	low := float64(max(0, int(20*worst)-1)) / 20 // of 5 %
	out := &deliverability{Plot: lines(v.Days, low), Low: fmt.Sprintf("%.0f %%", 100*low), LatestDay: dateOf(latest), Latest: ui.PercentOf(latest.Delivered, latest.Tried),
		Whole: ui.PercentOf(delivered, tried), First: dateOf(v.Days[0]), Last: dateOf(v.Days[len(v.Days)-1])}
	out.Plot.Says = fmt.Sprintf("Deliverability: %s in all, %s on %s, at worst %.1f %%", out.Whole, out.Latest, out.LatestDay, 100*worst)
	return out
}

// lines draws the days' shares from low to all.
func lines(days []Day, low float64) plot {
	p := plot{Width: plotStep * float64(len(days))}
	var points []string
	end := func() {
		if len(points) == 1 {
			points = append(points, points[0]) // a dot
		}
		if len(points) > 0 {
			p.Lines = append(p.Lines, strings.Join(points, " "))
		}
		points = nil
	}
	for i, d := range days {
		title := dateOf(d) + ": nothing tried"
		if d.Tried > 0 {
			title = fmt.Sprintf("%s: %s, %s of %s", dateOf(d), ui.PercentOf(d.Delivered, d.Tried), ui.Number(d.Delivered), ui.Number(d.Tried))
			points = append(points, fmt.Sprintf("%g,%.2f", plotStep*(float64(i)+.5), plotHeight*(1-shareOf(d))/(1-low)))
		} else {
			end()
		}
		p.Columns = append(p.Columns, column{X: plotStep * float64(i), Title: title})
	}
	end()
	return p
}

func shareOf(d Day) float64 { return float64(d.Delivered) / float64(d.Tried) }
