package schedule

import (
	"context"
	"errors"
	"flag"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

var histories = flag.Int("histories", 13, "random histories of daemons that start, stop and are killed, and of a clock that is set")

// Random histories, each of some hours around a change of the clock. In all of
// them:
//
//   - No two jobs run at one time, whichever daemons there are.
//   - A run that starts is for the latest scheduled time, by the wall clock, and
//     that time is not in the job store.
//   - A scheduled time is done once.
//   - Whenever a daemon has the lock and nothing to do, the latest scheduled time
//     is done, or is tried again later. So a time is skipped only while no daemon or another job ran, and
//     the latest catches up on it.
//   - A time that was caught up on is not run because the clock is set back, only
//     if the clock reaches it again.
func TestRandomHistories(t *testing.T) {
	total := map[string]int{}
	if testing.Short() { // under the race detector
		*histories = min(*histories, 5)
	}
	for seed := range *histories {
		synctest.Test(t, func(t *testing.T) {
			l := newSimulation(t, uint64(seed))
			l.run(6 * time.Hour)
			for what, n := range l.counts {
				total[what] += n
			}
		})
		if t.Failed() {
			t.Fatalf("it was history %d", seed)
		}
	}
	t.Logf("%d histories: %v", *histories, total)
	for what, least := range map[string]int{
		"done": 2000, "failed": 200, "made up": 200, "passed over": 5000, "longer than its interval": 150, "found done": 8, "taken over": 300,
		"killed in a job": 100, "killed before it was kept": 15, "killed after it was kept": 15, "killed idle": 50, "stopped in a job": 20,
		"set forward": 50, "set back": 50, "set back behind what was done": 30, "job store broken": 30, "reloaded": 50, "tried again": 200, "done at a later try": 100,
	} {
		if total[what]*24 < least**histories {
			t.Errorf("%q happened only %d times: this proved too little", what, total[what])
		}
	}
}

// run lets things happen for a while, and then leaves one daemon alone.
func (l *simulation) run(span time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.jobs {
		w.since = l.wallNow() // nothing is missed before the first daemon starts
	}
	l.start()
	l.calm = false
	for end := time.Now().Add(span); time.Now().Before(end) && !l.t.Failed(); {
		l.advance(19_973 * time.Millisecond) // never at the instant at which a daemon looks at the clock
		l.checkIdle()
		l.randomEvent()
	}
	for len(l.daemons) > 0 {
		l.daemons[0].finish()
	}
	l.store.failWith(nil)
	l.repairedAt, l.calm = time.Now(), true
	l.start()
	for l.advance(time.Hour); l.busy != nil; {
		l.advance(time.Second)
	}
	l.checkIdle()
	l.daemons[0].finish()
	l.checkAllDone()
}

// randomEvent lets one thing happen, or mostly none.
func (l *simulation) randomEvent() {
	switch n := l.random.IntN(500); {
	case len(l.daemons) == 0:
		if n < 50 {
			l.start()
		}
	case n < 12 && len(l.daemons) == 1:
		l.start()
	case n < 22:
		l.randomDaemon().kill()
	case n < 42 && l.busy != nil:
		l.holder().kill()
	case n < 48:
		l.randomDaemon().finish()
	case n < 56:
		l.set(-l.oneOf(time.Minute, 11*time.Minute, time.Hour, 24*time.Hour))
	case n < 64:
		l.set(l.oneOf(time.Minute, 11*time.Minute, time.Hour, 72*time.Hour))
	case n < 69:
		l.count("job store broken")
		l.store.failWith(errors.New("disk full"))
	case n < 90:
		l.store.failWith(nil)
		l.repairedAt = time.Now()
	case n < 96:
		l.count("reloaded")
		d := l.randomDaemon()
		d.SetJobs(d.jobs())
	}
}

// checkIdle checks that a daemon that runs nothing has nothing left to run. It may
// not have noticed yet what was set or broken just now.
func (l *simulation) checkIdle() {
	now, unnoticed := l.wallNow(), defaultMaxSleep+time.Second
	if l.holder() == nil || l.busy != nil || l.store.broken != nil || time.Since(l.setAt) < unnoticed || time.Since(l.repairedAt) < unnoticed {
		l.lastActivity = now
		return
	}
	for _, w := range l.jobs {
		last, ok := lastUpTo(w.times, now)
		if ok && last.After(w.since) && !w.done[last] && !w.failed[last] && !(w.passed[last] && l.overdue(w, last)) {
			l.t.Errorf("at %s nothing runs, and %q is not done for %s", now, w.Name, last)
		}
	}
	if now.After(l.seen) {
		l.seen = now
	}
}

// overdue reports whether the clock reached that time while another job ran, or
// was set back to a moment after it.
func (l *simulation) overdue(w *simJob, at time.Time) bool {
	mark, err := l.store.LastJobTime(l.t.Context(), w.Key(), l.wallNow())
	return err != nil || !at.After(l.lastActivity) || !mark.Before(at)
}

// checkAllDone checks that no time was forgotten.
func (l *simulation) checkAllDone() {
	for _, w := range l.jobs {
		for _, at := range w.times {
			comesAgain := w.failed[at] && at.After(l.wallNow()) // the clock was set back while it was tried
			if at.After(w.since) && !at.After(l.seen) && !w.done[at] && !w.passed[at] && !comesAgain {
				l.t.Errorf("%q was never done for %s, and nothing made up for it", w.Name, at)
			}
		}
	}
}

// checkStart checks the run that a daemon starts now.
func (l *simulation) checkStart(d *simDaemon, w *simJob, at time.Time) {
	now := l.wallNow()
	if l.busy != nil {
		l.t.Errorf("%q and %q run at one time", l.busy.Name, w.Name)
	}
	if !d.HoldsLock() || d.dead {
		l.t.Errorf("%q is run by one who does not hold the lock", w.Name)
	}
	if last, ok := lastUpTo(w.times, now); !ok || !last.Equal(at) {
		l.t.Errorf("at %s %q runs for %s; the latest is %s", now, w.Name, at, last)
	}
	if slices.ContainsFunc(l.store.kept[w.Key()], at.Equal) {
		l.t.Errorf("%q runs for %s, which is in the job store", w.Name, at)
	}
	if w.passed[at] && !at.After(l.earliestSet) && !d.behind {
		l.t.Errorf("at %s %q runs for %s, for which another was made up, after the clock was set back to %s", now, w.Name, at, l.earliestSet)
	}
}

// markPassed records what the run of a time has caught up on.
func (l *simulation) markPassed(w *simJob, at time.Time) {
	until, _ := slices.BinarySearchFunc(w.times, at, time.Time.Compare)
	late := false
	for _, missed := range slices.Backward(w.times[:until]) {
		if !missed.After(w.since) || w.done[missed] || w.passed[missed] {
			break
		}
		w.passed[missed], late = true, true
		l.count("passed over")
	}
	if late {
		l.count("made up")
	}
}

// do is the job. Like an export it notices what it has done before.
func (d *simDaemon) do(ctx context.Context, w *simJob, at time.Time) error {
	l := d.sim
	l.mu.Lock()
	defer l.mu.Unlock()
	l.checkStart(d, w, at)
	if w.done[at] {
		l.count("found done")
		l.markPassed(w, at)
		return nil
	}
	took := l.oneOf(3*time.Second, 20*time.Second, time.Minute, 2*time.Minute) + 137*time.Millisecond
	if l.chance(8) {
		took *= 9
	}
	if next, ok := firstAfter(w.times, at); ok && l.wallNow().Add(took).After(next) {
		l.count("longer than its interval")
	}
	l.busy = w
	defer func() { l.busy, l.lastActivity = nil, l.wallNow() }()
	var err error
	l.unlocked(func() { err = takes(took)(ctx, at) })
	if err != nil {
		return err
	}
	if !l.calm && l.chance(8) {
		l.count("tried again")
		w.failed[at] = true
		return &RetryError{errors.New("disk full")}
	}
	if w.done[at] {
		l.t.Errorf("%q is done twice for %s", w.Name, at)
	}
	w.done[at] = true
	l.markPassed(w, at)
	l.count("done")
	if w.failed[at] {
		l.count("done at a later try")
	}
	if l.chance(8) {
		l.count("failed")
		return errors.New("disk full")
	}
	return nil
}
