// Package plot lays out the plots of the overview, as places, texts and classes: its
// template draws them as SVG. So a page needs no script for them.
//
// Places are percentages of a plot, so that it fits every screen and its text keeps its
// size. What a plot says is in words, too, and in a table.
//
// Where to change what: deliverability by day is days.go, why messages were not delivered
// is failures.go; colors and sizes are the page's style.
package plot

import (
	"fmt"
	"math"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
)

// Days is the deliverability by day.
type Days struct {
	Latest, LatestDay string // of the last day that has one
	Total             string // of all days together
	Description       string // the chart in words
	Y, X              []tick
	Weekends          []band
	Lines             []segment
	Points            []point
	Marks             []mark
	Held              []band
	Table             []dayRow // the latest day first
}

// rounded is enough of a place for a drawing.
func rounded(place float64) float64 { return math.Round(100*place) / 100 }

// tick is a label of an axis. X and Y, here and below, are of 100.
type tick struct {
	At   float64
	Text string
}

// band is a part of the width.
type band struct{ X, Width float64 }

// segment is the line between two neighbouring days.
type segment struct{ X1, Y1, X2, Y2 float64 }

// point is a day, with what is said of it.
type point struct {
	X, Y         float64
	Column       band // where it is pointed at
	Text, Anchor string
	Low          bool // the text stands below it
}

// mark is a line at what happened on a day. Row is the line of its text, from the bottom;
// -1 for none.
type mark struct {
	X            float64
	Class, Text  string
	Anchor       string
	Row          int
	Shift, Above float64 // of its text, in ems
	Day          string
}

// dayRow is a line of the table.
type dayRow struct {
	Day, Share       string
	Delivered, Tried int64
	Marks            []string
}

// DaysOf lays out consecutive days, and what happened on them. The line breaks at days without
// messages. It is nil if all days are.
func DaysOf(days []view.Day, marks []view.Mark) *Days {
	all, worst, latest := Sum(days), 1.0, -1
	if all.Tried == 0 {
		return nil
	}
	for i, day := range days {
		if day.Tried > 0 {
			worst, latest = min(worst, Share(day.Counts)), i
		}
	}
	step, bottom := scale(worst)
	c := &Days{Latest: ui.PercentOf(days[latest].Delivered, days[latest].Tried), LatestDay: dayMonth(days[latest].Start), Total: ui.PercentOf(all.Delivered, all.Tried)}
	c.Description = fmt.Sprintf("Deliverability of %s: %s in all, %s on %s, at worst %.1f %%", ui.Count(int64(len(days)), "day"), c.Total, c.Latest, c.LatestDay, 100*worst)
	for i := 0; float64(i)*step <= 1-bottom+.0001; i++ {
		c.Y = append(c.Y, tick{rounded(100 * float64(i) * step / (1 - bottom)), fmt.Sprintf("%.0f %%", 100*(1-float64(i)*step))})
	}
	c.addDays(days, bottom)
	c.addMarks(marks, days)
	return c
}

// Sum adds up the messages of days.
func Sum(days []view.Day) (c view.Counts) {
	for _, day := range days {
		c.Delivered, c.Tried = c.Delivered+day.Delivered, c.Tried+day.Tried
	}
	return c
}

// Share is the deliverability, where 1 is everything. Something must have been tried.
func Share(c view.Counts) float64 { return float64(c.Delivered) / float64(c.Tried) }

// scale is how far the labels of the axis are apart, and where it ends: a little below the
// worst day, as what matters lies near the top.
func scale(worst float64) (step, bottom float64) {
	for _, step = range []float64{.01, .02, .05, .1, .2, .25} {
		if lines := math.Ceil((1 - worst + .001) / step); lines <= 5 {
			return step, max(0, 1-max(2, lines)*step)
		}
	}
	return step, 0
}

func (c *Days) addDays(days []view.Day, bottom float64) {
	width := 100 / float64(len(days))
	every := 1 // days between two labels
	switch {
	case len(days) > 45:
		every = 14
	case len(days) > 10:
		every = 7
	}
	for i, day := range days {
		x := rounded(width * (float64(i) + .5))
		if day := day.Start.Time().Weekday(); day == time.Saturday || day == time.Sunday {
			c.Weekends = append(c.Weekends, band{rounded(width * float64(i)), rounded(width)})
		}
		switch left := len(days) - 1 - i; {
		case left == 0:
			c.X = append(c.X, tick{x, "today"})
		case left%every == 0:
			c.X = append(c.X, tick{x, dayMonth(day.Start)})
		}
		row := dayRow{Day: day.Start.Time().Format("Mon 2 Jan 2006"), Delivered: day.Delivered, Tried: day.Tried, Share: "–"}
		if day.Tried > 0 {
			row.Share = ui.PercentOf(day.Delivered, day.Tried)
			y := rounded(100 * (1 - Share(day.Counts)) / (1 - bottom))
			p := point{X: x, Y: y, Column: band{rounded(width * float64(i)), rounded(width)}, Anchor: anchor(x), Low: y < 12,
				Text: fmt.Sprintf("%s: %s, %s of %s", dayMonth(day.Start), row.Share, ui.Number(day.Delivered), ui.Number(day.Tried))}
			if n := len(c.Points); i > 0 && days[i-1].Tried > 0 {
				c.Lines = append(c.Lines, segment{c.Points[n-1].X, c.Points[n-1].Y, x, y})
			}
			c.Points = append(c.Points, p)
		}
		c.Table = append(c.Table, row)
	}
}

// anchor is where a text at x is held, so that it stays within the drawing.
func anchor(x float64) string {
	switch {
	case x < 25:
		return "start"
	case x > 75:
		return "end"
	}
	return "middle"
}

// rowsOfMarks is how many lines of text there are for marks.
const rowsOfMarks = 4

// addMarks adds what happened, each at the middle of its day, with its text where there is
// room for it. It turns the table around, so it comes last.
func (c *Days) addMarks(marks []view.Mark, days []view.Day) {
	width := 100 / float64(len(days))
	place := func(at hygiene.Instant) (int, float64) {
		i := int(at.Sub(days[0].Start) / hygiene.Day)
		return i, rounded(width * (float64(i) + .5))
	}
	var ends [rowsOfMarks]float64 // of the texts in each line
	for _, of := range marks {
		if of.At < days[0].Start && of.Until < days[0].Start {
			continue
		}
		i, x := place(max(of.At, days[0].Start))
		if i >= len(days) {
			continue // of a clock that was ahead
		}
		m := mark{X: x, Class: string(of.Kind), Text: of.Text, Day: dayMonth(of.At), Row: -1}
		if of.Until != 0 {
			_, end := place(min(of.Until, days[len(days)-1].Start))
			c.Held = append(c.Held, band{rounded(x - width/2), rounded(end - x + width)})
			m.Day = spanOf(of)
		}
		m.write(&ends)
		c.Marks = append(c.Marks, m)
		c.Table[i].Marks = append(c.Table[i].Marks, of.Text)
	}
	slices.Reverse(c.Table)
}

// write finds a line for the text of a mark.
func (m *mark) write(ends *[rowsOfMarks]float64) {
	const wide = .62 // of a character, on the narrowest drawing that shows texts
	length := wide * float64(len(m.Text)+len(m.Day)+2)
	from := m.X
	m.Anchor, m.Shift = "start", .4
	if m.X+length > 100 {
		m.Anchor, m.Shift, from = "end", -.4, m.X-length
	}
	for row := range ends {
		if ends[row] <= from {
			ends[row], m.Row, m.Above = from+length, row, rounded(-.5-1.3*float64(row))
			return
		}
	}
}

func spanOf(m view.Mark) string {
	if from, to := dayMonth(m.At), dayMonth(m.Until); from != to {
		return from + " to " + to
	}
	return dayMonth(m.At)
}

func dayMonth(at hygiene.Instant) string { return at.Time().Format("2 Jan") }
