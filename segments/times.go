package segments

import (
	"time"

	"winnow/hygiene"
	"winnow/hygiene/instant"
)

// TimeOptions is how the files of an export write times.
type TimeOptions struct {
	Form TimeForm
	Zone *time.Location // nil for UTC
}

// TimeForm is how much of a time a file shows.
type TimeForm uint8

// The forms of times. Import screens take whole seconds, and some only dates.
const (
	Seconds  TimeForm = iota // RFC 3339 to the second, which is cut off, not rounded
	FullTime                 // RFC 3339 with all digits that are known
	DateOnly                 // the day, as 2006-01-02
)

// lastYear is the last year that RFC 3339 can write.
const lastYear = 9999

// in is a time in the zone. A time that is in the year 10000 there is in UTC.
func (o TimeOptions) in(at hygiene.Instant) time.Time {
	t := min(at, instant.Latest).Time()
	if o.Zone != nil {
		if local := t.In(o.Zone); local.Year() <= lastYear {
			return local
		}
	}
	return t
}

// append appends the text of a time, which is not 0.
func (o TimeOptions) append(to []byte, at hygiene.Instant) []byte {
	t := o.in(at)
	layout := [...]string{Seconds: time.RFC3339, FullTime: time.RFC3339Nano, DateOnly: time.DateOnly}[o.Form]
	return t.AppendFormat(to, layout)
}
