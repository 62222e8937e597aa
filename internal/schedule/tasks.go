package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// task is a job and how far it has come.
type task struct {
	Job
	doneUntil time.Time // times up to here are done; zero while unknown
	reloaded  bool      // the job came with a reload: nothing was missed before that
	postponed bool      // the job store failed: the task waits until after the next sleep
	retry     *retry    // of the last time; nil when it is done
}

// due returns when the task is to run next; the zero time for never.
func (t *task) due(now time.Time) time.Time {
	next := t.Schedule.Next(t.doneUntil)
	if t.retry == nil {
		return next
	}
	if again := t.retry.due(now); next.IsZero() || again.Before(next) {
		return again
	}
	return next
}

// currentTasks returns the tasks of the runner's jobs: the old ones or, after
// [Runner.SetJobs], new ones that go on where a task of the same schedule was.
func (r *Runner) currentTasks(old []*task) []*task {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.changed && old != nil {
		return old
	}
	r.changed = false
	known := map[string]*task{}
	for _, t := range old {
		known[t.Key()] = t
	}
	tasks := make([]*task, len(r.jobs))
	for i, job := range r.jobs {
		tasks[i] = &task{Job: job, reloaded: old != nil}
		if was := known[job.Key()]; was != nil && was.Schedule.same(job.Schedule) {
			tasks[i].doneUntil, tasks[i].reloaded, tasks[i].retry = was.doneUntil, was.reloaded, was.retry
		}
	}
	return tasks
}

// runNext runs the task that is due first and returns 0. If none is due it returns
// how long to sleep.
func (r *Runner) runNext(ctx context.Context, tasks []*task) time.Duration {
	now := r.wallNow()
	var first *task
	var at time.Time
	for _, t := range tasks {
		r.initTask(ctx, t, now)
		next := t.due(now)
		if t.postponed || next.IsZero() || first != nil && !next.Before(at) {
			continue
		}
		first, at = t, next
	}
	if first != nil && !at.After(now) {
		r.runTask(ctx, first, now)
		return 0
	}
	for _, t := range tasks {
		t.postponed = false
	}
	if first == nil {
		return r.maxSleep
	}
	return min(r.maxSleep, at.Sub(now))
}

// wallNow is the present wall-clock time. It has no monotonic reading, because it
// is compared with wall-clock times: setting the clock must show.
func (r *Runner) wallNow() time.Time { return r.now().Round(0).UTC() }

// initTask sets doneUntil the first time, and again when the clock was set back to
// before it.
func (r *Runner) initTask(ctx context.Context, t *task, now time.Time) {
	if t.postponed || !t.doneUntil.IsZero() && !now.Before(t.doneUntil) {
		return
	}
	if !t.CatchUp {
		t.doneUntil = now
		return
	}
	if t.retry != nil { // nothing has caught up on the times before its own
		t.doneUntil, t.retry = t.retry.before, nil
		if !now.Before(t.doneUntil) {
			return
		}
	}
	if !t.reloaded && t.doneUntil.IsZero() {
		last, err := r.store.LastJobTime(ctx, t.Key(), now)
		if err != nil {
			r.postpone(t, err)
			return
		}
		t.doneUntil = last
		if !last.IsZero() {
			return
		}
	}
	// Nothing is missed before a job is first known. Nor is anything missed again
	// after the clock was set back: a later time, which the job store may hold as
	// still to come, has caught up on it.
	if err := r.store.RecordJobTime(ctx, t.Key(), now); err != nil {
		r.postpone(t, err)
		return
	}
	t.doneUntil, t.reloaded = now, false
}

// postpone skips a task that the job store fails for.
func (r *Runner) postpone(t *task, err error) {
	t.postponed = true
	r.observer.SchedulerError(fmt.Errorf("%s %s waits: the record of its runs can't be used: %w", t.Kind, t.Name, err))
}

// runTask runs the task for the latest of its times up to now, unless the job
// store has that time: it decides, not this process's memory. If no time is due, the
// last one is tried again.
func (r *Runner) runTask(ctx context.Context, t *task, now time.Time) {
	if t.CatchUp {
		last, err := r.store.LastJobTime(ctx, t.Key(), now)
		if err != nil {
			r.postpone(t, err)
			return
		}
		if last.After(t.doneUntil) {
			t.doneUntil = last
		}
	}
	scheduled, due := t.Schedule.Latest(now, t.doneUntil)
	switch {
	case !due && (t.retry == nil || t.doneUntil.After(t.retry.scheduled)):
		t.retry = nil // another process has done its time
		return
	case !due:
		scheduled = t.retry.scheduled
	default:
		if first := t.Schedule.Next(t.doneUntil); first.Before(scheduled) {
			r.observer.TimesSkipped(t.Job, first, scheduled)
		}
	}
	err := r.runJob(ctx, t.Job, scheduled)
	done := t.doneUntil
	t.doneUntil = scheduled
	interrupted := err != nil && (ctx.Err() != nil || r.jobsCtx.Err() != nil)
	if !t.CatchUp || interrupted {
		return
	}
	if again := (*RetryError)(nil); errors.As(err, &again) {
		t.retry = t.retry.failedAgain(scheduled, r.wallNow(), done)
		r.observer.RetryScheduled(t.Job, scheduled, t.retry.tries, t.retry.at)
		return
	}
	t.retry = nil
	if err := r.store.RecordJobTime(context.WithoutCancel(ctx), t.Key(), scheduled); err != nil {
		r.observer.SchedulerError(fmt.Errorf("%s %s ran for %s, which could not be recorded: %w", t.Kind, t.Name, scheduled.Format(time.RFC3339), err))
	}
}
