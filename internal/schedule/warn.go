package schedule

import (
	"fmt"
	"strings"
	"time"

	"winnow/hygiene"
)

// Warn tells what of a good schedule was hardly meant, a plain sentence each: that
// in the year from now on the clock of the zone skips one of its times or shows
// it twice, or that it names both a day of the month and a day of the week. A
// text that is no schedule has no warnings; [Check] tells what is wrong with it.
func Warn(text string, zone *time.Location, now time.Time) []string {
	s, err := Parse(text, zone)
	if err != nil {
		return nil
	}
	var list []string
	if s.limitsBothDays() {
		f := strings.Fields(s.text)
		list = append(list, fmt.Sprintf("%q comes on every day of the month that is %s and on every day of the week that is %s, not only when both are: write * for one of them", s.text, f[2], f[4]))
	}
	if moved := s.warnOfClock(now); moved != "" {
		list = append(list, moved)
	}
	return list
}

// limitsBothDays tells whether the schedule names days of the month and days of
// the week: cron takes each by itself then. It marks a field that is a plain star.
func (s Schedule) limitsBothDays() bool {
	const star = 1 << 63
	return s.face != nil && (s.face.Dom|s.face.Dow)&star == 0
}

// warnOfClock tells of the first time that the clock skips and the first that it
// shows twice. Of a schedule of every hour neither is lost, so it has none.
func (s Schedule) warnOfClock(now time.Time) string {
	if s.face == nil || s.everyHour() {
		return ""
	}
	const day = "2006-01-02"
	var skipped, twice string
	until := now.Add(366 * hygiene.Day)
	for offset, end := s.stretch(now); !end.IsZero() && end.Before(until); offset, end = s.stretch(end) {
		next, _ := s.stretch(end)
		from, to := end.Add(min(offset, next)), end.Add(max(offset, next)) // what is skipped, or comes twice
		at := s.face.Next(from.Add(-time.Nanosecond))
		switch {
		case at.IsZero() || !at.Before(to):
		case next > offset && skipped == "":
			skipped = fmt.Sprintf("%s does not exist on %s in %s, and it runs at the next instant that exists, %s", at.Format("15:04"), at.Format(day), s.zone, s.reading(end).Format("15:04"))
		case next < offset && twice == "":
			twice = fmt.Sprintf("%s comes twice on %s in %s, and it runs once, the first time", at.Format("15:04"), at.Format(day), s.zone)
		}
	}
	told := skipped
	if told != "" && twice != "" {
		told += "; "
	}
	if told += twice; told == "" {
		return ""
	}
	return told + ": choose another hour, or timezone: UTC"
}
