package hygiene

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Instant is a time in microseconds since 1970-01-01 UTC. It is how winnow stores
// and compares times. Zero means none: no time, or, for an end, never.
type Instant int64

// InstantOf is t to the microsecond.
func InstantOf(t time.Time) Instant {
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
	*i = InstantOf(t)
	return nil
}

// Moment is a point in a contact's history: a time, and among equal times the place
// in the log.
type Moment struct {
	At  Instant
	Seq int64
}

// Compare orders moments by time, then by place in the log.
func (m Moment) Compare(n Moment) int {
	return cmp.Or(cmp.Compare(m.At, n.At), cmp.Compare(m.Seq, n.Seq))
}

// After reports whether m is later than n.
func (m Moment) After(n Moment) bool { return m.Compare(n) > 0 }

// EndOf is the last moment of the instant t: after every event of that time.
func EndOf(t Instant) Moment { return Moment{At: t, Seq: 1<<63 - 1} }

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
