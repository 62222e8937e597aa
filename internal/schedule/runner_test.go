package schedule

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestEveryNightOfAYearHasOneRunInEveryZone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		nights := map[string]map[string]int{}
		var jobs []Job
		for _, c := range [][2]string{
			{"America/New_York", "30 2 * * *"}, {"America/New_York", "30 1 * * *"}, {"America/Santiago", "0 0 * * *"}, {"America/Sao_Paulo", "30 0 * * *"},
			{"Australia/Lord_Howe", "15 2 * * *"}, {"Australia/Lord_Howe", "45 1 * * *"}, {"Europe/London", "30 1 * * *"}, {"Europe/Istanbul", "30 3 * * *"},
			{"Africa/Cairo", "0 0 * * *"}, {"Asia/Kolkata", "30 2 * * *"}, {"UTC", "30 2 * * *"},
		} {
			zone, text := c[0], c[1]
			name, loc := zone+" "+text, load(t, zone)
			nights[name] = map[string]int{}
			jobs = append(jobs, Job{Kind: Export, Name: name, Schedule: parse(t, text, zone), CatchUp: true, Run: func(_ context.Context, at time.Time) error {
				nights[name][at.In(loc).Format(time.DateOnly)]++
				return nil
			}})
		}
		r := h.runner(jobs...)
		r.maxSleep = 24 * time.Hour
		end := h.start(r)
		time.Sleep(365 * 24 * time.Hour)
		end()
		for name, ran := range nights {
			for day := at("2000-01-02T00:00:00Z"); day.Before(at("2000-12-30T00:00:00Z")); day = day.AddDate(0, 0, 1) {
				if n := ran[day.Format(time.DateOnly)]; n != 1 {
					t.Errorf("%s: %d runs on %s", name, n, day.Format(time.DateOnly))
				}
			}
		}
	})
}

func TestOfNightsWithoutADaemonOnlyTheLatestIsCaughtUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		jobs := []Job{sweep(t, "@every 6h", nothing), job(t, "nightly", "0 2 * * *", nothing)}
		end := h.start(h.runner(jobs...))
		sleepUntil("01-01 03:00:00")
		end()
		h.expect("nightly 01-01 02:00:00")
		sleepUntil("01-04 10:00:00")
		end = h.start(h.runner(jobs...))
		h.expect("nightly skipped from 01-02 02:00:00", "nightly 01-04 02:00:00")
		sleepUntil("01-05 03:00:00")
		end()
		h.expect("sweep 01-04 12:00:00", "sweep 01-04 18:00:00", "sweep 01-05 00:00:00", "nightly 01-05 02:00:00")
	})
}

func TestNothingIsMissedBeforeTheFirstStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		sleepUntil("01-01 10:00:00")
		h.start(h.runner(job(t, "nightly", "0 2 * * *", nothing)))()
		h.expect()
		// The first start itself is remembered: what is missed after it counts.
		sleepUntil("01-02 10:00:00")
		h.start(h.runner(job(t, "nightly", "0 2 * * *", nothing)))()
		h.expect("nightly 01-02 02:00:00")
	})
}

func TestAClockSetBackRepeatsNothing(t *testing.T) {
	for _, restart := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t)
			jobs := []Job{job(t, "nightly", "0 2 * * *", nothing), sweep(t, "0 * * * *", nothing)}
			end := h.start(h.runner(jobs...))
			sleepUntil("01-02 02:30:00")
			h.events()
			h.clockOffset.Store(-int64(2 * time.Hour)) // 00:30 once more
			if restart {
				end()
				end = h.start(h.runner(jobs...))
			}
			time.Sleep(2 * time.Hour) // 02:30 once more
			h.expect("sweep 01-02 01:00:00", "sweep 01-02 02:00:00")
			time.Sleep(24 * time.Hour)
			end()
			if events := h.events(); len(events) != 25 || !slices.Contains(events, "nightly 01-03 02:00:00") {
				t.Errorf("the next day has %q", events)
			}
		})
	}
}

func TestAClockThatWasFarAheadBlocksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		h.clockOffset.Store(int64(365 * 24 * time.Hour))
		end := h.start(h.runner(job(t, "nightly", "0 2 * * *", nothing)))
		sleepUntil("01-01 03:00:00")
		h.expect("nightly 12-31 02:00:00")
		h.clockOffset.Store(0)
		sleepUntil("01-02 03:00:00")
		end()
		h.expect("nightly 01-02 02:00:00")
	})
}

// Timers do not count the time that a machine sleeps; the clock does.
func TestASuspendedMachineRunsWhatIsDueSoonAfterItWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		r := h.runner(job(t, "nightly", "0 2 * * *", nothing))
		r.maxSleep = defaultMaxSleep
		end := h.start(r)
		sleepUntil("01-01 01:00:00")
		h.clockOffset.Store(int64(9 * time.Hour))
		time.Sleep(30*time.Second + time.Second)
		end()
		h.expect("nightly 01-01 02:00:00")
	})
}

func TestAPanicDoesNotEndTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		end := h.start(h.runner(job(t, "nightly", "0 2 * * *", func(context.Context, time.Time) error { panic("boom") })))
		sleepUntil("01-02 03:00:00")
		end()
		h.expect("nightly 01-01 02:00:00: panic: boom", "nightly 01-02 02:00:00: panic: boom")

		err := h.runner().RunNow(t.Context(), job(t, "manual", "@daily", func(context.Context, time.Time) error { panic("boom") }), time.Now())
		var p *PanicError
		if !errors.As(err, &p) || p.Value != "boom" || !strings.Contains(string(p.Stack), "runner_test.go") {
			t.Errorf("the error is %#v", err)
		}
	})
}

func TestAFailedRunIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		jobs := job(t, "nightly", "0 2 * * *", func(context.Context, time.Time) error { return errors.New("disk full") })
		end := h.start(h.runner(jobs))
		sleepUntil("01-01 03:00:00")
		end()
		h.start(h.runner(jobs))()
		h.expect("nightly 01-01 02:00:00: disk full")
	})
}

func TestALongJobDelaysTheOthersWhichThenRunOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		end := h.start(h.runner(sweep(t, "@every 1h", nothing), job(t, "nightly", "30 2 * * *", takes(150*time.Minute))))
		sleepUntil("01-01 06:30:00")
		end()
		h.expect("sweep 01-01 01:00:00", "sweep 01-01 02:00:00", "nightly 01-01 02:30:00 took 2h30m0s",
			"sweep skipped from 01-01 03:00:00", "sweep 01-01 05:00:00", "sweep 01-01 06:00:00")
	})
}

func TestAJobLongerThanItsIntervalStarvesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		end := h.start(h.runner(sweep(t, "@every 1m", takes(150*time.Second)), job(t, "one", "@every 5m", nothing), job(t, "two", "@every 5m", nothing)))
		sleepUntil("01-01 01:00:00")
		end()
		ran := map[string]int{}
		for _, line := range h.events() {
			ran[strings.Fields(line)[0]]++
		}
		if ran["one"] != 12 && ran["one"] != 11 || ran["one"] != ran["two"] {
			t.Errorf("in an hour there were %v", ran)
		}
	})
}

func TestWhatIsDueTogetherRunsInTheOrderGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		end := h.start(h.runner(job(t, "c", "0 2 * * *", nothing), job(t, "a", "0 2 * * *", nothing), job(t, "b", "59 1 * * *", nothing)))
		sleepUntil("01-01 03:00:00")
		end()
		h.expect("b 01-01 01:59:00", "c 01-01 02:00:00", "a 01-01 02:00:00")
	})
}

func TestTheSecondDaemonTakesOverAndCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		one := h.runner(job(t, "nightly", "0 2 * * *", takes(time.Hour)))
		two := h.runner(job(t, "nightly", "0 2 * * *", nothing))
		two.OnLock = func(context.Context) error { h.record("two takes over"); return errors.New("no latest") }
		end := h.start(one)
		end2 := h.start(two)
		sleepUntil("01-01 02:30:00")
		if !one.HoldsLock() || two.HoldsLock() {
			t.Errorf("holding: one %v, two %v", one.HoldsLock(), two.HoldsLock())
		}
		end()
		time.Sleep(pollEvery)
		h.expect("nightly 01-01 02:00:00: context canceled", "two takes over", "trouble: no latest", "nightly 01-01 02:00:00")
		sleepUntil("01-02 03:00:00")
		end2()
		h.expect("nightly 01-02 02:00:00")
	})
}

func TestADaemonWhoseLockFileWasRemovedStopsItsJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		nightly := job(t, "nightly", "0 2 * * *", nothing)
		one, two := h.runner(nightly), h.runner(nightly)
		end := h.start(one)
		sleepUntil("01-01 01:00:00")
		time.Sleep(pollEvery / 2) // between two looks of the first: at the same instant either could be quicker
		if err := os.Remove(h.lock); err != nil {
			t.Fatal(err)
		}
		end2 := h.start(two)
		sleepUntil("01-01 03:00:00")
		if one.HoldsLock() || !two.HoldsLock() {
			t.Errorf("holding: one %v, two %v", one.HoldsLock(), two.HoldsLock())
		}
		h.expect("trouble: lock file "+h.lock+" was removed or replaced; leave it alone while winnow runs", "nightly 01-01 02:00:00")
		end2()
		sleepUntil("01-02 03:00:00")
		end()
		h.expect("nightly 01-02 02:00:00")
	})
}

func TestARecordedTimeIsNotRunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		nightly := job(t, "nightly", "0 2 * * *", nothing)
		end := h.start(h.runner(nightly))
		sleepUntil("01-01 01:30:00")
		h.store.RecordJobTime(t.Context(), nightly.Key(), at("2000-01-01T02:00:00Z"))
		sleepUntil("01-02 03:00:00")
		end()
		h.expect("nightly 01-02 02:00:00")
	})
}

func TestAFailingJobStoreDelaysOnlyJobsThatNeedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		r := h.runner(job(t, "nightly", "0 2 * * *", nothing), sweep(t, "0 * * * *", nothing))
		r.maxSleep = defaultMaxSleep
		end := h.start(r)
		sleepUntil("01-01 01:59:50")
		h.store.failWith(errors.New("disk error"))
		h.expect("sweep 01-01 01:00:00")
		sleepUntil("01-01 02:00:15")
		h.expect("trouble: export nightly waits: the record of its runs can't be used: disk error", "sweep 01-01 02:00:00")
		h.store.failWith(nil)
		sleepUntil("01-01 02:01:00")
		end()
		h.expect("nightly 01-01 02:00:00")
	})
}

func TestARunThatCannotBeRecordedIsNotRepeatedByTheSameDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		end := h.start(h.runner(job(t, "nightly", "0 2 * * *", func(context.Context, time.Time) error {
			h.store.failWith(errors.New("disk full"))
			return nil
		})))
		sleepUntil("01-01 03:00:00")
		h.store.failWith(nil)
		sleepUntil("01-01 04:00:00")
		end()
		h.expect("nightly 01-01 02:00:00", "trouble: export nightly ran for 2000-01-01T02:00:00Z, which could not be recorded: disk full")
	})
}

func TestAManualRunWaitsForTheRunningJobAndIsNotRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		nightly := job(t, "nightly", "0 2 * * *", takes(time.Hour))
		r := h.runner(nightly)
		end := h.start(r)
		sleepUntil("01-01 02:30:00")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := r.RunNow(ctx, nightly, time.Now()); err != context.DeadlineExceeded {
			t.Errorf("Do gives %v", err)
		}
		by := at("2030-01-01T00:00:00Z")
		if err := r.RunNow(t.Context(), nightly, by); err != nil {
			t.Errorf("Do gives %v", err)
		}
		h.expect("nightly 01-01 02:00:00 took 1h0m0s", "nightly 01-01 00:00:00 took 1h0m0s")
		if slices.ContainsFunc(h.store.kept[nightly.Key()], by.Equal) {
			t.Error("the manual run is in the job store")
		}
		end()
	})
}

func TestAManualRunThatHasStartedGoesOnUntilTheDaemonStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		r := h.runner()
		end := h.start(r)
		asked, hangUp := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, hangUp)
		began := time.Now()
		if err := r.RunNow(asked, job(t, "manual", "@daily", takes(time.Hour)), time.Now()); err != nil || time.Since(began) != time.Hour {
			t.Errorf("Do gives %v after %s", err, time.Since(began))
		}
		time.AfterFunc(time.Minute, func() {
			over, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			r.Stop(over)
		})
		if err := r.RunNow(t.Context(), job(t, "manual", "@daily", takes(time.Hour)), time.Now()); err != context.Canceled {
			t.Errorf("Do gives %v of what the end cut short", err)
		}
		end()
	})
}

func TestALockThatFailsIsReportedAndRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		h.lock = filepath.Join(h.lock, "is missing")
		r := h.runner(sweep(t, "@every 1h", nothing))
		end := h.start(r)
		time.Sleep(r.maxSleep + time.Second)
		end()
		if events := h.events(); len(events) != 2 || !strings.HasPrefix(events[0], "trouble: lock file ") {
			t.Errorf("it happened: %q", events)
		}
	})
}
