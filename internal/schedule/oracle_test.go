package schedule

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// oracle is a schedule read by a second reader that shares nothing with the first:
// which minutes, hours, days and months it names, a bit for each.
type oracle struct {
	minute, hour, day, month, weekday uint64
	anyDay, anyWeekday, everyHour     bool
	every                             time.Duration // of @every; the rest is empty then
}

func readOracle(t *testing.T, text string) oracle {
	t.Helper()
	if written, ok := strings.CutPrefix(text, "@every "); ok {
		d, err := time.ParseDuration(written)
		if err != nil {
			t.Fatal(err)
		}
		return oracle{every: d}
	}
	names := map[string]string{"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *"}
	if meant, ok := names[text]; ok {
		text = meant
	}
	w := strings.Fields(text)
	return oracle{
		minute: members(t, w[0], 0, 59), hour: members(t, w[1], 0, 23), day: members(t, w[2], 1, 31), month: members(t, w[3], 1, 12), weekday: members(t, w[4], 0, 6),
		anyDay: w[2] == "*", anyWeekday: w[4] == "*", everyHour: w[1] == "*",
	}
}

// members are the numbers that a field like 1-5,*/20 names.
func members(t *testing.T, field string, low, high int) (set uint64) {
	t.Helper()
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("%q: %v", field, err)
		}
		return n
	}
	for part := range strings.SplitSeq(field, ",") {
		span, by, stepped := strings.Cut(part, "/")
		from, to, step := low, high, 1
		if stepped {
			step = number(by)
		}
		if first, last, ranged := strings.Cut(span, "-"); ranged {
			from, to = number(first), number(last)
		} else if span != "*" {
			from, to = number(span), number(span)
		}
		for n := from; n <= to; n += step {
			set |= 1 << n
		}
	}
	return set
}

// clockFields are the fields of a wall-clock time.
type clockFields struct{ minute, hour, day, month, weekday uint64 } // a bit each

// clockAt splits a wall-clock time, given in seconds since 1970-01-01 on that clock.
func clockAt(local int64) clockFields {
	day := time.Unix(local, 0).UTC()
	return clockFields{1 << (local / 60 % 60), 1 << (local / 3600 % 24), 1 << day.Day(), 1 << day.Month(), 1 << day.Weekday()}
}

// matches reports whether the schedule names what the clock shows. A day of the
// month and a day of the week that are both given are two ways to match.
func (f *oracle) matches(h *clockFields) bool {
	if f.minute&h.minute == 0 || f.hour&h.hour == 0 || f.month&h.month == 0 {
		return false
	}
	day, weekday := f.day&h.day != 0, f.weekday&h.weekday != 0
	if f.anyDay || f.anyWeekday {
		return day && weekday
	}
	return day || weekday
}

// oracleTimes returns the times of each oracle in (begin, end], found by looking at
// the clock every minute. A schedule of every hour is due when the clock shows its
// time. Any other is due when the clock first shows its time or has skipped it.
func oracleTimes(zone *time.Location, begin, end time.Time, oracles []oracle) [][]time.Time {
	times := make([][]time.Time, len(oracles))
	farthest := int64(0) // time that the clock has shown
	for i := begin.Add(-24 * time.Hour); !i.After(end); i = i.Add(time.Minute) {
		_, offset := i.In(zone).Zone()
		shows := i.Unix() + int64(offset)
		var passed []clockFields
		for p := farthest + 60; farthest > 0 && p <= shows; p += 60 {
			passed = append(passed, clockAt(p))
		}
		farthest = max(farthest, shows)
		if !i.After(begin) {
			continue
		}
		now := clockAt(shows)
		for k := range oracles {
			if oracles[k].isDue(i, &now, passed) {
				times[k] = append(times[k], i)
			}
		}
	}
	return times
}

// isDue reports whether the schedule is due at the instant at which the clock shows
// now; passed are the times that it shows or has skipped for the first time.
func (f *oracle) isDue(instant time.Time, now *clockFields, passed []clockFields) bool {
	switch {
	case f.every > 0:
		return instant.Unix()%int64(f.every/time.Second) == 0
	case f.everyHour:
		return f.matches(now)
	}
	for i := range passed {
		if f.matches(&passed[i]) {
			return true
		}
	}
	return false
}

// firstAfter and lastUpTo look a time up in a list that is in order.
func firstAfter(times []time.Time, t time.Time) (time.Time, bool) {
	i, found := slices.BinarySearchFunc(times, t, time.Time.Compare)
	if found {
		i++
	}
	if i == len(times) {
		return time.Time{}, false
	}
	return times[i], true
}

func lastUpTo(times []time.Time, t time.Time) (time.Time, bool) {
	i, found := slices.BinarySearchFunc(times, t, time.Time.Compare)
	if found {
		i++
	}
	if i == 0 {
		return time.Time{}, false
	}
	return times[i-1], true
}
