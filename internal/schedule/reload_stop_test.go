package schedule

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestReplaceTakesEffectAfterWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		r := h.runner(job(t, "old", "0 2 * * *", takes(time.Hour)), job(t, "gone", "0 3 * * *", nothing))
		end := h.start(r)
		sleepUntil("01-01 02:30:00")
		r.SetJobs([]Job{job(t, "new", "45 2 * * *", nothing), job(t, "soon", "0 * * * *", nothing)})
		sleepUntil("01-01 03:30:00")
		h.expect("old 01-01 02:00:00 took 1h0m0s")
		sleepUntil("01-01 04:30:00")
		end()
		h.expect("soon 01-01 04:00:00")
	})
}

func TestAReloadCatchesUpOnNothingAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		long := job(t, "long", "55 9 * * *", takes(30*time.Minute))
		r := h.runner(long, job(t, "same", "0 10 * * *", nothing), job(t, "edited", "0 20 * * *", nothing))
		end := h.start(r)
		sleepUntil("01-01 10:10:00") // same is due and waits for long
		r.SetJobs([]Job{long, job(t, "same", "0 10 * * *", nothing), job(t, "edited", "0 9 * * *", nothing), job(t, "added", "0 8 * * *", nothing)})
		sleepUntil("01-01 11:00:00")
		end()
		h.expect("long 01-01 09:55:00 took 30m0s", "same 01-01 10:00:00")
		// Nor does the next start catch up on what was not configured then.
		h.start(h.runner(job(t, "edited", "0 9 * * *", nothing), job(t, "added", "0 8 * * *", nothing)))()
		h.expect()
		sleepUntil("01-02 08:30:00")
		h.start(h.runner(job(t, "edited", "0 9 * * *", nothing), job(t, "added", "0 8 * * *", nothing)))()
		h.expect("added 01-02 08:00:00")
	})
}

func TestANewScheduleTakesEffectWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		r := h.runner()
		r.maxSleep = 24 * time.Hour
		end := h.start(r)
		sleepUntil("01-01 01:00:00")
		r.SetJobs([]Job{job(t, "soon", "@every 1m", nothing)})
		sleepUntil("01-01 01:01:30")
		end()
		h.expect("soon 01-01 01:01:00")
	})
}

func TestStopWaitsForTheRunningJobAndStartsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		r := h.runner(job(t, "nightly", "0 2 * * *", takes(time.Hour)), job(t, "next", "0 2 * * *", nothing))
		h.start(r)
		sleepUntil("01-01 02:30:00")
		if err := r.Stop(t.Context()); err != nil {
			t.Errorf("Stop gives %v", err)
		}
		if now := time.Now().UTC().Format(short); now != "01-01 03:00:00" {
			t.Errorf("Stop returned at %s", now)
		}
		h.expect("nightly 01-01 02:00:00 took 1h0m0s")
		if err := r.RunNow(t.Context(), job(t, "manual", "@daily", nothing), time.Now()); err != ErrStopped {
			t.Errorf("Do gives %v", err)
		}
		if err := r.Stop(t.Context()); err != nil {
			t.Errorf("the second Stop gives %v", err)
		}
		if r.HoldsLock() {
			t.Error("the lock is still held")
		}
		h.start(h.runner(job(t, "nightly", "0 2 * * *", nothing), job(t, "next", "0 2 * * *", nothing)))()
		h.expect("next 01-01 02:00:00")
	})
}

func TestAnInterruptedRunIsCaughtUpOn(t *testing.T) {
	for name, cut := range map[string]func(t *testing.T, r *Runner, end func()){
		"by the end of the daemon": func(t *testing.T, r *Runner, end func()) { end() },
		"by a stop out of patience": func(t *testing.T, r *Runner, end func()) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := r.Stop(ctx); err != context.DeadlineExceeded {
				t.Errorf("Stop gives %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t)
				r := h.runner(job(t, "nightly", "0 2 * * *", takes(time.Hour)))
				end := h.start(r)
				sleepUntil("01-01 02:30:00")
				cut(t, r, end)
				h.expect("nightly 01-01 02:00:00: context canceled")
				h.start(h.runner(job(t, "nightly", "0 2 * * *", nothing)))()
				h.expect("nightly 01-01 02:00:00")
			})
		})
	}
}

// A job that succeeds although its context has ended counts as done.
func TestAJobThatFinishesWhileTheDaemonEndsIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		stubborn := job(t, "nightly", "0 2 * * *", func(context.Context, time.Time) error { time.Sleep(time.Hour); return nil })
		end := h.start(h.runner(stubborn))
		sleepUntil("01-01 02:30:00")
		end()
		h.start(h.runner(stubborn))()
		h.expect("nightly 01-01 02:00:00 took 1h0m0s")
	})
}
