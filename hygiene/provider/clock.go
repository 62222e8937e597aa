package provider

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/instant"
)

// clock reads the times of events.
type clock struct {
	layout  string
	zone    *time.Location // of times that say none; nil when it is not known
	toSpare time.Duration  // how much later than written the time may be
	known   bool           // a time says when it was: its zone is written, or known
}

// CheckTime says what is wrong with a layout of times, in the zone if it is known.
func CheckTime(layout string, zone *time.Location) error {
	_, err := newClock(&Time{Path: ".", Layout: layout, Zone: zone})
	return err
}

// newClock tries the layout on times: what it writes of them it must read.
func newClock(t *Time) (clock, error) {
	c := clock{layout: t.Layout, zone: t.Zone, known: true}
	switch t.Layout {
	case Unix, UnixMilli:
		return c, nil
	case RFC3339:
		c.layout = time.RFC3339
		return c, nil
	}
	if t.Path == "" {
		return c, nil
	}
	odd := time.FixedZone("", 5*3600+45*60)
	tried := time.Date(2013, 12, 30, 21, 38, 47, 0, odd)
	read := func(t time.Time) time.Time {
		got, err := time.ParseInLocation(c.layout, t.Format(c.layout), odd)
		if err != nil {
			return time.Time{}
		}
		return got
	}
	switch got := read(tried); {
	case got.Equal(tried):
	case got.Equal(tried.Truncate(time.Minute)):
		c.toSpare = time.Minute - time.Microsecond
	default:
		return c, fmt.Errorf("%q is not a layout of times; write how 2006-01-02 15:04:05 -0700 would be written there, with the year, month, day, hour and minute", t.Layout)
	}
	utc := tried.UTC()                                                                                          // written with another offset, it is another time, unless the offset is read
	if !read(utc).Truncate(time.Minute).Equal(utc.Truncate(time.Minute)) || strings.Contains(c.layout, "MST") { // nobody knows all abbreviations
		c.known = c.zone != nil
	}
	return c, nil
}

var errNoTime = errors.New("it is not a time in the layout of the source")

// read reads a time, which may be up to toSpare later; 0 for one whose zone is not known.
func (c *clock) read(text string) (hygiene.Instant, error) {
	text = strings.TrimSpace(text)
	switch c.layout {
	case Unix:
		return c.number(text, 1e6)
	case UnixMilli:
		return c.number(text, 1e3)
	}
	zone := c.zone
	if zone == nil {
		zone = time.UTC
	}
	t, err := time.ParseInLocation(c.layout, text, zone)
	if err != nil {
		return 0, errNoTime
	}
	if !c.known {
		return 0, nil
	}
	return checked(t.Add(c.toSpare))
}

// number reads a number of seconds or milliseconds.
func (c *clock) number(text string, micros float64) (hygiene.Instant, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n != n || n < 0 || n*micros > float64(instant.Latest) {
		return 0, errNoTime
	}
	return checked(time.UnixMicro(int64(n*micros + 0.5)))
}

func checked(t time.Time) (hygiene.Instant, error) {
	if instant.CheckYear(t) != nil {
		return 0, errNoTime
	}
	return hygiene.InstantOf(t), nil
}
