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

// simulation is what outlives daemons: the lock, the job store, what was done, and
// the wall clock. All access holds mu, except while waiting.
type simulation struct {
	*harness
	mu      sync.Mutex
	random  *rand.Rand
	jobs    []*simJob
	daemons []*simDaemon // the living
	busy    *simJob
	counts  map[string]int
	calm    bool // no daemon dies any more

	setAt, repairedAt time.Time // by the monotonic clock: when the wall clock was set, and when the job store was repaired
	earliestSet       time.Time // the earliest time that the clock was set back to
	lastActivity      time.Time // when a job last ran
	seen              time.Time // up to here everything was checked
}

// simJob is one job of a simulation and what became of its times.
type simJob struct {
	Job
	times  []time.Time        // by the oracle, in order
	done   map[time.Time]bool // published, or ended with an error
	passed map[time.Time]bool // caught up on by a later one
	failed map[time.Time]bool // not done yet, to be tried again
	since  time.Time          // nothing was missed before
}

// reach is how far the clock may be set to either side of the night.
const reach = 20 * 24 * time.Hour

// newSimulation starts two hours before a night in which the clock changes, if the
// zone has one.
func newSimulation(t *testing.T, seed uint64) *simulation {
	l := &simulation{harness: newHarness(t), random: rand.New(rand.NewPCG(seed, 7)), counts: map[string]int{}, calm: true}
	y := years[int(seed)%len(years)]
	zone := load(t, y.zone)
	night := time.Date(y.year, 6, 1, 2, 0, 0, 0, zone)
	if moves := movesOf(zone, time.Date(y.year, 1, 3, 0, 0, 0, 0, zone), time.Date(y.year, 12, 29, 0, 0, 0, 0, zone)); len(moves) > 0 {
		night = moves[l.random.IntN(len(moves))]
	}
	l.clockOffset.Store(int64(time.Until(night.Add(-2 * time.Hour))))
	names := []string{"*/5 * * * *", "@every 7m", "30 2 * * *", "0 0,1 * * *", "*/20 1 * * *"}
	var oracles []oracle
	for _, text := range names {
		oracles = append(oracles, readOracle(t, text))
	}
	for k, times := range oracleTimes(zone, night.UTC().Add(-2*reach), night.UTC().Add(2*reach), oracles) {
		job := Job{Kind: Export, Name: names[k], Schedule: parse(t, names[k], y.zone), CatchUp: true}
		l.jobs = append(l.jobs, &simJob{Job: job, times: times, done: map[time.Time]bool{}, passed: map[time.Time]bool{}, failed: map[time.Time]bool{}})
	}
	return l
}

// chance is true once in n times.
func (l *simulation) chance(n int) bool { return l.random.IntN(n) == 0 }

func (l *simulation) oneOf(of ...time.Duration) time.Duration { return of[l.random.IntN(len(of))] }

func (l *simulation) count(what string) { l.counts[what]++ }

func (l *simulation) randomDaemon() *simDaemon { return l.daemons[l.random.IntN(len(l.daemons))] }

// unlocked calls do, which waits for others, without holding mu.
func (l *simulation) unlocked(do func()) {
	l.mu.Unlock()
	defer l.mu.Lock()
	do()
}

// advance lets time pass.
func (l *simulation) advance(d time.Duration) {
	l.unlocked(func() {
		time.Sleep(d)
		synctest.Wait()
	})
}

// holder is the daemon that has the lock; nil when none has.
func (l *simulation) holder() *simDaemon {
	i := slices.IndexFunc(l.daemons, func(d *simDaemon) bool { return d.HoldsLock() })
	if i < 0 {
		return nil
	}
	return l.daemons[i]
}

// set moves the wall clock, within reach.
func (l *simulation) set(by time.Duration) {
	before := l.wallNow()
	if drift := time.Duration(l.clockOffset.Load()) + by; drift > time.Until(l.jobs[0].since)+reach && by > 0 {
		by = -by
	}
	l.clockOffset.Add(int64(by))
	l.setAt = time.Now()
	if by > 0 {
		l.count("set forward")
		return
	}
	l.count("set back")
	for _, d := range l.daemons {
		d.behind = d.behind || l.store.broken != nil // it may not have read the job store yet
	}
	if landed := l.wallNow(); l.earliestSet.IsZero() || landed.Before(l.earliestSet) {
		l.earliestSet = landed
	}
	for _, w := range l.jobs {
		if last, ok := lastUpTo(w.times, before); ok && last.After(l.wallNow()) && w.done[last] {
			l.count("set back behind what was done")
			return
		}
	}
}

// simDaemon is a daemon. What it does after its death has no effect.
type simDaemon struct {
	*Runner
	sim    *simulation
	cancel context.CancelFunc
	gone   chan struct{}
	dead   bool
	behind bool // when it took the lock, a time was done that was still to come
}

// start starts a daemon with a runner and a lock of its own.
func (l *simulation) start() {
	d := &simDaemon{sim: l, gone: make(chan struct{})}
	d.Runner = NewRunner(mortalStore{d}, sqlite.NewLock(l.lock), quiet{}, d.jobs())
	d.now, d.OnLock = l.wallNow, d.afterLock
	l.daemons = append(l.daemons, d)
	ctx, cancel := context.WithCancel(l.t.Context())
	d.cancel = cancel
	go func() { defer close(d.gone); d.Run(ctx) }()
	l.advance(0)
}

// jobs are the simulation's jobs, run by this daemon.
func (d *simDaemon) jobs() (jobs []Job) {
	for _, w := range d.sim.jobs {
		job := w.Job
		job.Run = func(ctx context.Context, at time.Time) error { return d.do(ctx, w, at) }
		jobs = append(jobs, job)
	}
	return jobs
}

func (d *simDaemon) afterLock(context.Context) error {
	d.sim.mu.Lock()
	defer d.sim.mu.Unlock()
	for _, w := range d.sim.jobs {
		for at := range w.done {
			d.behind = d.behind || at.After(d.sim.wallNow())
		}
	}
	if len(d.sim.daemons) > 1 || len(d.sim.store.kept) > 0 {
		d.sim.count("taken over")
	}
	return nil
}

// finish ends the daemon and waits for it.
func (d *simDaemon) finish() {
	if !d.dead && d.HoldsLock() && d.sim.busy != nil {
		d.sim.count("stopped in a job")
	}
	d.cancel()
	d.sim.unlocked(func() { <-d.gone })
	d.sim.daemons = slices.DeleteFunc(d.sim.daemons, func(o *simDaemon) bool { return o == d })
}

// kill ends the process where it is; the kernel frees its lock.
func (d *simDaemon) kill() {
	if d.HoldsLock() && d.sim.busy != nil {
		d.sim.count("killed in a job")
	} else {
		d.sim.count("killed idle")
	}
	d.dead = true
	d.finish()
}

// killHere is kill called from what the daemon itself is doing.
func (d *simDaemon) killHere(where string) error {
	d.sim.count("killed " + where + " it was kept")
	d.dead = true
	d.cancel()
	d.sim.daemons = slices.DeleteFunc(d.sim.daemons, func(o *simDaemon) bool { return o == d })
	return errDead
}

var errDead = errors.New("the process is dead")

// mortalStore is the simulation's job store, used by a daemon that may die writing.
type mortalStore struct{ *simDaemon }

func (b mortalStore) LastJobTime(ctx context.Context, job string, until time.Time) (time.Time, error) {
	b.sim.mu.Lock()
	defer b.sim.mu.Unlock()
	if b.dead {
		return time.Time{}, errDead
	}
	return b.sim.store.LastJobTime(ctx, job, until)
}

func (b mortalStore) RecordJobTime(ctx context.Context, job string, at time.Time) error {
	b.sim.mu.Lock()
	defer b.sim.mu.Unlock()
	switch {
	case b.dead:
		return errDead
	case !b.sim.calm && b.sim.chance(60):
		return b.killHere("before")
	}
	err := b.sim.store.RecordJobTime(ctx, job, at)
	if !b.sim.calm && b.sim.chance(60) {
		return cmp.Or(err, b.killHere("after"))
	}
	return err
}

// quiet is an observer that ignores everything.
type quiet struct{}

func (quiet) JobStarted(Job, time.Time) {}

func (quiet) JobFinished(Job, time.Time, time.Duration, error) {}

func (quiet) RetryScheduled(Job, time.Time, int, time.Time) {}

func (quiet) TimesSkipped(Job, time.Time, time.Time) {}

func (quiet) SchedulerError(error) {}
