package schedule

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// What was missed is made up for once: the nights before it do not come back
// with a clock that is set back among them.
func TestAClockSetBackCatchesUpOnNothingAgain(t *testing.T) {
	for _, restart := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t)
			nightly := job(t, "nightly", "0 2 * * *", nothing)
			h.start(h.runner(nightly))() // the first start; then three nights without a daemon
			sleepUntil("01-04 10:00:00")
			end := h.start(h.runner(nightly))
			h.expect("nightly skipped from 01-01 02:00:00", "nightly 01-04 02:00:00")
			h.clockOffset.Store(-int64(24 * time.Hour)) // 01-03 10:00 once more
			time.Sleep(11 * time.Minute)
			if restart {
				end()
				end = h.start(h.runner(nightly))
			}
			sleepUntil("01-05 10:00:00") // 01-04 by the wall clock: that night runs
			h.expect()
			sleepUntil("01-06 10:00:00")
			end()
			h.expect("nightly 01-05 02:00:00")
		})
	}
}

func TestAClockSetInTheMiddleOfAJobNeitherRepeatsNorLosesATime(t *testing.T) {
	for by, want := range map[time.Duration][]string{
		-time.Hour:      {"nightly 01-01 02:00:00 took 30m0s", "nightly 01-02 02:00:00 took 30m0s"},
		-24 * time.Hour: {"nightly 01-01 02:00:00 took 30m0s", "nightly 01-02 02:00:00 took 30m0s"},
		time.Hour:       {"nightly 01-01 02:00:00 took 30m0s", "nightly 01-02 02:00:00 took 30m0s"},
		72 * time.Hour:  {"nightly 01-01 02:00:00 took 30m0s", "nightly skipped from 01-02 02:00:00", "nightly 01-04 02:00:00 took 30m0s", "nightly 01-05 02:00:00 took 30m0s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t)
			end := h.start(h.runner(job(t, "nightly", "0 2 * * *", takes(30*time.Minute))))
			sleepUntil("01-01 02:10:00")
			h.clockOffset.Store(int64(by))
			time.Sleep(24*time.Hour + max(0, -by))
			time.Sleep(time.Hour)
			end()
			h.expect(want...)
		})
	}
}

// Each time that has come is the run's own or is passed over for a later one; no
// job runs twice at a time (the harness fails when one does).
func TestAJobLongerThanItsIntervalRunsForTheLatestTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		var ran []time.Time
		end := h.start(h.runner(job(t, "long", "@every 10m", func(_ context.Context, at time.Time) error {
			if late := time.Since(at); late >= 10*time.Minute {
				t.Errorf("at %s it runs for %s", time.Now(), at)
			}
			ran = append(ran, at)
			time.Sleep(25 * time.Minute)
			return nil
		})))
		sleepUntil("01-01 05:00:00")
		end()
		for i := 1; i < len(ran); i++ {
			if gap := ran[i].Sub(ran[i-1]); gap < 20*time.Minute || gap > 30*time.Minute {
				t.Errorf("it ran for %s and then for %s", ran[i-1], ran[i])
			}
		}
		if len(ran) != 12 {
			t.Errorf("in five hours it ran %d times, of 25 minutes each", len(ran))
		}
	})
}

// The clocks of two hosts are hours apart, and the daemons are killed in turns: whichever
// has the lock, it does not repeat a night that the other one made by its own clock.
func TestTwoDaemonsWhoseClocksAreHoursApartMakeEachNightOnce(t *testing.T) {
	for _, apart := range []time.Duration{3 * time.Hour, -3 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t)
			nightly := job(t, "nightly", "0 2 * * *", takes(10*time.Minute))
			right := h.runner(nightly)
			off := h.runner(nightly)
			off.now = func() time.Time { return time.Now().Add(apart) }
			killRight, killOff := h.start(right), h.start(off)
			sleepUntil("01-02 00:30:00") // a clock that is ahead would show that the night is over
			killRight()
			sleepUntil("01-02 06:00:00")
			killRight = h.start(h.runner(nightly))
			sleepUntil("01-03 00:30:00") // the one that is ahead has made it
			killOff()
			sleepUntil("01-03 06:00:00")
			killRight()
			h.expect("nightly 01-01 02:00:00 took 10m0s", "nightly 01-02 02:00:00 took 10m0s", "nightly 01-03 02:00:00 took 10m0s")
		})
	}
}
