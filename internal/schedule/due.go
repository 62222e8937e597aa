package schedule

import (
	"context"
	"fmt"
	"time"
)

// task is a job and how far it has come.
type task struct {
	Job
	floor   time.Time // seen to up to here; zero when not known yet
	reload  bool      // came with a reload: nothing was missed before that
	waiting bool      // the book could not be read: after the next sleep
}

// takeUp gives the tasks as they now are: those of the jobs given, then the old
// ones, or after a Replace those of the new jobs.
func (r *Runner) takeUp(old []*task) []*task {
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
		tasks[i] = &task{Job: job, reload: old != nil}
		if was := known[job.Key()]; was != nil && was.Schedule.same(job.Schedule) {
			tasks[i].floor, tasks[i].reload = was.floor, was.reload
		}
	}
	return tasks
}

// step runs the one job that is due first and returns 0, or tells how long to
// sleep if none is due.
func (r *Runner) step(ctx context.Context, tasks []*task) time.Duration {
	now := r.clock()
	var first *task
	var at time.Time
	for _, t := range tasks {
		r.settle(ctx, t, now)
		next := t.Schedule.Next(t.floor)
		if t.waiting || next.IsZero() || first != nil && !next.Before(at) {
			continue
		}
		first, at = t, next
	}
	if first != nil && !at.After(now) {
		r.runDue(ctx, first, now)
		return 0
	}
	for _, t := range tasks {
		t.waiting = false
	}
	if first == nil {
		return r.rearm
	}
	return min(r.rearm, at.Sub(now))
}

// clock is the time on the wall. Without its monotonic reading, because what is
// compared with it is wall time: a clock that was set must show.
func (r *Runner) clock() time.Time { return r.now().Round(0).UTC() }

// settle finds from when on a task counts: at the first look, and again when
// the clock has been set back behind that.
func (r *Runner) settle(ctx context.Context, t *task, now time.Time) {
	if t.waiting || !t.floor.IsZero() && !now.Before(t.floor) {
		return
	}
	if !t.MakeUp {
		t.floor = now
		return
	}
	if !t.reload && t.floor.IsZero() {
		last, err := r.book.Last(ctx, t.Key(), now)
		if err != nil {
			r.wait(t, err)
			return
		}
		t.floor = last
		if !last.IsZero() {
			return
		}
	}
	// Nothing was missed before a job was first known, and nothing again before
	// the time that the clock was set back to: what was missed there has been
	// made up for by a later time, which the book may show as still to come.
	if err := r.book.Keep(ctx, t.Key(), now); err != nil {
		r.wait(t, err)
		return
	}
	t.floor, t.reload = now, false
}

// wait puts a task off that the book can't answer for.
func (r *Runner) wait(t *task, err error) {
	t.waiting = true
	r.observer.Troubled(fmt.Errorf("%s %s waits, the record of its runs cannot be used: %w", t.Kind, t.Name, err))
}

// runDue runs the task for the latest of its times up to now, unless the book
// has that already: it is what counts, not this process's memory.
func (r *Runner) runDue(ctx context.Context, t *task, now time.Time) {
	if t.MakeUp {
		last, err := r.book.Last(ctx, t.Key(), now)
		if err != nil {
			r.wait(t, err)
			return
		}
		if last.After(t.floor) {
			t.floor = last
		}
	}
	scheduled, due := t.Schedule.Latest(now, t.floor)
	if !due {
		return
	}
	if first := t.Schedule.Next(t.floor); first.Before(scheduled) {
		r.observer.Skipped(t.Job, first, scheduled)
	}
	err := r.perform(ctx, t.Job, scheduled)
	t.floor = scheduled
	cutShort := err != nil && (ctx.Err() != nil || r.halt.Err() != nil)
	if !t.MakeUp || cutShort {
		return
	}
	if err := r.book.Keep(context.WithoutCancel(ctx), t.Key(), scheduled); err != nil {
		r.observer.Troubled(fmt.Errorf("%s %s ran for %s, which could not be recorded: %w", t.Kind, t.Name, scheduled.Format(time.RFC3339), err))
	}
}
