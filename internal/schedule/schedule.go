// Package schedule says when jobs run, and runs them.
//
// cron reads the five fields of a [Schedule] and finds the next time on a clock
// face; this package lays that face on the real time line, because there the
// hands jump twice a year. Three laws:
//
//   - A time that the clock skips comes at the next instant that exists, so no
//     night is lost.
//   - A schedule that names its hours comes once in an hour that happens twice,
//     at the first.
//   - A schedule of every hour, and @every, go by elapsed time: they come at
//     each instant at which the clock shows their time.
//
// For this cron is only ever asked in UTC, where no hand jumps, and what it says
// is taken as a reading of the local clock. Asked in a zone it loses the night of
// the spring change and doubles the one in autumn.
//
// # Once
//
// A run is identified by its job and its scheduled time, so every way of finding
// that time must agree: [Schedule.Next] is a function of the text, the zone and
// nothing else, and @every counts from 1970, not from when somebody started. The
// [Runner] holds the store's [Lock], keeps in a [Book] how far each job has come,
// and runs what is due, one job at a time. What was missed, for a night down, a
// suspended machine or a job that took long, is one thing to it: of the times
// since the last that was seen to, the latest is run, once.
//
// A time is kept after its run has ended, not before. A daemon that is killed in
// the middle finds the run undone and makes it again under the same identity; a
// run that ended with an error has happened.
package schedule

import (
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule is when a job runs: five fields of cron or @every, in a zone. The zero
// Schedule never comes. Schedules are made by [Parse].
type Schedule struct {
	text  string
	zone  *time.Location
	face  *cron.SpecSchedule // read as a clock face: its zone is UTC
	every time.Duration      // of @every, in whole seconds; face is nil then
}

// String is the schedule as it was written.
func (s Schedule) String() string { return s.text }

// same tells whether two schedules always come at the same times by being
// written alike in one zone.
func (s Schedule) same(o Schedule) bool {
	return s.text == o.text && (s.zone == o.zone || s.zone != nil && o.zone != nil && s.zone.String() == o.zone.String())
}

// Next is the first scheduled time later than after, in UTC, on a whole second;
// the zero time for the zero Schedule.
func (s Schedule) Next(after time.Time) time.Time {
	switch {
	case s.every > 0:
		return nextMultiple(after, s.every)
	case s.face == nil:
		return time.Time{}
	case s.everyHour():
		return s.nextShown(after)
	}
	return s.nextOnce(after)
}

// nextMultiple is the first multiple of d since 1970 later than after.
func nextMultiple(after time.Time, d time.Duration) time.Time {
	size, at := int64(d/time.Second), after.Unix()
	into := at % size
	if into < 0 {
		into += size
	}
	return time.Unix(at-into+size, 0).UTC()
}

// everyHour tells whether the schedule names no hour: *, */1 or 0-23. One with
// */2 names its hours.
func (s Schedule) everyHour() bool {
	const all = 1<<24 - 1
	return s.face.Hour&all == all
}

// nextShown is the first instant later than after at which the local clock shows
// a time of the schedule. It looks at one stretch of constant offset after the
// other.
func (s Schedule) nextShown(after time.Time) time.Time {
	reading := s.reading(after)
	for t := after; ; {
		shown := s.face.Next(reading)
		if shown.IsZero() {
			return time.Time{}
		}
		offset, end := s.stretch(t)
		if at := shown.Add(-offset); end.IsZero() || at.Before(end) {
			return at
		}
		// The next stretch begins at end: what the clock shows then is a
		// candidate too.
		t, reading = end, s.reading(end).Add(-time.Nanosecond)
	}
}

// nextOnce is the first instant later than after that stands for a time of the
// schedule. In an hour that comes again, the readings that follow have already
// had their instant, and are passed over.
func (s Schedule) nextOnce(after time.Time) time.Time {
	reading := s.reading(after)
	for {
		reading = s.face.Next(reading)
		if reading.IsZero() {
			return time.Time{}
		}
		if at := s.reaches(reading); at.After(after) {
			return at
		}
	}
}

// reaches is the first instant at which the local clock shows the reading or, if
// it jumps over it, has passed it.
func (s Schedule) reaches(reading time.Time) time.Time {
	t := reading.Add(-26 * time.Hour) // no zone has ever been that far ahead: the reading is still to come
	for {
		offset, end := s.stretch(t)
		at := reading.Add(-offset)
		if at.Before(t) {
			return t
		}
		if end.IsZero() || at.Before(end) {
			return at
		}
		t = end
	}
}

// reading is what the local clock shows at t, written as a time in UTC.
func (s Schedule) reading(t time.Time) time.Time {
	offset, _ := s.stretch(t)
	return t.UTC().Add(offset)
}

// stretch is the local clock's offset from UTC at t, and when that changes; the
// zero time if it does not. Beyond the years that people write, the bounds of a
// zone stand still: an end that has passed is none, or who goes from stretch to
// stretch would never arrive.
func (s Schedule) stretch(t time.Time) (offset time.Duration, end time.Time) {
	local := t.In(s.zone)
	_, seconds := local.Zone()
	_, end = local.ZoneBounds()
	if end = end.UTC(); !end.After(t) {
		end = time.Time{}
	}
	return time.Duration(seconds) * time.Second, end
}

// Latest is the latest scheduled time in (since, before], and whether there is
// one. It costs about the same for a span of years as for one of days.
func (s Schedule) Latest(before, since time.Time) (time.Time, bool) {
	// A schedule comes within maxGap: what is not found within twice that is
	// not there.
	for span := time.Minute; span < 4*maxGap; span *= 2 {
		from := before.Add(-span)
		if from.Before(since) {
			from = since
		}
		if at := s.Next(from); !at.IsZero() && !at.After(before) {
			return s.last(at, before), true
		}
		if from.Equal(since) {
			break
		}
	}
	return time.Time{}, false
}

// last follows the schedule from one of its times to the last up to before.
func (s Schedule) last(at, before time.Time) time.Time {
	for {
		next := s.Next(at)
		if next.IsZero() || next.After(before) {
			return at
		}
		at = next
	}
}
