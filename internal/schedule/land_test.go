package schedule

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"winnow/store/sqlite"
)

// land is what outlives daemons: the store's lock and book, what was done, and
// the clock on the wall. Whoever looks at it has its lock; nobody has while they
// wait.
type land struct {
	*house
	mu      sync.Mutex
	random  *rand.Rand
	works   []*work
	daemons []*mortal // that live
	busy    *work
	counts  map[string]int
	calm    bool // nobody dies any more

	setAt, mended time.Time // by the even clock: when the wall's was set, and when the book was mended
	landed        time.Time // the earliest that the clock was set back to
	stirred       time.Time // when something was last under way
	seen          time.Time // up to here all was well
}

// work is one job of a land and what became of its times.
type work struct {
	Job
	times  []time.Time        // by the oracle, in order
	done   map[time.Time]bool // published, or ended with an error
	passed map[time.Time]bool // made up for by a later one
	since  time.Time          // nothing was missed before
}

// reach is how far the clock of a land goes, to either side of its night.
const reach = 20 * 24 * time.Hour

// newLand is two hours before a night in which the clock moves, where there is
// one.
func newLand(t *testing.T, seed uint64) *land {
	l := &land{house: newHouse(t), random: rand.New(rand.NewPCG(seed, 7)), counts: map[string]int{}, calm: true}
	y := years[int(seed)%len(years)]
	zone := load(t, y.zone)
	night := time.Date(y.year, 6, 1, 2, 0, 0, 0, zone)
	if moves := movesOf(zone, time.Date(y.year, 1, 3, 0, 0, 0, 0, zone), time.Date(y.year, 12, 29, 0, 0, 0, 0, zone)); len(moves) > 0 {
		night = moves[l.random.IntN(len(moves))]
	}
	l.ahead.Store(int64(time.Until(night.Add(-2 * time.Hour))))
	names := []string{"*/5 * * * *", "@every 7m", "30 2 * * *", "0 0,1 * * *", "*/20 1 * * *"}
	var faces []face
	for _, text := range names {
		faces = append(faces, readFace(t, text))
	}
	for k, times := range onTheClock(zone, night.UTC().Add(-2*reach), night.UTC().Add(2*reach), faces) {
		job := Job{Kind: Export, Name: names[k], Schedule: parse(t, names[k], y.zone), MakeUp: true}
		l.works = append(l.works, &work{Job: job, times: times, done: map[time.Time]bool{}, passed: map[time.Time]bool{}})
	}
	return l
}

// chance is true once in n times.
func (l *land) chance(n int) bool { return l.random.IntN(n) == 0 }

func (l *land) some(of ...time.Duration) time.Duration { return of[l.random.IntN(len(of))] }

func (l *land) count(what string) { l.counts[what]++ }

func (l *land) pick() *mortal { return l.daemons[l.random.IntN(len(l.daemons))] }

// meanwhile does what waits for others.
func (l *land) meanwhile(do func()) {
	l.mu.Unlock()
	defer l.mu.Lock()
	do()
}

// pass lets time pass.
func (l *land) pass(d time.Duration) {
	l.meanwhile(func() {
		time.Sleep(d)
		synctest.Wait()
	})
}

// holder is the daemon that has the lock; nil when none has.
func (l *land) holder() *mortal {
	i := slices.IndexFunc(l.daemons, func(d *mortal) bool { return d.Holding() })
	if i < 0 {
		return nil
	}
	return l.daemons[i]
}

// set moves the clock on the wall, as far as the land reaches.
func (l *land) set(by time.Duration) {
	before := l.wall()
	if drift := time.Duration(l.ahead.Load()) + by; drift > time.Until(l.works[0].since)+reach && by > 0 {
		by = -by
	}
	l.ahead.Add(int64(by))
	l.setAt = time.Now()
	if by > 0 {
		l.count("set forward")
		return
	}
	l.count("set back")
	for _, d := range l.daemons {
		d.behind = d.behind || l.book.broken != nil // it may not have read the book yet
	}
	if landed := l.wall(); l.landed.IsZero() || landed.Before(l.landed) {
		l.landed = landed
	}
	for _, w := range l.works {
		if last, ok := lastUpTo(w.times, before); ok && last.After(l.wall()) && w.done[last] {
			l.count("set back behind what was done")
			return
		}
	}
}

// mortal is a daemon. Of what it does after its death nothing is seen.
type mortal struct {
	*Runner
	land   *land
	cancel context.CancelFunc
	gone   chan struct{}
	dead   bool
	behind bool // when it took the lock, a time was done that was still to come
}

// start is a new daemon, with a runner and a lock of its own.
func (l *land) start() {
	d := &mortal{land: l, gone: make(chan struct{})}
	d.Runner = NewRunner(bookOf{d}, sqlite.NewLock(l.lock), quiet{}, d.jobs())
	d.now, d.TakeOver = l.wall, d.takesOver
	l.daemons = append(l.daemons, d)
	ctx, cancel := context.WithCancel(l.t.Context())
	d.cancel = cancel
	go func() { defer close(d.gone); d.Run(ctx) }()
	l.pass(0)
}

// jobs are the land's, done by this daemon.
func (d *mortal) jobs() (jobs []Job) {
	for _, w := range d.land.works {
		job := w.Job
		job.Run = func(ctx context.Context, at time.Time) error { return d.do(ctx, w, at) }
		jobs = append(jobs, job)
	}
	return jobs
}

func (d *mortal) takesOver(context.Context) error {
	d.land.mu.Lock()
	defer d.land.mu.Unlock()
	for _, w := range d.land.works {
		for at := range w.done {
			d.behind = d.behind || at.After(d.land.wall())
		}
	}
	if len(d.land.daemons) > 1 || len(d.land.book.kept) > 0 {
		d.land.count("taken over")
	}
	return nil
}

// finish ends the daemon and waits for it.
func (d *mortal) finish() {
	if !d.dead && d.Holding() && d.land.busy != nil {
		d.land.count("stopped in a job")
	}
	d.cancel()
	d.land.meanwhile(func() { <-d.gone })
	d.land.daemons = slices.DeleteFunc(d.land.daemons, func(o *mortal) bool { return o == d })
}

// kill ends the process where it stands, and the kernel frees its lock.
func (d *mortal) kill() {
	if d.Holding() && d.land.busy != nil {
		d.land.count("killed in a job")
	} else {
		d.land.count("killed idle")
	}
	d.dead = true
	d.finish()
}

// killHere is kill for what the daemon itself is doing.
func (d *mortal) killHere(where string) error {
	d.land.count("killed " + where + " it was kept")
	d.dead = true
	d.cancel()
	d.land.daemons = slices.DeleteFunc(d.land.daemons, func(o *mortal) bool { return o == d })
	return errDead
}

var errDead = errors.New("the process is dead")

// bookOf is the land's book in the hands of a daemon that may die writing.
type bookOf struct{ *mortal }

func (b bookOf) Last(ctx context.Context, job string, until time.Time) (time.Time, error) {
	b.land.mu.Lock()
	defer b.land.mu.Unlock()
	if b.dead {
		return time.Time{}, errDead
	}
	return b.land.book.Last(ctx, job, until)
}

func (b bookOf) Keep(ctx context.Context, job string, at time.Time) error {
	b.land.mu.Lock()
	defer b.land.mu.Unlock()
	switch {
	case b.dead:
		return errDead
	case !b.land.calm && b.land.chance(60):
		return b.killHere("before")
	}
	err := b.land.book.Keep(ctx, job, at)
	if !b.land.calm && b.land.chance(60) {
		return cmp.Or(err, b.killHere("after"))
	}
	return err
}

// quiet observes nothing.
type quiet struct{}

func (quiet) Started(Job, time.Time)                        {}
func (quiet) Finished(Job, time.Time, time.Duration, error) {}
func (quiet) Skipped(Job, time.Time, time.Time)             {}
func (quiet) Troubled(error)                                {}
