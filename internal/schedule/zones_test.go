package schedule

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A year in each of these has a night in which the clock moves: by an hour at
// two, at one, at midnight, in the last hour of the day, by half an hour, by two
// hours, for a month of fasting, on a day that was left out; and in two none.
var years = []struct {
	zone  string
	year  int
	moves int
}{
	{"America/New_York", 2026, 2}, {"Europe/Berlin", 2026, 2}, {"Europe/Istanbul", 2015, 2}, {"Europe/Istanbul", 2026, 0}, {"Australia/Lord_Howe", 2026, 2},
	{"America/Santiago", 2026, 2}, {"America/Havana", 2026, 2}, {"Africa/Cairo", 2026, 2}, {"Asia/Beirut", 2026, 2}, {"Antarctica/Troll", 2026, 2},
	{"Africa/Casablanca", 2026, 2}, {"Pacific/Apia", 2011, 3}, {"UTC", 2026, 0},
}

// Hours in the night that is skipped, in the one that comes twice, on midnights
// that do not exist, on days named in one way and in two; and by elapsed time.
var texts = []string{
	"30 2 * * *", "0 2 * * *", "15 2 * * *", "45 1 * * *", "30 1 * * *", "0 0 * * *", "30 0 * * *", "30 23 * * *", "59 23 * * *", "0 12 * * *",
	"*/20 1-3 * * *", "* 2 * 3,4,9-11 *", "0 */2 * * *", "0 0,3 * * 0", "5 0 * * 5", "0 0 1,15 * 5", "30 2 29 3 *", "15 1 25-31 10 0", "45 1 1-7 4 0", "0 3 */10 * *",
	"@daily", "@weekly", "@monthly", "@midnight",
	"*/7 * 20-31 3,10 *", "30 * * * *", "15 * 1-7 * 0", "*/30 * * 4 *", "@hourly", "@every 45m", "@every 7h", "@every 36h",
}

// onceADay are those that name one time of every day.
var onceADay = []string{"30 2 * * *", "0 2 * * *", "15 2 * * *", "45 1 * * *", "30 1 * * *", "0 0 * * *", "30 0 * * *", "30 23 * * *", "59 23 * * *", "0 12 * * *", "@daily", "@midnight"}

func TestAWholeYearInEveryZoneAgreesWithTheOracle(t *testing.T) {
	oracles := make([]oracle, len(texts))
	for k, text := range texts {
		oracles[k] = readOracle(t, text)
	}
	for _, y := range years {
		t.Run(fmt.Sprint(y.zone, " ", y.year), func(t *testing.T) {
			t.Parallel()
			zone := load(t, y.zone)
			begin, end := time.Date(y.year, 1, 1, 0, 0, 0, 0, zone).UTC(), time.Date(y.year+1, 1, 1, 0, 0, 0, 0, zone).UTC()
			if n := len(movesOf(zone, begin, end)); n < y.moves || y.moves == 0 && n > 0 {
				t.Fatalf("the clock moves %d times", n)
			}
			random := rand.New(rand.NewPCG(uint64(y.year), uint64(len(y.zone))))
			for k, want := range oracleTimes(zone, begin, end, oracles) {
				s := parse(t, texts[k], y.zone)
				sameYear(t, s, begin, end, want)
				sameFromAnywhere(t, s, begin, end, want, random)
			}
		})
	}
}

// movesOf are the instants at which the clock moves.
func movesOf(zone *time.Location, begin, end time.Time) (moves []time.Time) {
	for {
		_, move := begin.In(zone).ZoneBounds()
		if move.IsZero() || !move.Before(end) {
			return moves
		}
		moves, begin = append(moves, move.UTC()), move
	}
}

// sameYear follows the schedule through the year, which always goes forward.
func sameYear(t *testing.T, s Schedule, begin, end time.Time, want []time.Time) {
	t.Helper()
	var got []time.Time
	for i, before := s.Next(begin), begin; !i.After(end); before, i = i, s.Next(i) {
		if !i.After(before) {
			t.Fatalf("%q: %s is followed by %s", s, before, i)
		}
		got = append(got, i)
	}
	if !slices.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("%q comes %d times, want %d; first %s", s, len(got), len(want), difference(got, want))
	}
}

// sameFromAnywhere asks from moments of no meaning, as a daemon does that starts
// then, and around each move of the clock.
func sameFromAnywhere(t *testing.T, s Schedule, begin, end time.Time, want []time.Time, random *rand.Rand) {
	t.Helper()
	span := end.Sub(begin)
	moments := []time.Time{begin}
	for range 20 {
		moments = append(moments, begin.Add(rand.N(span)))
	}
	for _, move := range movesOf(s.zone, begin, end) {
		for range 20 {
			moments = append(moments, move.Add(time.Duration(random.Int64N(int64(8*time.Hour)))-4*time.Hour))
		}
	}
	for _, from := range moments {
		if next, ok := firstAfter(want, from); ok && !s.Next(from).Equal(next) {
			t.Errorf("%q: after %s it comes at %s, want %s", s, from, s.Next(from), next)
		}
		since := from.Add(-time.Duration(random.Int64N(int64(96 * time.Hour))))
		if since.Before(begin) {
			continue
		}
		last, there := lastUpTo(want, from)
		there = there && last.After(since)
		if got, ok := s.Latest(from, since); ok != there || ok && !got.Equal(last) {
			t.Errorf("%q: the latest in (%s, %s] is %s, %v, want %s, %v", s, since, from, got, ok, last, there)
		}
	}
}

// The same said by the calendar: a schedule with one time of the day comes once
// on every day that there is, at its time or, if the clock skips that, at the
// next instant that exists.
func TestAFixedHourComesOnceOnEveryDayThatExists(t *testing.T) {
	for _, y := range years {
		zone := load(t, y.zone)
		for _, text := range onceADay {
			s, f, moved := parse(t, text, y.zone), readOracle(t, text), 0
			days := map[string]int{}
			for i := s.Next(time.Date(y.year, 1, 1, 0, 0, 0, 0, zone).Add(-time.Second)); i.In(zone).Year() == y.year; i = s.Next(i) {
				days[i.In(zone).Format(time.DateOnly)]++
				if local := i.In(zone); f.hour>>local.Hour()&(f.minute>>local.Minute())&1 == 0 {
					moved++
					if before := i.Add(-time.Nanosecond).In(zone); offsetOf(before) >= offsetOf(local) {
						t.Errorf("%s %q comes at %s, where the clock skips nothing", y.zone, text, local)
					}
				}
			}
			if moved > 1 && y.zone != "Africa/Casablanca" && y.zone != "Pacific/Apia" {
				t.Errorf("%s %q is moved %d times in a year", y.zone, text, moved)
			}
			for day := time.Date(y.year, 1, 1, 12, 0, 0, 0, time.UTC); day.Year() == y.year; day = day.AddDate(0, 0, 1) {
				want := 1
				if y.zone == "Pacific/Apia" && day.Format(time.DateOnly) == "2011-12-30" {
					want = 0 // the day that was left out: its time comes with the first instant of the next
				}
				n := days[day.Format(time.DateOnly)]
				if y.zone == "Pacific/Apia" && day.Format(time.DateOnly) == "2011-12-31" && n == 2 {
					continue
				}
				if n != want {
					t.Errorf("%s %q comes %d times on %s", y.zone, text, n, day.Format(time.DateOnly))
				}
			}
		}
	}
}

func offsetOf(local time.Time) int {
	_, seconds := local.Zone()
	return seconds
}

// By elapsed time: where clocks move by whole hours, every hour is an hour after
// the one before. Lord Howe's move by half an hour shows.
func TestEveryHourIsByElapsedTime(t *testing.T) {
	for _, y := range years {
		zone, gaps := load(t, y.zone), map[time.Duration]int{}
		s := parse(t, "15 * * * *", y.zone)
		begin := time.Date(y.year, 1, 1, 0, 0, 0, 0, zone)
		for i := s.Next(begin); i.Before(begin.AddDate(1, 0, 0)); {
			next := s.Next(i)
			gaps[next.Sub(i)]++
			i = next
		}
		halves := gaps[90*time.Minute]
		delete(gaps, 90*time.Minute)
		if halves > 0 != (y.zone == "Australia/Lord_Howe") || halves > 2 || len(gaps) != 1 || gaps[time.Hour] < 8700 {
			t.Errorf("%s: the gaps are %v, and %d of an hour and a half", y.zone, gaps, halves)
		}
	}
}

// nightOf runs a daemon in the night of a move of the clock, six hours to either
// side. on reports for each ten minutes whether a daemon runs.
func nightOf(t *testing.T, text, zone string, move time.Time, on func(k int) bool) (ran []time.Time) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		h.clockOffset.Store(int64(time.Until(move.Add(-6 * time.Hour))))
		night := Job{Kind: Export, Name: "night", Schedule: parse(t, text, zone), CatchUp: true, Run: func(_ context.Context, at time.Time) error {
			ran = append(ran, at)
			return nil
		}}
		h.start(h.runner(night))() // the first start of the store
		time.Sleep(time.Second)    // between two looks of a daemon, not at one
		end := func() {}
		for k, was := 0, false; k < 72; k++ {
			if is := on(k); is && !was {
				end, was = h.start(h.runner(night)), true
			} else if !is && was {
				end()
				end, was = func() {}, false
			}
			time.Sleep(10 * time.Minute)
		}
		end()
		h.start(h.runner(night))() // the first start in the morning
	})
	return ran
}

func TestANightOfTheClockChangeIsRunOnceHoweverOftenTheDaemonIsRestarted(t *testing.T) {
	if testing.Short() {
		t.Skip("one thing happens after the other: the race detector would find nothing that it does not find in the random histories")
	}
	nights := 0
	for _, y := range years {
		zone := load(t, y.zone)
		begin, end := time.Date(y.year, 1, 2, 0, 0, 0, 0, zone).UTC(), time.Date(y.year, 12, 30, 0, 0, 0, 0, zone).UTC()
		for _, move := range movesOf(zone, begin, end) {
			for _, text := range []string{"30 2 * * *", "30 1 * * *", "0 0 * * *", "15 2 * * *"} {
				want := oracleTimes(zone, move.Add(-6*time.Hour), move.Add(6*time.Hour+time.Second), []oracle{readOracle(t, text)})[0]
				restarted := nightOf(t, text, y.zone, move, func(k int) bool { return k%2 == 0 })
				if !slices.EqualFunc(restarted, want, time.Time.Equal) {
					t.Errorf("%s, %q, restarted in the night of %s: it ran for %v, want %v", y.zone, text, move, restarted, want)
				}
				// Nobody there at all: the latest, once, by its scheduled time.
				down := nightOf(t, text, y.zone, move, func(int) bool { return false })
				if latest := want[max(len(want)-1, 0):]; !slices.EqualFunc(down, latest, time.Time.Equal) {
					t.Errorf("%s, %q, down in the night of %s: made up for %v, want %v", y.zone, text, move, down, latest)
				}
				nights += len(want)
			}
		}
	}
	if nights < 60 {
		t.Errorf("only %d times fell into these nights", nights)
	}
}
