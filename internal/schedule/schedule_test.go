package schedule

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestNightsOfTheClockChange(t *testing.T) {
	for _, c := range []struct {
		zone, text, after string
		want              []string // in UTC
	}{
		// The clock goes from 02:00 to 03:00: 07:00Z is when it shows 03:00.
		{"America/New_York", "30 2 * * *", "2027-03-13T12:00:00Z", []string{"2027-03-14T07:00:00Z", "2027-03-15T06:30:00Z"}},
		{"America/New_York", "*/20 2 * * *", "2027-03-13T12:00:00Z", []string{"2027-03-14T07:00:00Z", "2027-03-15T06:00:00Z"}},
		{"America/New_York", "0 2,3 * * *", "2027-03-13T12:00:00Z", []string{"2027-03-14T07:00:00Z", "2027-03-15T06:00:00Z"}},
		{"America/New_York", "30 * * * *", "2027-03-14T06:00:00Z", []string{"2027-03-14T06:30:00Z", "2027-03-14T07:30:00Z"}},
		// It goes from 02:00 back to 01:00: 05:30Z and 06:30Z both show 01:30.
		{"America/New_York", "30 1 * * *", "2026-10-31T12:00:00Z", []string{"2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}},
		{"America/New_York", "*/30 1 * * *", "2026-10-31T12:00:00Z", []string{"2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:00:00Z"}},
		{"America/New_York", "0 2 * * *", "2026-10-31T12:00:00Z", []string{"2026-11-01T07:00:00Z", "2026-11-02T07:00:00Z"}},
		{"America/New_York", "30 * * * *", "2026-11-01T05:00:00Z", []string{"2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-01T07:30:00Z"}},
		{"America/New_York", "30 0-23 * * *", "2026-11-01T05:00:00Z", []string{"2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"}},
		{"America/New_York", "@hourly", "2026-11-01T04:30:00Z", []string{"2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z", "2026-11-01T07:00:00Z"}},
		{"America/New_York", "@every 45m", "2026-11-01T05:00:00Z", []string{"2026-11-01T05:15:00Z", "2026-11-01T06:00:00Z", "2026-11-01T06:45:00Z"}},
		{"Europe/Berlin", "0 */2 * * *", "2026-10-24T21:00:00Z", []string{"2026-10-24T22:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z"}},
		{"Europe/London", "15 1 * * *", "2027-03-27T12:00:00Z", []string{"2027-03-28T01:00:00Z", "2027-03-29T00:15:00Z"}},
		// Midnights that do not exist.
		{"America/Santiago", "0 0 * * *", "2026-09-05T12:00:00Z", []string{"2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"}},
		{"America/Santiago", "@daily", "2026-09-05T12:00:00Z", []string{"2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"}},
		{"America/Sao_Paulo", "30 0 * * *", "2018-11-03T12:00:00Z", []string{"2018-11-04T03:00:00Z", "2018-11-05T02:30:00Z"}},
		{"Africa/Cairo", "0 0 * * 5", "2026-04-20T00:00:00Z", []string{"2026-04-23T22:00:00Z", "2026-04-30T21:00:00Z"}},
		// 23:00 to midnight comes twice, and the second belongs to the same day.
		{"America/Santiago", "30 23 * * *", "2026-04-04T12:00:00Z", []string{"2026-04-05T02:30:00Z", "2026-04-06T03:30:00Z"}},
		{"America/Santiago", "0 0 * * *", "2026-04-04T12:00:00Z", []string{"2026-04-05T04:00:00Z", "2026-04-06T04:00:00Z"}},
		// Half an hour only.
		{"Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z", []string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
		{"Australia/Lord_Howe", "30 1 * * *", "2026-04-04T00:00:00Z", []string{"2026-04-04T14:30:00Z", "2026-04-05T15:00:00Z"}},
		{"Australia/Lord_Howe", "*/30 * * * *", "2026-04-04T14:15:00Z", []string{"2026-04-04T14:30:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z"}},
		// A whole day that was left out.
		{"Pacific/Apia", "0 9 * * *", "2011-12-29T12:00:00Z", []string{"2011-12-29T19:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T19:00:00Z"}},
		// No change at all.
		{"Asia/Kolkata", "30 2 * * *", "2026-03-28T12:00:00Z", []string{"2026-03-28T21:00:00Z", "2026-03-29T21:00:00Z"}},
		{"Europe/Istanbul", "30 3 * * *", "2026-03-28T12:00:00Z", []string{"2026-03-29T00:30:00Z", "2026-03-30T00:30:00Z"}},
	} {
		s, when := parse(t, c.text, c.zone), at(c.after)
		for i, want := range c.want {
			when = s.Next(when)
			if !when.Equal(at(want)) {
				t.Errorf("%s %q: time %d is %s, want %s", c.zone, c.text, i, when.Format(time.RFC3339), want)
				break
			}
		}
	}
}

// lawful are schedules with what they mean, for clocks that show quarters of an
// hour.
var lawful = []struct {
	text      string
	matches   func(reading time.Time) bool
	everyHour bool
}{
	{"30 2 * * *", func(r time.Time) bool { return r.Hour() == 2 && r.Minute() == 30 }, false},
	{"0 0 * * *", func(r time.Time) bool { return r.Hour() == 0 && r.Minute() == 0 }, false},
	{"*/15 0-3 * * *", func(r time.Time) bool { return r.Hour() <= 3 }, false},
	{"45 */2 * * sun", func(r time.Time) bool { return r.Weekday() == 0 && r.Hour()%2 == 0 && r.Minute() == 45 }, false},
	{"0 1 */2 * *", func(r time.Time) bool { return r.Day()%2 == 1 && r.Hour() == 1 && r.Minute() == 0 }, false},
	{"*/15 * * * *", func(time.Time) bool { return true }, true},
	{"30 0-23 * * sun", func(r time.Time) bool { return r.Weekday() == 0 && r.Minute() == 30 }, true},
}

// The laws, said once more in another way: walk on by quarters of an hour, look
// at the clock, and remember the latest it has shown.
func TestTheLawsHoldAroundEveryChangeOfTheClock(t *testing.T) {
	for _, zone := range []string{"UTC", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata", "Europe/London", "Europe/Berlin",
		"Europe/Istanbul", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia", "Pacific/Chatham", "Africa/Casablanca", "Antarctica/Troll"} {
		loc, changes := load(t, zone), 0
		for _, year := range []int{2011, 2016, 2018, 2026} {
			for change := time.Date(year, 1, 1, 12, 0, 0, 0, time.UTC); change.Year() == year; changes++ {
				begin, end := change.Add(-36*time.Hour), change.Add(36*time.Hour)
				for k, want := range walk(loc, begin, end) {
					s := parse(t, lawful[k].text, zone)
					var got []time.Time
					for i := s.Next(begin); !i.After(end); i = s.Next(i) {
						got = append(got, i)
					}
					if !slices.EqualFunc(got, want, time.Time.Equal) {
						t.Errorf("%s around %s, %q: %d times, want %d; first %s", zone, change, s, len(got), len(want), difference(got, want))
					}
				}
				_, change = change.In(loc).ZoneBounds()
				change = change.UTC()
			}
		}
		if fixed := zone == "UTC" || zone == "Asia/Kolkata"; fixed != (changes == 4) {
			t.Errorf("%s: %d walks", zone, changes)
		}
	}
}

// walk gives the times of each of the lawful schedules in (begin, end].
func walk(loc *time.Location, begin, end time.Time) [][]time.Time {
	const quarter = 15 * time.Minute
	times := make([][]time.Time, len(lawful))
	reading := func(i time.Time) time.Time {
		_, offset := i.In(loc).Zone()
		return i.Add(time.Duration(offset) * time.Second)
	}
	// What the clock has shown before: an hour that repeats may have started.
	shown := reading(begin)
	for i := begin.Add(-24 * time.Hour); i.Before(begin); i = i.Add(quarter) {
		if r := reading(i); r.After(shown) {
			shown = r
		}
	}
	for i := begin.Add(quarter); !i.After(end); i = i.Add(quarter) {
		now := reading(i)
		for k, s := range lawful {
			comes := s.everyHour && s.matches(now)
			for r := shown.Add(quarter); !s.everyHour && !r.After(now); r = r.Add(quarter) {
				comes = comes || s.matches(r)
			}
			if comes {
				times[k] = append(times[k], i)
			}
		}
		if now.After(shown) {
			shown = now
		}
	}
	return times
}

func difference(got, want []time.Time) string {
	for i := range min(len(got), len(want)) {
		if !got[i].Equal(want[i]) {
			return got[i].Format(time.RFC3339) + " instead of " + want[i].Format(time.RFC3339)
		}
	}
	return "at the end"
}

func TestEveryCountsFrom1970WhateverTheStart(t *testing.T) {
	s := parse(t, "@every 7m", "America/New_York")
	for _, start := range []string{"1969-12-31T23:58:01Z", "1970-01-01T00:00:00Z", "2026-11-23T10:17:30Z"} {
		for i := range 1000 {
			after := at(start).Add(time.Duration(i) * 333 * time.Millisecond)
			next := s.Next(after)
			if next.Unix()%420 != 0 || !next.After(after) || next.Sub(after) > 7*time.Minute {
				t.Fatalf("after %s it comes at %s", after, next)
			}
		}
	}
}

func TestLatestIsTheLastThatNextGives(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, text := range []string{"30 2 * * *", "*/15 1 * * *", "30 * * * *", "0 0 1 1 *", "0 12 * * mon", "@every 90m", "@every 1s"} {
		s := parse(t, text, "Australia/Lord_Howe")
		for range 30 {
			since := at("2026-01-01T00:00:00Z").Add(time.Duration(random.Int64N(int64(365 * 24 * time.Hour))))
			before := since.Add(time.Duration(random.Int64N(int64(time.Minute) << random.IntN(11))))
			var want time.Time
			for i := s.Next(since); !i.After(before); i = s.Next(i) {
				want = i
			}
			if got, ok := s.Latest(before, since); ok == want.IsZero() || !got.Equal(want) {
				t.Fatalf("%q in (%s, %s]: %s, want %s", text, since, before, got, want)
			}
		}
	}
}

func TestLatestLooksBackOverCenturies(t *testing.T) {
	before := at("2026-11-23T10:17:30Z")
	for text, want := range map[string]string{"0 0 1 1 *": "2026-01-01T00:00:00Z", "@every 1s": "2026-11-23T10:17:30Z", "* * * * *": "2026-11-23T10:17:00Z"} {
		if got, ok := parse(t, text, "UTC").Latest(before, time.Time{}); !ok || !got.Equal(at(want)) {
			t.Errorf("%q: %s, %v, want %s", text, got, ok, want)
		}
	}
	if got, ok := (Schedule{}).Latest(before, time.Time{}); ok {
		t.Errorf("the zero schedule came at %s", got)
	}
	if got, ok := parse(t, "@daily", "UTC").Latest(before, before.Add(time.Hour)); ok {
		t.Errorf("it came at %s, before the span begins", got)
	}
}

func TestUpcomingIsWhatTheCommandPrints(t *testing.T) {
	jobs := []Job{
		{Kind: Sweep, Name: "sweep", Schedule: parse(t, "@every 30s", "UTC")},
		{Kind: Export, Name: "nightly", Schedule: parse(t, "0 2 * * *", "Europe/Istanbul")},
	}
	got, err := json.Marshal(Upcoming(jobs, at("2026-11-23T10:17:30Z"), 2))
	want := `[{"name":"sweep","kind":"sweep","schedule":"@every 30s","next":["2026-11-23T10:18:00Z","2026-11-23T10:18:30Z"]},` +
		`{"name":"nightly","kind":"export","schedule":"0 2 * * *","next":["2026-11-23T23:00:00Z","2026-11-24T23:00:00Z"]}]`
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	for n := range 2 {
		if got, _ := json.Marshal(Upcoming([]Job{{}}, time.Now(), -n)); string(got) != `[{"name":"","kind":"","schedule":"","next":[]}]` {
			t.Errorf("got %s", got)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	for _, text := range []string{"30 2 * * *", "*/15 * * * *", "0 0 1 1 *", "@every 30s"} {
		b.Run(text, func(b *testing.B) {
			s, t := parse(b, text, "America/New_York"), at("2026-11-23T10:17:30Z")
			for b.Loop() {
				s.Next(t)
			}
		})
	}
}
