package schedule

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// failing is a job that meets a full disk that many times.
func failing(failures int) func(context.Context, time.Time) error {
	return func(context.Context, time.Time) error {
		if failures--; failures >= 0 {
			return &RetryError{errors.New("disk full")}
		}
		return nil
	}
}

func TestATimeThatFailsIsTriedAgainWithGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		end := h.start(h.runner(job(t, "nightly", "0 2 * * *", failing(4))))
		sleepUntil("01-02 03:00:00")
		end()
		h.expect("nightly 01-01 02:00:00: disk full", "nightly 01-01 02:00:00 failed 1 times, again at 01-01 02:00:10",
			"nightly 01-01 02:00:00: disk full", "nightly 01-01 02:00:00 failed 2 times, again at 01-01 02:00:30",
			"nightly 01-01 02:00:00: disk full", "nightly 01-01 02:00:00 failed 3 times, again at 01-01 02:01:10",
			"nightly 01-01 02:00:00: disk full", "nightly 01-01 02:00:00 failed 4 times, again at 01-01 02:02:30",
			"nightly 01-01 02:00:00", "nightly 01-02 02:00:00")
	})
}

func TestATimeIsTriedAgainUntilTheNextIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		tries := map[time.Time]int{}
		var longest, last time.Duration
		start := time.Now()
		end := h.start(h.runner(job(t, "nightly", "0 2 * * *", func(_ context.Context, at time.Time) error {
			if tries[at]++; tries[at] > 1 {
				longest = max(longest, time.Since(start)-last)
			}
			last = time.Since(start)
			return &RetryError{errors.New("disk full")}
		})))
		sleepUntil("01-02 03:00:00")
		end()
		first, second := tries[at("2000-01-01T02:00:00Z")], tries[at("2000-01-02T02:00:00Z")]
		if first < 50 || first > 60 || second < 8 || longest != longestPause {
			t.Errorf("%d tries of the first night and %d of the second, the longest pause %s", first, second, longest)
		}
	})
}

func TestAFailedTimeIsTriedAgainAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		run := failing(2)
		end := h.start(h.runner(job(t, "nightly", "0 2 * * *", run)))
		sleepUntil("01-01 02:00:05")
		end()
		h.events()
		sleepUntil("01-01 02:10:00")
		end = h.start(h.runner(job(t, "nightly", "0 2 * * *", run)))
		h.expect("nightly 01-01 02:00:00: disk full", "nightly 01-01 02:00:00 failed 1 times, again at 01-01 02:10:10")
		sleepUntil("01-01 03:00:00")
		end()
		h.expect("nightly 01-01 02:00:00")
		h.start(h.runner(job(t, "nightly", "0 2 * * *", run)))()
		h.expect()
	})
}

// Another error, or success, is the end of the time.
func TestATimeThatFailsInAnotherWayIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		errs := []error{&RetryError{errors.New("disk full")}, errors.New("held")}
		end := h.start(h.runner(job(t, "nightly", "0 2 * * *", func(context.Context, time.Time) error {
			err := errs[0]
			errs = errs[1:]
			return err
		})))
		sleepUntil("01-01 20:00:00")
		end()
		h.expect("nightly 01-01 02:00:00: disk full", "nightly 01-01 02:00:00 failed 1 times, again at 01-01 02:00:10", "nightly 01-01 02:00:00: held")
	})
}

func TestAReloadKeepsWhatIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		run := failing(1)
		r := h.runner(job(t, "nightly", "0 2 * * *", run))
		end := h.start(r)
		sleepUntil("01-01 02:00:05")
		r.SetJobs([]Job{job(t, "nightly", "0 2 * * *", run), job(t, "other", "0 5 * * *", nothing)})
		sleepUntil("01-01 03:00:00")
		end()
		h.expect("nightly 01-01 02:00:00: disk full", "nightly 01-01 02:00:00 failed 1 times, again at 01-01 02:00:10", "nightly 01-01 02:00:00")
	})
}

// A clock that is set back, by minutes or by days, neither delays a retry for long nor
// makes a night twice.
func TestAClockSetBackWhileATimeIsTriedAgainRepeatsNothing(t *testing.T) {
	for _, back := range []time.Duration{time.Minute, 3 * time.Hour, 9 * 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t)
			done := 0
			run := failing(3)
			end := h.start(h.runner(job(t, "nightly", "0 2 * * *", func(ctx context.Context, at time.Time) error {
				err := run(ctx, at)
				if err == nil && at.Day() == 1 {
					done++
				}
				return err
			})))
			sleepUntil("01-01 02:00:35")
			h.clockOffset.Store(-int64(back))
			time.Sleep(23 * time.Hour)
			end()
			if done != 1 && back < 24*time.Hour || done > 1 {
				t.Errorf("set back by %s, the night is made %d times: %q", back, done, h.events())
			}
		})
	}
}

// Other jobs run while one is tried again.
func TestOtherJobsRunBetweenTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		end := h.start(h.runner(job(t, "nightly", "0 2 * * *", failing(1)), sweep(t, "@every 5s", nothing)))
		sleepUntil("01-01 02:00:12")
		end()
		events := h.events()
		i := slices.Index(events, "nightly 01-01 02:00:00: disk full")
		if want := []string{"nightly 01-01 02:00:00: disk full", "nightly 01-01 02:00:00 failed 1 times, again at 01-01 02:00:10", "sweep 01-01 02:00:00", "sweep 01-01 02:00:05"}; i < 0 || !slices.Equal(events[i:i+4], want) {
			t.Errorf("it happened %q", events[max(i, 0):])
		}
	})
}

// brokenLock can't be made for a while, as on a full disk.
type brokenLock struct {
	Lock
	broken atomic.Bool
}

func (l *brokenLock) TryLock() (bool, error) {
	if l.broken.Load() {
		return false, errors.New("no space left on device")
	}
	return l.Lock.TryLock()
}

func TestJobsBeginAsSoonAsTheLockCanBeMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		r := h.runner(sweep(t, "@every 1s", nothing))
		r.maxSleep = defaultMaxSleep
		lock := &brokenLock{Lock: r.lock}
		lock.broken.Store(true)
		r.lock = lock
		end := h.start(r)
		time.Sleep(75 * time.Second)
		synctest.Wait()
		lock.broken.Store(false)
		h.expect("trouble: no space left on device", "trouble: no space left on device", "trouble: no space left on device")
		time.Sleep(pollEvery + time.Second)
		if events := h.events(); len(events) == 0 {
			t.Error("no job runs after the lock could be made")
		}
		end()
	})
}
