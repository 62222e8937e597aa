package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"winnow/hygiene"
	"winnow/hygiene/instant"
)

// maxGap is how far apart two times of a schedule may be: a schedule that comes
// less often is most likely a mistake.
const maxGap = 400 * hygiene.Day

// fields are the five of a schedule, as errors name them. A step larger than size
// would mean "the first value only" to cron.
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

// Check returns what is wrong with a schedule, as one plain sentence, or nil. The
// answer does not depend on the present day.
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
		err = errors.New(`the schedule is empty; write five fields like "0 2 * * *", or "@every 30s"`)
	case strings.HasPrefix(upper, "TZ="), strings.HasPrefix(upper, "CRON_TZ="):
		err = fmt.Errorf("%q: a schedule has no time zone of its own; leave it out and set timezone", s.text)
	case s.text == "@every", strings.HasPrefix(s.text, "@every "):
		s.every, err = parseEvery(s.text)
	case strings.HasPrefix(s.text, "@"):
		s.spec, err = parseName(s.text)
	default:
		s.spec, err = parseFields(s.text)
	}
	if err != nil {
		return Schedule{}, err
	}
	return s, nil
}

// parseEvery reads "@every 90m". A duration may be written as everywhere in the
// config, or the way cron reads it, as in 1.5h.
func parseEvery(text string) (time.Duration, error) {
	interval := strings.TrimSpace(strings.TrimPrefix(text, "@every"))
	d, err := instant.ParseDuration(interval)
	if err != nil {
		d, err = time.ParseDuration(interval)
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q: %q is not a duration; write for example @every 30s, @every 4h or @every 1d12h", text, interval)
	case d < time.Second:
		return 0, fmt.Errorf("%q: the shortest interval is @every 1s", text)
	case d%time.Second != 0:
		return 0, fmt.Errorf("%q: the interval must be in whole seconds", text)
	case d > maxGap:
		return 0, fmt.Errorf("%q: the longest interval is @every 400d", text)
	}
	return d, nil
}

func parseName(text string) (*cron.SpecSchedule, error) {
	spec, err := parseSpec(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a known schedule; write @hourly, @daily, @weekly, @monthly, @yearly, or for example @every 30m", text)
	}
	return spec, nil
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
	spec, err := parseSpec(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a schedule: %w", text, err)
	}
	return spec, checkGap(text, spec)
}

// checkField checks one field. It refuses what cron reads in another way than it
// is written, and lets cron check the rest with stars in the other fields, so that
// the error names the field.
func checkField(i int, written string) error {
	field := fields[i]
	for part := range strings.SplitSeq(written, ",") {
		values, step, stepped := strings.Cut(part, "/")
		if n, err := strconv.Atoi(step); stepped && err == nil && n > field.size {
			return fmt.Errorf("the %s is %q, but a step is at most %d", field.name, part, field.size)
		}
		odd := part == "" || strings.Contains(values, "+") || len(values) > 1 && strings.ContainsAny(values, "*?")
		if !odd {
			alone := [...]string{"*", "*", "*", "*", "*"}
			alone[i] = part
			_, err := parseSpec(strings.Join(alone[:], " "))
			odd = err != nil
		}
		if odd {
			return fmt.Errorf("the %s is %q; write %s, or *, a list like 1,3, a range like 1-5, a step like */2", field.name, written, field.values)
		}
	}
	return nil
}

// checkGap refuses a schedule that never comes, like 30 February, or only in leap
// years. It starts from a fixed day after which there is no 29 February for three
// years, so its answer is always the same.
func checkGap(text string, spec *cron.SpecSchedule) error {
	from := time.Date(2001, time.March, 1, 0, 0, 0, 0, time.UTC)
	next := spec.Next(from)
	switch {
	case next.IsZero():
		return fmt.Errorf("%q never comes: no such month has that day", text)
	case next.Sub(from) > maxGap:
		return fmt.Errorf("%q comes in leap years only; choose a day of every year", text)
	}
	return nil
}

// parseSpec has cron read a text as wall-clock times. cron's parser panics on some
// texts (one with a zone and no space), and a text must not end the daemon.
func parseSpec(text string) (spec *cron.SpecSchedule, err error) {
	defer func() {
		if p := recover(); p != nil {
			spec, err = nil, fmt.Errorf("cron can't read it: %v", p)
		}
	}()
	read, err := cron.ParseStandard(text)
	if err != nil {
		return nil, err
	}
	spec, ok := read.(*cron.SpecSchedule)
	if !ok {
		return nil, errors.New("it does not have five fields")
	}
	spec.Location = time.UTC
	return spec, nil
}
