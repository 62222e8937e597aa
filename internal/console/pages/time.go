package pages

import (
	"time"

	"winnow/hygiene"
	"winnow/internal/ui"
)

// shownTime is an instant as a page shows it. The zero shownTime stands for none.
type shownTime struct{ Exact, Machine, Ago string }

// Time returns an instant as the page shows it.
func (p Page) Time(at hygiene.Instant) shownTime {
	if at == 0 {
		return shownTime{}
	}
	return shownTime{Exact: at.Time().Format("2006-01-02 15:04:05"), Machine: at.String(), Ago: ui.Ago(p.At.Sub(at))}
}

// Past returns an instant of what has happened. One that is later than now, of a command
// with --now or before the clock was set back, has no age; what happened while the page
// was made is of now.
func (p Page) Past(at hygiene.Instant) shownTime {
	t := p.Time(at)
	switch ahead := at.Sub(p.At); {
	case ahead > time.Minute:
		t.Ago = "as of " + t.Exact + " UTC"
	case ahead > 0:
		t.Ago = "now"
	}
	return t
}

// roundedDuration writes a duration with about three digits.
func roundedDuration(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}
