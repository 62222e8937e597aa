package schedule

import (
	"fmt"
	"strings"
	"time"

	"winnow/hygiene"
)

// Warnings lists what in a good schedule is most likely a mistake, a plain sentence
// each: that in the year from now on the clock of the zone skips one of its times
// or shows it twice, or that it names both a day of the month and a day of the
// week. A text that is not a schedule has no warnings; see [Check].
func Warnings(text string, zone *time.Location, now time.Time) []string {
	s, err := Parse(text, zone)
	if err != nil {
		return nil
	}
	var list []string
	if s.namesBothDays() {
		f := strings.Fields(s.text)
		list = append(list, fmt.Sprintf("%q comes on every day of the month that is %s and on every day of the week that is %s, not only when both are; write * for one of them", s.text, f[2], f[4]))
	}
	if warning := s.clockWarning(now); warning != "" {
		list = append(list, warning)
	}
	return list
}

// namesBothDays reports whether the schedule names days of the month and days of
// the week: cron then takes each by itself.
func (s Schedule) namesBothDays() bool {
	const star = 1 << 63 // how cron marks a field that is a plain star
	return s.spec != nil && (s.spec.Dom|s.spec.Dow)&star == 0
}

// clockWarning describes the first time that the clock skips and the first that it
// shows twice; empty for none. A schedule of every hour loses neither.
func (s Schedule) clockWarning(now time.Time) string {
	if s.spec == nil || s.everyHour() {
		return ""
	}
	const day = "2006-01-02"
	var skipped, repeated string
	until := now.Add(366 * hygiene.Day)
	for offset, end := s.offsetSpan(now); !end.IsZero() && end.Before(until); offset, end = s.offsetSpan(end) {
		next, _ := s.offsetSpan(end)
		from, to := end.Add(min(offset, next)), end.Add(max(offset, next)) // the wall-clock times that are skipped or repeated
		at := s.spec.Next(from.Add(-time.Nanosecond))
		switch {
		case at.IsZero() || !at.Before(to):
		case next > offset && skipped == "":
			skipped = fmt.Sprintf("%s does not exist on %s in %s, and it runs at the next instant that exists, %s", at.Format("15:04"), at.Format(day), s.zone, s.wallClock(end).Format("15:04"))
		case next < offset && repeated == "":
			repeated = fmt.Sprintf("%s comes twice on %s in %s, and it runs once, the first time", at.Format("15:04"), at.Format(day), s.zone)
		}
	}
	const advice = "; choose another hour or set timezone: UTC"
	switch {
	case skipped == "" && repeated == "":
		return ""
	case skipped == "" || repeated == "":
		return skipped + repeated + advice
	}
	return skipped + "; " + repeated + advice
}
