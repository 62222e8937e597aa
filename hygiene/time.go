package hygiene

import (
	"cmp"
	"time"

	"winnow/hygiene/instant"
)

// Instant is a time as winnow stores and compares it.
type Instant = instant.Instant

// InstantOf is t to the microsecond.
func InstantOf(t time.Time) Instant { return instant.Of(t) }

// Day is 24 hours, everywhere. There are no calendar days.
const Day = instant.Day

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
