package schedule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// rearmAfter is the longest sleep. A timer counts what the machine was awake for
// and knows nothing of a clock that is set; looking at the clock again this often
// bounds how late a job is after either.
const rearmAfter = 30 * time.Second

// Book remembers up to which time each job has been seen to. It outlives the
// daemon. It is not the list of runs: a run by hand has no place in it, and a
// time may be kept for which nothing ran.
type Book interface {
	// Last is the latest time kept for the job that is not later than until;
	// the zero time if there is none. Times later than until are there when the
	// clock has been set back; they must not be lost, so that their runs do not
	// happen again when the clock comes to them.
	Last(ctx context.Context, job string, until time.Time) (time.Time, error)

	// Keep adds a time for the job, durably. Keeping a time twice is keeping it
	// once. All but some hundred latest of a job may be forgotten.
	Keep(ctx context.Context, job string, at time.Time) error
}

// Observer is told what the runner does, one call at a time for what it runs; a
// call should return soon.
type Observer interface {
	Started(job Job, scheduled time.Time)
	// Finished has the job's error, a [*Panic] if it panicked.
	Finished(job Job, scheduled time.Time, took time.Duration, err error)
	// Skipped tells that scheduled is run now and that the job's times from
	// first on before it will not be.
	Skipped(job Job, first, scheduled time.Time)
	// Troubled tells what keeps jobs from running or from being kept: the book
	// or the lock. The runner goes on and tries again.
	Troubled(err error)
}

// Panic is the error of a job that panicked.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// ErrStopped is what [Runner.Do] gives when the runner is to begin nothing more.
var ErrStopped = errors.New("the schedule has stopped: try again when winnow has started anew")

// Lock is the store's lock for jobs: of several daemons on one store, one holds
// it.
type Lock interface {
	// TryLock takes the lock if it is free, and reports whether it is now held. An
	// error means that it could not be taken at all.
	TryLock() (bool, error)
	// Unlock frees the lock.
	Unlock() error
	// Held reports whether the lock is held, and nothing has taken it away.
	Held() bool
	// String names the lock, for a message to people.
	String() string
}

// pollEvery is how often a runner that waits for the lock tries again.
const pollEvery = 2 * time.Second

// Runner runs the jobs of one daemon, one at a time. Of daemons on one store
// only the one that holds the lock runs any; the others wait for it.
type Runner struct {
	book     Book
	lock     Lock
	observer Observer

	mu      sync.Mutex
	jobs    []Job
	changed bool // jobs have not been taken up yet

	turn     chan struct{} // holds one while a job runs, and for ever after Stop
	wake     chan struct{} // holds one after Replace
	stopping chan struct{} // closed when nothing more may begin
	stopOnce sync.Once
	stopped  chan struct{}   // closed when nothing runs any more
	halt     context.Context // ended when Stop is out of patience
	cancel   context.CancelFunc
	holding  atomic.Bool

	// TakeOver, if set before Run, is done once on taking the lock, before any job.
	TakeOver func(ctx context.Context) error

	now   func() time.Time
	rearm time.Duration
}

// NewRunner is a runner of these jobs. Among those due at one time, the order
// given is the order run.
func NewRunner(book Book, lock Lock, observer Observer, jobs []Job) *Runner {
	r := &Runner{
		book: book, lock: lock, observer: observer, jobs: jobs,
		turn: make(chan struct{}, 1), wake: make(chan struct{}, 1), stopping: make(chan struct{}), stopped: make(chan struct{}),
		now: time.Now, rearm: rearmAfter,
	}
	r.halt, r.cancel = context.WithCancel(context.Background())
	return r
}

// Run waits for the lock, makes up what was missed, and runs the jobs as they
// come due, until ctx ends or [Runner.Stop] is called. When ctx ends, so does that
// of the job that runs, and Run returns after it. It is called once.
func (r *Runner) Run(ctx context.Context) {
	for r.hold(ctx) {
		r.serve(ctx)
		r.release()
	}
}

// serve runs the jobs as long as the lock is held.
func (r *Runner) serve(ctx context.Context) {
	if r.takeTurn(ctx) != nil {
		return
	}
	r.takeOver(ctx)
	<-r.turn
	var tasks []*task
	for r.takeTurn(ctx) == nil {
		tasks = r.takeUp(tasks)
		wait := r.step(ctx, tasks)
		<-r.turn
		if !r.sleep(ctx, wait) {
			return
		}
		if !r.lock.Held() {
			r.observer.Troubled(fmt.Errorf("%s is gone or another: do not remove it while winnow runs", r.lock))
			return
		}
	}
}

func (r *Runner) takeOver(ctx context.Context) {
	if r.TakeOver == nil {
		return
	}
	if err := r.TakeOver(ctx); err != nil {
		r.observer.Troubled(err)
	}
}

// Replace gives the runner other jobs; what runs now runs to its end. A job of
// the same key and schedule goes on where it is; one that is new or has a new
// schedule counts from now. It does not wait.
func (r *Runner) Replace(jobs []Job) {
	r.mu.Lock()
	r.jobs, r.changed = jobs, true
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default: // it is already being woken
	}
}

// Do runs a job for the given time as soon as no other runs, and gives its
// error. It is for runs by hand: the time is not kept in the book, and the lock is
// not needed. The error is that of ctx when that ends first, [ErrStopped] after
// Stop. A job that has begun goes on when ctx ends.
func (r *Runner) Do(ctx context.Context, job Job, scheduled time.Time) error {
	if err := r.takeTurn(ctx); err != nil {
		return err
	}
	defer func() { <-r.turn }()
	return r.perform(context.WithoutCancel(ctx), job, scheduled)
}

// Stop lets nothing more begin and waits for the job that runs. When ctx ends
// first, the job's context ends too, and Stop returns the error of ctx without
// waiting further. What was cut short is made up at the next start.
func (r *Runner) Stop(ctx context.Context) error {
	r.stopOnce.Do(func() { close(r.stopping) })
	select {
	case r.turn <- struct{}{}: // and never given back
		close(r.stopped)
		return nil
	case <-r.stopped: // by an earlier call
		return nil
	case <-ctx.Done():
		r.cancel()
		return ctx.Err()
	}
}

// Holding tells whether this runner holds the lock, that is, runs the jobs.
func (r *Runner) Holding() bool { return r.holding.Load() }

// hold waits for the lock; false when told to end.
func (r *Runner) hold(ctx context.Context) bool {
	for wait := time.Duration(0); r.sleep(ctx, wait); {
		held, err := r.lock.TryLock()
		if held {
			r.holding.Store(true)
			return true
		}
		wait = pollEvery
		if err != nil {
			r.observer.Troubled(err)
			wait = r.rearm
		}
	}
	return false
}

func (r *Runner) release() {
	r.holding.Store(false)
	if err := r.lock.Unlock(); err != nil {
		r.observer.Troubled(err)
	}
}

// takeTurn waits until no job runs, and lets none begin until the turn is given
// back.
func (r *Runner) takeTurn(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
	case <-r.stopping:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	if r.over(ctx) { // which was ready as well
		<-r.turn
		return cmp.Or(ctx.Err(), ErrStopped)
	}
	return nil
}

func (r *Runner) over(ctx context.Context) bool {
	select {
	case <-r.stopping:
		return true
	default:
		return ctx.Err() != nil
	}
}

// sleep waits, at most until it is woken by new jobs; false when told to end.
func (r *Runner) sleep(ctx context.Context, wait time.Duration) bool {
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.wake:
		case <-r.stopping:
		case <-ctx.Done():
		}
	}
	return !r.over(ctx)
}

// perform runs a job and tells the observer.
func (r *Runner) perform(ctx context.Context, job Job, scheduled time.Time) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.halt, cancel)()
	began := time.Now()
	r.observer.Started(job, scheduled)
	err := caught(ctx, job, scheduled)
	r.observer.Finished(job, scheduled, time.Since(began), err)
	return err
}

// caught runs a job; a panic becomes its error.
func caught(ctx context.Context, job Job, scheduled time.Time) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Panic{Value: p, Stack: debug.Stack()}
		}
	}()
	return job.Run(ctx, scheduled)
}
