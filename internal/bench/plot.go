package bench

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"winnow/internal/ui"
)

// panel is one small plot: a figure by the size of the log, with a line for each number of
// contacts.
type panel struct {
	title string
	of    func(Grown) float64
}

// panels are the plots. They show processor time rather than wall time, which other work on
// the machine changes more.
var panels = []panel{
	{"append: CPU µs an event", func(g Grown) float64 { return g.Append.CPU.Seconds() * 1e6 / float64(g.Sample) }},
	{"sweep: CPU µs an event", func(g Grown) float64 { return g.Sweep.CPU.Seconds() * 1e6 / float64(g.Sample) }},
	{"sweep: kB written an event", func(g Grown) float64 { return float64(g.Sweep.Written) / 1e3 / float64(g.Sample) }},
	{"run: CPU s a million contacts", func(g Grown) float64 { return g.Run.CPU.Seconds() * 1e6 / float64(g.Contacts) }},
	{"start: ms", func(g Grown) float64 { return g.Start.Took.Seconds() * 1e3 }},
	{"most memory: MiB", func(g Grown) float64 { return float64(g.peak()) / (1 << 20) }},
}

// peak is the highest of all that was measured.
func (g Grown) peak() int64 { return max(g.Append.Peak, g.Sweep.Peak, g.Run.Peak, g.Start.Peak) }

// The sizes of the drawing, in pixels.
const (
	panelWidth, panelHeight = 250.0, 150.0 // of the area inside the axes
	gapLeft, gapTop         = 50.0, 34.0   // before it
	gapBottom, gapRight     = 30.0, 20.0   // after it
	panelsInRow             = 3
	headHeight              = 34.0
)

// lineColors tell numbers of contacts apart, also for people who see few colors.
var lineColors = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"}

// Plot draws what was measured as SVG.
func Plot(w io.Writer, list []Grown) {
	columnWidth, rowHeight := gapLeft+panelWidth+gapRight, gapTop+panelHeight+gapBottom
	rows := math.Ceil(float64(len(panels)) / panelsInRow)
	width, height := panelsInRow*columnWidth, headHeight+rows*rowHeight
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" font-family="sans-serif" font-size="12" fill="#333">`+"\n", width, height, width, height)
	fmt.Fprintf(w, "<title>%s</title>\n", html.EscapeString("How winnow's figures change with the events in the log, for several numbers of contacts"))
	fmt.Fprintf(w, `<rect width="100%%" height="100%%" fill="#fff"/>`+"\n")
	contacts := contactsOf(list)
	for i, n := range contacts {
		x := gapLeft + float64(i)*170
		fmt.Fprintf(w, `<rect x="%.0f" y="12" width="14" height="4" fill="%s"/><text x="%.0f" y="18">%s contacts</text>`+"\n", x, lineColors[i%len(lineColors)], x+20, ui.Number(int64(n)))
	}
	for i, p := range panels {
		x, y := float64(i%panelsInRow)*columnWidth+gapLeft, headHeight+float64(i/panelsInRow)*rowHeight+gapTop
		fmt.Fprintf(w, `<g transform="translate(%.0f,%.0f)">`+"\n", x, y)
		p.draw(w, list, contacts)
		fmt.Fprintln(w, "</g>")
	}
	fmt.Fprintln(w, "</svg>")
}

// contactsOf are the numbers of contacts, in order.
func contactsOf(list []Grown) (contacts []int) {
	for _, g := range list {
		if !slices.Contains(contacts, g.Contacts) {
			contacts = append(contacts, g.Contacts)
		}
	}
	slices.Sort(contacts)
	return contacts
}

// draw draws the axes, which begin at 0, and the lines.
func (p panel) draw(w io.Writer, list []Grown, contacts []int) {
	most, longest := 0.0, 1.0
	for _, g := range list {
		most, longest = max(most, p.of(g)), max(longest, float64(g.Events))
	}
	step := tickStep(most)
	top := step * math.Max(1, math.Ceil(most/step))
	xOf := func(events int) float64 { return panelWidth * float64(events) / longest }
	yOf := func(value float64) float64 { return panelHeight * (1 - value/top) }
	fmt.Fprintf(w, `<text x="0" y="-12" font-weight="bold">%s</text>`+"\n", html.EscapeString(p.title))
	for value := 0.0; value <= top+step/2; value += step {
		fmt.Fprintf(w, `<line x1="0" x2="%.0f" y1="%.1f" y2="%.1f" stroke="#ddd"/><text x="-6" y="%.1f" text-anchor="end">%s</text>`+"\n", panelWidth, yOf(value), yOf(value), yOf(value)+4, plain(value))
	}
	for _, events := range eventsOf(list) {
		fmt.Fprintf(w, `<text x="%.1f" y="%.0f" text-anchor="middle">%s</text>`+"\n", xOf(events), panelHeight+18, millions(events))
	}
	for i, n := range contacts {
		color := lineColors[i%len(lineColors)]
		var points []string
		for _, g := range list {
			if g.Contacts != n {
				continue
			}
			points = append(points, fmt.Sprintf("%.1f,%.1f", xOf(g.Events), yOf(p.of(g))))
			fmt.Fprintf(w, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"><title>%s contacts, %s events: %s</title></circle>`+"\n",
				xOf(g.Events), yOf(p.of(g)), color, ui.Number(int64(n)), ui.Number(int64(g.Events)), amount(p.of(g), ""))
		}
		fmt.Fprintf(w, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), color)
	}
}

// eventsOf are the sizes of the log, in order.
func eventsOf(list []Grown) (sizes []int) {
	for _, g := range list {
		if !slices.Contains(sizes, g.Events) {
			sizes = append(sizes, g.Events)
		}
	}
	slices.Sort(sizes)
	return sizes
}

// tickStep is how far the labels of an axis are apart: 1, 2 or 5 of a power of ten, so that
// there are at most six.
func tickStep(most float64) float64 {
	if most <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(most)))
	for _, times := range []float64{.2, .5, 1} {
		if most <= 5*times*power {
			return times * power
		}
	}
	return 2 * power
}

// plain writes a label without needless digits.
func plain(value float64) string { return fmt.Sprintf("%g", math.Round(value*1e6)/1e6) }

// millions writes a number of events.
func millions(n int) string {
	switch {
	case n == 0:
		return "0"
	case n < 1_000_000:
		return plain(float64(n)/1000) + " k"
	}
	return plain(float64(n)/1e6) + " M"
}

// PrintGrown prints the machines and the table in Markdown.
func PrintGrown(w io.Writer, list []Grown) {
	var machines, days, loads []string
	for _, g := range list {
		machines, days, loads = append(machines, g.Machine.name()), append(days, g.Machine.At.Format(time.DateOnly)), append(loads, g.Machine.Load)
	}
	fmt.Fprintf(w, "%s; load average %s before; %s.\n\n", strings.Join(distinct(machines), "; "), strings.Join(distinct(loads), ", "), strings.Join(distinct(days), ", "))
	rows := [][]string{{"contacts", "events", "append", "its CPU", "sweep", "its CPU", "written", "run, a million contacts", "its CPU", "start", "store", "most memory"}}
	for _, g := range list {
		sample, million := float64(g.Sample), 1e6/float64(g.Contacts)
		rows = append(rows, []string{
			ui.Number(int64(g.Contacts)), ui.Number(int64(g.Events)),
			amount(sample/g.Append.Took.Seconds(), "/s"), seconds(g.Append.CPU.Seconds() / sample),
			amount(sample/g.Sweep.Took.Seconds(), "/s"), seconds(g.Sweep.CPU.Seconds() / sample), bytesText(float64(g.Append.Written+g.Sweep.Written) / sample),
			seconds(g.Run.Took.Seconds() * million), seconds(g.Run.CPU.Seconds() * million),
			seconds(g.Start.Took.Seconds()), bytesText(float64(g.Bytes)), amount(float64(g.peak())/(1<<20), "MiB"),
		})
	}
	PrintMarkdown(w, rows)
}

// distinct are the different texts, in order.
func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
