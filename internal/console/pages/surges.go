package pages

import (
	"fmt"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/wording"
	"winnow/internal/console/view"
	"winnow/internal/ui"
)

// surge is a surge as pages show it.
type surge struct{ view.Surge }

// surgesData is what the page of all surges shows.
type surgesData struct {
	view.SurgeList
	Rows []surge
}

// surgeData is what the page of a surge shows.
type surgeData struct {
	surge
	view.SurgePage
	Reviewing *longState
}

var (
	surgesPage = parsed("surges.html")
	surgePage  = parsed("surge.html", "parts.html")
)

// Surges makes the page of all surges.
func Surges(p Page, list view.SurgeList) ([]byte, error) {
	p.Tab, p.At = "Runs", list.At
	data := surgesData{SurgeList: list}
	for _, s := range list.Surges {
		data.Rows = append(data.Rows, surge{s})
	}
	return render(surgesPage, p, "Surges", data)
}

// Surge makes the page of a surge.
func Surge(p Page, s view.SurgePage, reviewing *longState) ([]byte, error) {
	p.Tab, p.At = "Runs", s.At
	return render(surgePage, p, fmt.Sprintf("Surge %d", s.Of.ID), surgeData{surge{s.Of}, s, reviewing})
}

// Waits reports whether it is to be reviewed.
func (s surge) Waits() bool { return s.State == "held" }

// Told reports whether it was only reported.
func (s surge) Told() bool { return s.State == "told" }

// What says what there were many of: 628 hard bounces; or which rule is held.
func (s surge) What() string {
	if s.Rule != "" {
		return "rule " + s.Rule
	}
	return ui.Count(s.Events, s.Outcome.Noun())
}

// Headline says what happened, and whether it waits.
func (s surge) Headline() string {
	if s.Rule != "" {
		return "Rule " + s.Rule + map[bool]string{true: " only proposes", false: " only proposed"}[s.Waits()]
	}
	text := s.What() + " in a surge"
	if s.Waits() {
		verb := "wait"
		if s.Events == 1 {
			verb = "waits"
		}
		text += " " + verb + " for a verdict"
	}
	return text
}

// HeldSentence says which verdicts of a rule are held, or were.
func (s surge) HeldSentence() string {
	if s.Waits() {
		return "What it says since " + s.From.Time().Format("2 Jan 2006, 15:04 UTC") + " is held."
	}
	return "What it said since " + s.From.Time().Format("2 Jan 2006, 15:04 UTC") + ", until the review, was held."
}

// When says from when to when it was.
func (s surge) When() string {
	from, until := s.From.Time(), s.Until.Time()
	if from.Truncate(time.Minute).Equal(until.Truncate(time.Minute)) {
		return from.Format("2 Jan 2006, 15:04 UTC")
	}
	if from.Truncate(24 * time.Hour).Equal(until.Truncate(24 * time.Hour)) {
		return from.Format("2 Jan 2006, 15:04") + "–" + until.Format("15:04 UTC")
	}
	return from.Format("2 Jan 2006, 15:04") + " – " + until.Format("2 Jan, 15:04 UTC")
}

// Percent is the share, in words.
func (s surge) Percent() string { return ui.Percent(s.Share) }

// WindowText is the breaker's window.
func (s surge) WindowText() string { return wording.Span(s.Window) }

// Class is the CSS class of its state.
func (s surge) Class() string {
	return map[string]string{"held": "warn", "told": "plain", "released": "good", "discarded": "plain"}[s.State]
}

// MoreWho is how many contacts are not named.
func (d surgeData) MoreWho() int64 { return d.Contacts - int64(len(d.Who)) }

// MoreBefore is how many contacts that were suppressed before are not named.
func (d surgeData) MoreBefore() int64 { return d.Before - int64(len(d.Sample)) }

// Dimensions of a surge's chart in its own units; the page stretches it.
const (
	chartHeight = 40
	columnWidth = 10
)

// chart is the events around a surge, over time.
type chart struct {
	Width       float64
	Columns     []column
	Description string // the chart in words
}

// column is one place in time: its tooltip and, unless the height is 0, a bar.
type column struct {
	X, Y, Height float64
	Class        string
	Title        string
}

// Chart draws the events around the surge, and those of its outcome within them. It has
// no columns when there is nothing to draw.
func (d surgeData) Chart() (c chart) {
	highest, all, surged, fullest := int64(0), int64(0), int64(0), hygiene.Instant(0)
	for _, part := range d.Parts {
		if part.Events > highest {
			highest, fullest = part.Events, part.From
		}
		all, surged = all+part.Events, surged+part.Surged
	}
	if highest == 0 {
		return c
	}
	c.Width = columnWidth * float64(len(d.Parts))
	add := func(i int, n int64, class, title string) {
		height := chartHeight * float64(n) / float64(highest)
		c.Columns = append(c.Columns, column{X: columnWidth * float64(i), Y: chartHeight - height, Height: height, Class: class, Title: title})
	}
	for i, part := range d.Parts {
		title := fmt.Sprintf("%s UTC: %s, %s of them %s", part.From.Time().Format("15:04"), ui.Count(part.Events, "event"), ui.Number(part.Surged), d.Outcome)
		add(i, part.Events, "all", title)
		add(i, part.Surged, "surged", title)
	}
	c.Description = fmt.Sprintf("%s of %s around the surge, %s of them %s; the most, %s, from %s UTC on", ui.Count(all, "event"), d.Source, ui.Number(surged), d.Outcome,
		ui.Number(highest), fullest.Time().Format("2 Jan 15:04"))
	return c
}

// Ends are the first and the last time of the chart.
func (d surgeData) Ends() (ends []string) {
	for _, part := range []view.SurgePart{d.Parts[0], d.Parts[len(d.Parts)-1]} {
		ends = append(ends, part.From.Time().Format("2 Jan, 15:04 UTC"))
	}
	return ends
}

// Verdict says how it was reviewed.
func (s surge) Verdict() string {
	switch s.State {
	case "held":
		if s.Rule != "" {
			return "Until you decide, what it suppresses has no effect."
		}
	case "released":
		return "It was released: what waited for it took effect."
	case "discarded":
		if s.Rule != "" {
			return "It was discarded: what was held suppresses nobody."
		}
		return "It was discarded: its events suppress nobody."
	case "told":
		return "Its breaker only reports surges: nothing is held."
	}
	return strings.TrimSpace("Until then, what follows from " + map[bool]string{true: "it", false: "them"}[s.Events == 1] + " has no effect.")
}
