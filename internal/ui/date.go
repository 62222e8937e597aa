package ui

import (
	"fmt"
	"time"
)

// Date writes a day in UTC, with its year if that is not the one of now: 23 November.
func Date(at, now time.Time) string {
	if at, now = at.UTC(), now.UTC(); at.Year() == now.Year() {
		return at.Format("2 January")
	}
	return at.Format("2 January 2006")
}

// Clock writes a time in UTC to the minute, with its day if that is not the one of now:
// 23 November, 09:30 UTC.
func Clock(at, now time.Time) string {
	text := at.UTC().Format("15:04 UTC")
	if at, now = at.UTC(), now.UTC(); at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return text
	}
	return Date(at, now) + ", " + text
}

// Span writes from when to when something lasted, in UTC: 23 November, 09:30 to 11:08 UTC.
func Span(from, to, now time.Time) string {
	if from, to = from.UTC(), to.UTC(); from.YearDay() == to.YearDay() && from.Year() == to.Year() {
		return fmt.Sprintf("%s, %s to %s", Date(from, now), from.Format("15:04"), to.Format("15:04 UTC"))
	}
	return Clock(from, now) + " to " + Clock(to, now)
}

// RoughDuration writes a duration in the smallest number of whole units that it does not
// exceed, for a reader who needs no more: one hour, 6 days.
func RoughDuration(d time.Duration) string {
	for _, u := range []struct {
		most, size time.Duration
		name       string
	}{{2 * time.Hour, time.Minute, "minute"}, {48 * time.Hour, time.Hour, "hour"}} {
		if d < u.most {
			return Count(max(1, int64((d+u.size-1)/u.size)), u.name)
		}
	}
	return Count(int64(d/(24*time.Hour)), "day")
}
