package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"winnow/hygiene"
)

// maxGap is how far apart two times of a schedule may be: what comes more seldom
// was hardly meant.
const maxGap = 400 * hygiene.Day

// fields are the five of a schedule, as errors name them. A step over size would
// be taken by cron for "the first value only".
var fields = [...]struct {
	name, values string
	size         int
}{
	{"minute", "0 to 59", 60},
	{"hour", "0 to 23", 24},
	{"day of the month", "1 to 31", 31},
	{"month", "1 to 12, or jan to dec", 12},
	{"day of the week", "0 to 6, or sun to sat; 0 is Sunday", 7},
}

// Check tells what is wrong with a schedule, as one plain sentence; nil for a
// good one. The answer does not depend on the day it is asked.
func Check(text string) error {
	_, err := Parse(text, time.UTC)
	return err
}

// Parse reads a schedule: five fields of cron (minute, hour, day of the month,
// month, day of the week), @hourly, @daily, @midnight, @weekly, @monthly, @yearly,
// @annually, or @every with a duration of whole seconds like 30s, 4h or 1d12h. The
// zone is that of the five fields; nil for UTC. The multiples of an @every are
// counted from 1970-01-01 in UTC. A schedule that never comes, or less than once
// in 400 days, is an error.
func Parse(text string, zone *time.Location) (Schedule, error) {
	s := Schedule{text: strings.TrimSpace(text), zone: zone}
	if zone == nil {
		s.zone = time.UTC
	}
	var err error
	upper := strings.ToUpper(s.text)
	switch {
	case s.text == "":
		err = errors.New(`the schedule is empty: write five fields like "0 2 * * *", or "@every 30s"`)
	case strings.HasPrefix(upper, "TZ="), strings.HasPrefix(upper, "CRON_TZ="):
		err = fmt.Errorf("%q: a schedule takes no zone of its own: leave it out and set timezone", s.text)
	case s.text == "@every", strings.HasPrefix(s.text, "@every "):
		s.every, err = parseEvery(s.text)
	case strings.HasPrefix(s.text, "@"):
		s.face, err = parseName(s.text)
	default:
		s.face, err = parseFields(s.text)
	}
	if err != nil {
		return Schedule{}, err
	}
	return s, nil
}

// parseEvery reads "@every 90m". A duration may be written as everywhere in the
// config, or the way cron reads it, as in 1.5h.
func parseEvery(text string) (time.Duration, error) {
	written := strings.TrimSpace(strings.TrimPrefix(text, "@every"))
	d, err := hygiene.ParseDuration(written)
	if err != nil {
		d, err = time.ParseDuration(written)
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q: %q is not a duration: write for example @every 30s, @every 4h or @every 1d12h", text, written)
	case d < time.Second:
		return 0, fmt.Errorf("%q: the shortest is @every 1s", text)
	case d%time.Second != 0:
		return 0, fmt.Errorf("%q: write whole seconds", text)
	case d > maxGap:
		return 0, fmt.Errorf("%q: the longest is @every 400d", text)
	}
	return d, nil
}

func parseName(text string) (*cron.SpecSchedule, error) {
	face, err := parseFace(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not known: write @hourly, @daily, @weekly, @monthly, @yearly, or for example @every 30m", text)
	}
	return face, nil
}

func parseFields(text string) (*cron.SpecSchedule, error) {
	written := strings.Fields(text)
	if len(written) != len(fields) {
		return nil, fmt.Errorf("%q: a schedule has five fields, minute, hour, day of the month, month and day of the week, not %d", text, len(written))
	}
	for i, field := range written {
		if err := checkField(i, field); err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
	}
	face, err := parseFace(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a schedule: %w", text, err)
	}
	return face, checkGap(text, face)
}

// checkField judges one field. It refuses what cron reads as something else
// than is written, and lets cron judge the rest with stars in the other fields,
// so that the error names the field.
func checkField(i int, written string) error {
	field := fields[i]
	for part := range strings.SplitSeq(written, ",") {
		values, step, stepped := strings.Cut(part, "/")
		if n, err := strconv.Atoi(step); stepped && err == nil && n > field.size {
			return fmt.Errorf("the %s is %q, but a step is at most %d", field.name, part, field.size)
		}
		odd := part == "" || strings.Contains(values, "+") || len(values) > 1 && strings.ContainsAny(values, "*?")
		if !odd {
			probe := [...]string{"*", "*", "*", "*", "*"}
			probe[i] = part
			_, err := parseFace(strings.Join(probe[:], " "))
			odd = err != nil
		}
		if odd {
			return fmt.Errorf("the %s is %q: write %s, or *, a list like 1,3, a range like 1-5, a step like */2", field.name, written, field.values)
		}
	}
	return nil
}

// checkGap refuses what never comes, like 30 February, or only in leap years. It
// looks on from a day after which there is no 29 February for three years, so
// its answer is always the same.
func checkGap(text string, face *cron.SpecSchedule) error {
	from := time.Date(2001, time.March, 1, 0, 0, 0, 0, time.UTC)
	next := face.Next(from)
	switch {
	case next.IsZero():
		return fmt.Errorf("%q never comes: no such month has that day", text)
	case next.Sub(from) > maxGap:
		return fmt.Errorf("%q comes in leap years only: choose a day of every year", text)
	}
	return nil
}

// parseFace has cron read a text as a clock face. cron's parser can panic on a
// text (one with a zone and no space), and a text must not end the daemon.
func parseFace(text string) (face *cron.SpecSchedule, err error) {
	defer func() {
		if p := recover(); p != nil {
			face, err = nil, fmt.Errorf("cron cannot read it: %v", p)
		}
	}()
	read, err := cron.ParseStandard(text)
	if err != nil {
		return nil, err
	}
	face, ok := read.(*cron.SpecSchedule)
	if !ok {
		return nil, errors.New("it is not made of five fields")
	}
	face.Location = time.UTC
	return face, nil
}
