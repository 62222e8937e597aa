package logpull

import (
	"fmt"
	"time"

	"winnow/internal/console/view"
	"winnow/internal/ui"
)

// lateAfter is for how long the log of a receiver may not be here before somebody should
// know.
const lateAfter = time.Minute

// Alerts are about the receivers whose logs are not here.
func Alerts(states []State, now time.Time) (alerts []view.Alert) {
	for i := range states {
		s := &states[i]
		late := s.Behind(now)
		if late < lateAfter {
			continue
		}
		a := view.Alert{Grave: true, Command: "winnow doctor", Title: fmt.Sprintf("What %s received in the last %s has not acted.", ui.Printable(s.URL), ui.RoughDuration(late))}
		a.Why = fmt.Sprintf("%s in its log still to be pulled.", ui.CountVerb(s.Lag, "line", "is", "are"))
		if s.Failed != "" {
			a.Why = "Its log can't be pulled: " + s.Failed + "."
		}
		alerts = append(alerts, a)
	}
	return alerts
}

// Views are the states for programs.
func Views(states []State) (list []view.Receiver) {
	for i := range states {
		list = append(list, view.Receiver{URL: states[i].URL, Lag: states[i].Lag, Error: states[i].Failed})
	}
	return list
}
