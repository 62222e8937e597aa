// Package instant is about times: how winnow stores and compares them, and how
// people write times, dates and durations. It imports the standard library only.
package instant

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Instant is a time in microseconds since 1970-01-01 UTC. It is how winnow stores
// and compares times. Zero means none: no time, or, for an end, never.
type Instant int64

// Of is t to the microsecond.
func Of(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return Instant(t.UnixMicro())
}

// Time is the instant as a time in UTC; the zero time for none.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(i)).UTC()
}

// Add is the instant d later.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d.Microseconds()) }

// Sub is the time from j to i.
func (i Instant) Sub(j Instant) time.Duration { return time.Duration(i-j) * time.Microsecond }

// Latest is the last instant that RFC 3339 can write. What follows from a later one,
// such as a retry due after the year 9999, is shown as this one.
const Latest = Instant(253_402_300_799_999_999)

// String is the instant in RFC 3339, UTC; empty for none.
func (i Instant) String() string {
	if i == 0 {
		return ""
	}
	return min(i, Latest).Time().Format(time.RFC3339Nano)
}

// AppendFormat appends the text of String to b.
func (i Instant) AppendFormat(b []byte) []byte {
	if i == 0 {
		return b
	}
	return min(i, Latest).Time().AppendFormat(b, time.RFC3339Nano)
}

// The years of the times that winnow takes in. Instant 0 is in 1970 and means none, and
// RFC 3339 can't write the year 10000.
const firstYear, lastYear = 1971, 9999

// CheckYear returns an error if the year of a time that was given, in UTC, is not from
// 1971 to 9999.
func CheckYear(t time.Time) error {
	if year := t.UTC().Year(); year < firstYear || year > lastYear {
		return fmt.Errorf("%s is in the year %d in UTC; write a year from %d to %d", t.Format(time.RFC3339), year, firstYear, lastYear)
	}
	return nil
}

// ParseTime reads a time that winnow is to store or to take for the present: as
// [ParseDate], in a year from 1971 to 9999.
func ParseTime(s string) (Instant, error) {
	at, err := ParseDate(s)
	if err != nil {
		return 0, err
	}
	t := at.Time()
	if at == 0 {
		t = time.Unix(0, 0)
	}
	if err := CheckYear(t); err != nil {
		return 0, fmt.Errorf("%q is out of range: write a year from %d to %d, in UTC", s, firstYear, lastYear)
	}
	return at, nil
}

// MarshalJSON writes the instant in RFC 3339, or null for none.
func (i Instant) MarshalJSON() ([]byte, error) {
	if i == 0 {
		return []byte("null"), nil
	}
	return append(i.AppendFormat([]byte{'"'}), '"'), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (i *Instant) UnmarshalJSON(b []byte) error {
	var t time.Time
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	*i = Of(t)
	return nil
}

// Day is 24 hours, everywhere. There are no calendar days.
const Day = 24 * time.Hour

// ParseDuration reads a duration as ops write it: 30m, 4h, 7d, 2w, and
// combinations like 1d12h. A day is 24 hours. It is never negative.
func ParseDuration(s string) (time.Duration, error) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': Day, 'w': 7 * Day}
	bad := fmt.Errorf("%q is not a duration: write for example 30m, 4h, 7d, 2w or 1d12h", s)
	rest, total := s, time.Duration(0)
	for rest != "" {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil || digits == len(rest) {
			return 0, bad
		}
		unit, ok := units[rest[digits]]
		if !ok {
			return 0, bad
		}
		if n > int64((100*365*Day-total)/unit) {
			return 0, fmt.Errorf("%q is longer than 100 years", s)
		}
		total += time.Duration(n) * unit
		rest = rest[digits+1:]
	}
	if s == "" {
		return 0, bad
	}
	return total, nil
}

// FormatDuration writes a duration the way [ParseDuration] reads it.
func FormatDuration(d time.Duration) string {
	if d <= 0 {
		return "0s"
	}
	var b strings.Builder
	for _, u := range []struct {
		size time.Duration
		name string
	}{{Day, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if n := d / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.size
		}
	}
	return b.String()
}

// ParseDate reads a date or a time as CRMs write them: 2026-01-02 or 2.1.2026 (the
// first instant of the day), either with a time of day after a space or a T. Without
// an offset they are in UTC. Dates with slashes are refused: the month of 1/2/2026
// is not known.
func ParseDate(s string) (Instant, error) {
	t, err := time.Parse(dateLayout(s), s)
	if err != nil || !LooksLikeDate(s) {
		return 0, fmt.Errorf("%q is not a date: write 2026-01-02 or 2026-01-02T03:04:05Z", s)
	}
	return Of(t), nil
}

// dateLayout is the only layout that a date of this shape can have. Trying one
// layout after the other would be slower than the rest of a condition.
func dateLayout(s string) string {
	day, clock := time.DateOnly, ""
	if len(s) > len(day) {
		clock = s[len(day):]
	}
	if i := strings.IndexByte(s, '.'); i == 1 || i == 2 {
		day, clock = "2.1.2006", ""
		if i := strings.IndexAny(s, " T"); i >= 0 {
			clock = s[i:]
		}
	}
	if clock == "" || clock[0] != ' ' && clock[0] != 'T' {
		return day
	}
	layout := day + clock[:1] + "15:04"
	if len(clock) > len(" 15:04") && clock[len(" 15:04")] == ':' {
		layout += ":05" // also reads a fraction
	}
	if strings.ContainsAny(clock, "Z+-") {
		layout += "Z07:00"
	}
	return layout
}

// LooksLikeDate reports quickly whether a text may be a date. Parsing every text
// is too slow for a million contacts.
func LooksLikeDate(s string) bool {
	if len(s) < len("2.1.2006") || s[0] < '0' || '9' < s[0] {
		return false
	}
	return s[1] == '.' || s[2] == '.' || len(s) >= len(time.DateOnly) && s[4] == '-' && s[7] == '-'
}
