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

// defaultMaxSleep is the longest time between two looks at the clock. Timers stop
// while the machine sleeps and don't notice that the clock is set, so it bounds
// how late a job is after either.
const defaultMaxSleep = 30 * time.Second

// JobStore records up to which time each job is done. It outlives the daemon. It
// is not the list of runs: a manual run is not in it, and a time may be recorded
// for which nothing ran.
type JobStore interface {
	// LastJobTime returns the latest time recorded for the job that is not later than
	// until; the zero time if there is none. Times later than until exist after the
	// clock was set back. They must not be lost, or their runs would be repeated
	// when the clock reaches them again.
	LastJobTime(ctx context.Context, job string, until time.Time) (time.Time, error)

	// RecordJobTime records a time for the job, durably. Recording a time twice changes
	// nothing. All but the latest few hundred times of a job may be forgotten.
	RecordJobTime(ctx context.Context, job string, at time.Time) error
}

// Observer reports what the runner does. Its methods should return soon. For jobs
// that the runner starts they are called one at a time.
type Observer interface {
	// JobStarted reports that a job starts for a scheduled time.
	JobStarted(job Job, scheduled time.Time)
	// JobFinished reports that it ended, with its error: a [*PanicError] if it panicked.
	JobFinished(job Job, scheduled time.Time, took time.Duration, err error)
	// RetryScheduled reports that a time of the job, which has failed that many times in
	// a row with a [RetryError], is tried again then.
	RetryScheduled(job Job, scheduled time.Time, failures int, at time.Time)
	// TimesSkipped reports that the job runs for scheduled now, and never for its times
	// from first on before that.
	TimesSkipped(job Job, first, scheduled time.Time)
	// SchedulerError reports an error of the job store or the lock, which keeps jobs from
	// running or their times from being recorded. The runner goes on and retries.
	SchedulerError(err error)
}

// PanicError is the error of a job that panicked.
type PanicError struct {
	Value any
	Stack []byte
}

func (p *PanicError) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// ErrStopped is the error of [Runner.RunNow] once the runner starts nothing more.
var ErrStopped = errors.New("the schedule has stopped; try again after winnow has restarted")

// Lock is the store's lock for jobs: of several daemons on one store, one holds it.
type Lock interface {
	// TryLock takes the lock if it is free, and reports whether it is now held. An
	// error means that it could not be taken at all.
	TryLock() (bool, error)
	// Unlock frees the lock.
	Unlock() error
	// Held reports whether the lock is held and nothing has taken it away.
	Held() bool
	// Lost says why the lock, which was taken, is held no more.
	Lost() string
}

// pollEvery is how often a runner that waits for the lock tries again.
const pollEvery = 2 * time.Second

// Runner runs the jobs of one daemon, one at a time. Of several daemons on one
// store only the one that holds the lock runs jobs; the others wait for it.
type Runner struct {
	store    JobStore
	lock     Lock
	observer Observer

	mu      sync.Mutex
	jobs    []Job
	changed bool // SetJobs was called since currentTasks

	slot     chan struct{} // holds one while a job runs, and forever after Stop
	replaced chan struct{} // holds one after SetJobs
	stopping chan struct{} // closed when nothing more may start
	stopOnce sync.Once
	stopped  chan struct{}   // closed when nothing runs any more
	jobsCtx  context.Context // ended when Stop gives up waiting
	cancel   context.CancelFunc
	holding  atomic.Bool

	// OnLock, if set before Run, is called each time the lock is acquired, before
	// any job.
	OnLock func(ctx context.Context) error

	now      func() time.Time
	maxSleep time.Duration
}

// NewRunner returns a runner of these jobs. Jobs due at the same time run in the
// order given.
func NewRunner(store JobStore, lock Lock, observer Observer, jobs []Job) *Runner {
	r := &Runner{
		store: store, lock: lock, observer: observer, jobs: jobs,
		slot: make(chan struct{}, 1), replaced: make(chan struct{}, 1), stopping: make(chan struct{}), stopped: make(chan struct{}),
		now: time.Now, maxSleep: defaultMaxSleep,
	}
	r.jobsCtx, r.cancel = context.WithCancel(context.Background())
	return r
}

// Run waits for the lock, catches up on what was missed, and runs jobs as they
// come due, until ctx ends or [Runner.Stop] is called. When ctx ends, so does the
// context of the job that runs, and Run returns after it. Call it once.
func (r *Runner) Run(ctx context.Context) {
	for r.acquireLock(ctx) {
		r.runJobs(ctx)
		r.releaseLock()
	}
}

// runJobs runs jobs as long as the lock is held.
func (r *Runner) runJobs(ctx context.Context) {
	if r.acquireSlot(ctx) != nil {
		return
	}
	r.takeOver(ctx)
	<-r.slot
	var tasks []*task
	for r.acquireSlot(ctx) == nil {
		tasks = r.currentTasks(tasks)
		wait := r.runNext(ctx, tasks)
		<-r.slot
		if !r.sleep(ctx, wait) {
			return
		}
		if !r.lock.Held() {
			r.observer.SchedulerError(errors.New(r.lock.Lost()))
			return
		}
	}
}

func (r *Runner) takeOver(ctx context.Context) {
	if r.OnLock == nil {
		return
	}
	if err := r.OnLock(ctx); err != nil {
		r.observer.SchedulerError(err)
	}
}

// SetJobs gives the runner other jobs and returns immediately. The job that runs
// now runs to its end. A job of the same key and schedule goes on where it is. A
// job that is new or has a new schedule counts from now.
func (r *Runner) SetJobs(jobs []Job) {
	r.mu.Lock()
	r.jobs, r.changed = jobs, true
	r.mu.Unlock()
	select {
	case r.replaced <- struct{}{}:
	default: // a signal is pending already
	}
}

// RunNow runs a job for the given time as soon as no other job runs, and returns its
// error. It is for manual runs: the time is not recorded, and the lock is not
// needed. If ctx ends first the error is that of ctx; after Stop it is
// [ErrStopped]. A job that has started goes on when ctx ends.
func (r *Runner) RunNow(ctx context.Context, job Job, scheduled time.Time) error {
	if err := r.acquireSlot(ctx); err != nil {
		return err
	}
	defer func() { <-r.slot }()
	return r.runJob(context.WithoutCancel(ctx), job, scheduled)
}

// Stop lets nothing more start and waits for the job that runs. If ctx ends first,
// the job's context ends too, and Stop returns the error of ctx without waiting
// further. The next start catches up on a run that was interrupted.
func (r *Runner) Stop(ctx context.Context) error {
	r.stopOnce.Do(func() { close(r.stopping) })
	select {
	case r.slot <- struct{}{}: // and never given back
		close(r.stopped)
		return nil
	case <-r.stopped: // by an earlier call
		return nil
	case <-ctx.Done():
		r.cancel()
		return ctx.Err()
	}
}

// HoldsLock reports whether this runner holds the lock, that is, runs the jobs.
func (r *Runner) HoldsLock() bool { return r.holding.Load() }

// acquireLock waits for the lock. It returns false when the runner is to end.
func (r *Runner) acquireLock(ctx context.Context) bool {
	var reported time.Time // when an error was reported last
	for wait := time.Duration(0); r.sleep(ctx, wait); wait = pollEvery {
		held, err := r.lock.TryLock()
		if held {
			r.holding.Store(true)
			return true
		}
		if err != nil && time.Since(reported) >= r.maxSleep {
			r.observer.SchedulerError(err)
			reported = time.Now()
		}
	}
	return false
}

func (r *Runner) releaseLock() {
	r.holding.Store(false)
	if err := r.lock.Unlock(); err != nil {
		r.observer.SchedulerError(err)
	}
}

// acquireSlot waits until no job runs, and lets none start until the slot is given
// back.
func (r *Runner) acquireSlot(ctx context.Context) error {
	select {
	case r.slot <- struct{}{}:
	case <-r.stopping:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	if r.isStopping(ctx) { // select chooses at random among the cases that are ready
		<-r.slot
		return cmp.Or(ctx.Err(), ErrStopped)
	}
	return nil
}

func (r *Runner) isStopping(ctx context.Context) bool {
	select {
	case <-r.stopping:
		return true
	default:
		return ctx.Err() != nil
	}
}

// sleep waits, but not beyond a call of SetJobs. It returns false when the runner
// is to end.
func (r *Runner) sleep(ctx context.Context, wait time.Duration) bool {
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.replaced:
		case <-r.stopping:
		case <-ctx.Done():
		}
	}
	return !r.isStopping(ctx)
}

// runJob runs a job and reports to the observer.
func (r *Runner) runJob(ctx context.Context, job Job, scheduled time.Time) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.jobsCtx, cancel)()
	start := time.Now()
	r.observer.JobStarted(job, scheduled)
	err := runRecovered(ctx, job, scheduled)
	r.observer.JobFinished(job, scheduled, time.Since(start), err)
	return err
}

// runRecovered runs a job and turns a panic into its error.
func runRecovered(ctx context.Context, job Job, scheduled time.Time) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	return job.Run(ctx, scheduled)
}
