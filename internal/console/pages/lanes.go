package pages

import (
	"fmt"
	"strings"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
)

// lanes is a timeline: a row for the suppressions and one for each outcome, over the same
// time.
type lanes struct {
	Lanes       []lane
	First, Last string // at the ends
	Description string // in words
}

// lane is one row of a timeline.
type lane struct {
	Name  string
	Marks []laneMark
	Spans []laneSpan
}

// laneMark is what happened at one time. X is from 0 to 1000.
type laneMark struct {
	X     float64
	Class string
	Title string
}

// laneSpan is what lasted. From and Width are of 1000.
type laneSpan struct{ From, Width float64 }

// laneWidth is the width of a lane in its own units.
const laneWidth = 1000

// failed are the outcomes that are drawn as failures.
var failed = []hygiene.Outcome{hygiene.HardBounce, hygiene.SoftBounce, hygiene.InvalidNumber, hygiene.Dropped, hygiene.CarrierViolation, hygiene.Blocked, hygiene.Deactivated, hygiene.Unsubscribed}

// lanesOf draws the timeline of a contact, from its first event to now.
func lanesOf(c contact) lanes {
	first := c.Timeline[0].At
	for _, e := range c.Timeline {
		first = min(first, e.At)
	}
	length := max(float64(c.AsOf.Sub(first)), 1)
	place := func(at hygiene.Instant) float64 {
		return min(laneWidth, max(0, laneWidth*float64(at.Sub(first))/length))
	}
	l := lanes{First: dayText(first), Last: dayText(c.AsOf)}
	var suppressed lane
	for _, s := range c.Open() {
		from := place(s.Since)
		suppressed.Spans = append(suppressed.Spans, laneSpan{from, max(2, laneWidth-from)})
	}
	if suppressed.Spans != nil {
		suppressed.Name = "suppressed"
		l.Lanes = append(l.Lanes, suppressed)
	}
	var parts []string
	for _, name := range hygiene.OutcomeNames() {
		row := lane{Name: name}
		for _, e := range c.Timeline {
			if e.Outcome == name {
				row.Marks = append(row.Marks, laneMark{place(e.At), markClass(name), name + " " + dayText(e.At) + ", message " + e.MessageID})
			}
		}
		if row.Marks != nil {
			l.Lanes = append(l.Lanes, row)
			parts = append(parts, ui.Count(int64(len(row.Marks)), name))
		}
	}
	l.Description = fmt.Sprintf("From %s to %s: %s", l.First, l.Last, strings.Join(parts, ", "))
	return l
}

// markClass is the CSS class of an event of that outcome.
func markClass(name string) string {
	for _, o := range failed {
		if o.String() == name {
			return "bad"
		}
	}
	if name == hygiene.Delivered.String() {
		return "good"
	}
	return "plain"
}

func dayText(at hygiene.Instant) string { return at.Time().Format("2 Jan 2006") }

// evidence is a suppression with its page, which shows times.
type evidence struct {
	framed
	view.Suppression
}

func evidenceOf(f framed, s view.Suppression) evidence { return evidence{f, s} }
