// Package schedule computes when jobs run, and runs them.
//
// The cron package reads the five fields of a [Schedule] and finds the next time
// of a clock without zones. This package maps such wall-clock times to instants,
// because a local clock jumps twice a year. Three laws:
//
//   - A time that the clock skips comes at the next instant that exists, so no
//     night is lost.
//   - A schedule that names its hours comes once in an hour that happens twice,
//     at the first.
//   - A schedule of every hour, and @every, go by elapsed time: they come at each
//     instant at which the clock shows their time.
//
// So cron is only ever asked in UTC, where nothing jumps, and its answer is taken
// as a time of the local clock. Asked in a zone it loses the night of the spring
// change and doubles the one in autumn.
//
// # Once
//
// A run is identified by its job and its scheduled time, so every way to find that
// time must agree: [Schedule.Next] is a function of the text, the zone and nothing
// else, and @every counts from 1970, not from the start of a process. The [Runner]
// holds the store's [Lock], records in a [JobStore] up to which time each job is
// done, and runs what is due, one job at a time. Times missed while no daemon ran,
// while the machine was suspended, or while another job ran are treated alike: of
// those since the last one that is done, the latest is run, once.
//
// A time is recorded after its run has ended, not before. A daemon that is killed
// in between finds the run undone and repeats it under the same identity. A run
// that ended with an error counts as done, unless it is a [RetryError]: then it is
// tried again until the next time is due.
//
// Where to change what:
//
//   - which texts are schedules, and the errors of others: parse.go; warnings: warn.go
//   - how a time of the clock becomes an instant: schedule.go
//   - which job is due, what is missed and what is caught up on: tasks.go
//   - what is tried again, and when: retry.go
//   - the lock, the queue, stopping and panics: runner.go
//   - a new kind of job: a constant in job.go; what it does is the caller's
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
	spec  *cron.SpecSchedule // of wall-clock times: its zone is UTC
	every time.Duration      // of @every, in whole seconds; spec is nil then
}

// String returns the schedule as it was written.
func (s Schedule) String() string { return s.text }

// same reports whether two schedules are written alike in one zone, and so always
// come at the same times.
func (s Schedule) same(o Schedule) bool {
	return s.text == o.text && (s.zone == o.zone || s.zone != nil && o.zone != nil && s.zone.String() == o.zone.String())
}

// Next returns the first scheduled time later than after, in UTC, on a whole
// second; the zero time for the zero Schedule.
func (s Schedule) Next(after time.Time) time.Time {
	switch {
	case s.every > 0:
		return nextMultiple(after, s.every)
	case s.spec == nil:
		return time.Time{}
	case s.everyHour():
		return s.nextElapsed(after)
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

// everyHour reports whether the schedule names no hour: *, */1 or 0-23. One with
// */2 names its hours.
func (s Schedule) everyHour() bool {
	const all = 1<<24 - 1
	return s.spec.Hour&all == all
}

// nextElapsed is the first instant later than after at which the local clock shows
// a time of the schedule. It searches one span of constant offset after another.
func (s Schedule) nextElapsed(after time.Time) time.Time {
	wall := s.wallClock(after)
	for t := after; ; {
		next := s.spec.Next(wall)
		if next.IsZero() {
			return time.Time{}
		}
		offset, end := s.offsetSpan(t)
		if at := next.Add(-offset); end.IsZero() || at.Before(end) {
			return at
		}
		// The next span begins at end: the time that the clock shows then is a
		// candidate too.
		t, wall = end, s.wallClock(end).Add(-time.Nanosecond)
	}
}

// nextOnce is the first instant later than after that stands for a time of the
// schedule. In an hour that repeats, the wall-clock times that follow have already
// had their instant and are passed over.
func (s Schedule) nextOnce(after time.Time) time.Time {
	wall := s.wallClock(after)
	for {
		wall = s.spec.Next(wall)
		if wall.IsZero() {
			return time.Time{}
		}
		if at := s.resolve(wall); at.After(after) {
			return at
		}
	}
}

// resolve is the instant that stands for a wall-clock time: the first at which the
// local clock shows it or, if the clock skips it, the first after the jump.
func (s Schedule) resolve(wall time.Time) time.Time {
	t := wall.Add(-26 * time.Hour) // no zone has ever been that far ahead of UTC
	for {
		offset, end := s.offsetSpan(t)
		at := wall.Add(-offset)
		if at.Before(t) {
			return t
		}
		if end.IsZero() || at.Before(end) {
			return at
		}
		t = end
	}
}

// wallClock is the time that the local clock shows at t, written in UTC.
func (s Schedule) wallClock(t time.Time) time.Time {
	offset, _ := s.offsetSpan(t)
	return t.UTC().Add(offset)
}

// offsetSpan is the local clock's offset from UTC at t, and when that changes; the
// zero time if it does not. Beyond the years that people write, ZoneBounds repeats
// an end that has passed. It counts as none: a loop over spans would never end.
func (s Schedule) offsetSpan(t time.Time) (offset time.Duration, end time.Time) {
	local := t.In(s.zone)
	_, seconds := local.Zone()
	_, end = local.ZoneBounds()
	if end = end.UTC(); !end.After(t) {
		end = time.Time{}
	}
	return time.Duration(seconds) * time.Second, end
}

// Latest returns the latest scheduled time in (since, before], and whether there
// is one. It costs about the same for a span of years as for one of days.
func (s Schedule) Latest(before, since time.Time) (time.Time, bool) {
	// A schedule comes within maxGap: what is not found within twice that does not
	// exist.
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
