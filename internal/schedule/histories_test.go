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

// Random histories, each of some hours around a move of the clock. What holds in
// all of them:
//
//   - No two jobs run at one time, whichever daemons there are.
//   - What begins to run is the latest scheduled time, by the clock on the wall,
//     and is not in the book.
//   - A scheduled time is done once.
//   - Whenever a daemon has the lock and nothing to do, the latest scheduled time
//     is done. So a time is passed over only while nobody was there or another
//     job ran, and the latest makes up for it.
//   - What has been made up for is not run because the clock is set back, only if
//     the clock comes to it again.
func TestRandomHistories(t *testing.T) {
	total := map[string]int{}
	for seed := range *histories {
		synctest.Test(t, func(t *testing.T) {
			l := newLand(t, uint64(seed))
			l.live(6 * time.Hour)
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
		"set forward": 50, "set back": 50, "set back behind what was done": 30, "book broken": 30, "reloaded": 50,
	} {
		if total[what]*24 < least**histories {
			t.Errorf("%q happened only %d times: this proved too little", what, total[what])
		}
	}
}

// live lets things happen for a while, and at last lets a daemon alone.
func (l *land) live(span time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.works {
		w.since = l.wall() // nothing is missed before the first daemon starts
	}
	l.start()
	l.calm = false
	for end := time.Now().Add(span); time.Now().Before(end) && !l.t.Failed(); {
		l.pass(19_973 * time.Millisecond) // never at the instant at which a daemon looks
		l.check()
		l.happen()
	}
	for len(l.daemons) > 0 {
		l.daemons[0].finish()
	}
	l.book.breakWith(nil)
	l.mended, l.calm = time.Now(), true
	l.start()
	for l.pass(time.Hour); l.busy != nil; {
		l.pass(time.Second)
	}
	l.check()
	l.daemons[0].finish()
	l.tally()
}

// happen lets one thing happen, mostly none.
func (l *land) happen() {
	switch n := l.random.IntN(500); {
	case len(l.daemons) == 0:
		if n < 50 {
			l.start()
		}
	case n < 12 && len(l.daemons) == 1:
		l.start()
	case n < 22:
		l.pick().kill()
	case n < 42 && l.busy != nil:
		l.holder().kill()
	case n < 48:
		l.pick().finish()
	case n < 56:
		l.set(-l.some(time.Minute, 11*time.Minute, time.Hour, 24*time.Hour))
	case n < 64:
		l.set(l.some(time.Minute, 11*time.Minute, time.Hour, 72*time.Hour))
	case n < 69:
		l.count("book broken")
		l.book.breakWith(errors.New("disk full"))
	case n < 90:
		l.book.breakWith(nil)
		l.mended = time.Now()
	case n < 96:
		l.count("reloaded")
		d := l.pick()
		d.Replace(d.jobs())
	}
}

// check demands that a daemon with nothing to do has nothing left to do. What
// was set or broken just now it may not have noticed yet.
func (l *land) check() {
	now, unnoticed := l.wall(), rearmAfter+time.Second
	if l.holder() == nil || l.busy != nil || l.book.broken != nil || time.Since(l.setAt) < unnoticed || time.Since(l.mended) < unnoticed {
		l.stirred = now
		return
	}
	for _, w := range l.works {
		last, ok := lastUpTo(w.times, now)
		if ok && last.After(w.since) && !w.done[last] && !(w.passed[last] && l.overdue(w, last)) {
			l.t.Errorf("at %s nothing runs, and %q is not done for %s", now, w.Name, last)
		}
	}
	if now.After(l.seen) {
		l.seen = now
	}
}

// overdue tells whether the clock came to that time while something else was
// under way, or was set back to a moment after it.
func (l *land) overdue(w *work, at time.Time) bool {
	mark, err := l.book.Last(l.t.Context(), w.Key(), l.wall())
	return err != nil || !at.After(l.stirred) || !mark.Before(at)
}

// tally demands that no time was forgotten.
func (l *land) tally() {
	for _, w := range l.works {
		for _, at := range w.times {
			if at.After(w.since) && !at.After(l.seen) && !w.done[at] && !w.passed[at] {
				l.t.Errorf("%q was never done for %s, and nothing made up for it", w.Name, at)
			}
		}
	}
}

// begins judges what a daemon does now.
func (l *land) begins(d *mortal, w *work, at time.Time) {
	now := l.wall()
	if l.busy != nil {
		l.t.Errorf("%q and %q run at one time", l.busy.Name, w.Name)
	}
	if !d.Holding() || d.dead {
		l.t.Errorf("%q is run by one who does not hold the lock", w.Name)
	}
	if last, ok := lastUpTo(w.times, now); !ok || !last.Equal(at) {
		l.t.Errorf("at %s %q runs for %s; the latest is %s", now, w.Name, at, last)
	}
	if slices.ContainsFunc(l.book.kept[w.Key()], at.Equal) {
		l.t.Errorf("%q runs for %s, which is in the book", w.Name, at)
	}
	if w.passed[at] && !at.After(l.landed) && !d.behind {
		l.t.Errorf("at %s %q runs for %s, for which another was made up, after the clock was set back to %s", now, w.Name, at, l.landed)
	}
}

// passOver enters what the run of a time has made up for.
func (l *land) passOver(w *work, at time.Time) {
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

// do is the job. Like an export it finds what it has done before.
func (d *mortal) do(ctx context.Context, w *work, at time.Time) error {
	l := d.land
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begins(d, w, at)
	if w.done[at] {
		l.count("found done")
		l.passOver(w, at)
		return nil
	}
	took := l.some(3*time.Second, 20*time.Second, time.Minute, 2*time.Minute) + 137*time.Millisecond
	if l.chance(8) {
		took *= 9
	}
	if next, ok := firstAfter(w.times, at); ok && l.wall().Add(took).After(next) {
		l.count("longer than its interval")
	}
	l.busy = w
	defer func() { l.busy, l.stirred = nil, l.wall() }()
	var err error
	l.meanwhile(func() { err = takes(took)(ctx, at) })
	if err != nil {
		return err
	}
	if w.done[at] {
		l.t.Errorf("%q is done twice for %s", w.Name, at)
	}
	w.done[at] = true
	l.passOver(w, at)
	l.count("done")
	if l.chance(8) {
		l.count("failed")
		return errors.New("disk full")
	}
	return nil
}
