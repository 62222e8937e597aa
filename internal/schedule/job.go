package schedule

import (
	"context"
	"time"
)

// Kind is what a job does.
type Kind string

// The kinds of jobs.
const (
	Sweep  Kind = "sweep"
	Review Kind = "review"
	Export Kind = "export"
	Backup Kind = "backup"
)

// Job is something done on a schedule.
type Job struct {
	Kind     Kind
	Name     string // unique within its kind
	Schedule Schedule

	// Run does the job. scheduled is the time it runs for, in UTC, which may lie
	// some time back. Run must return soon after ctx ends. It may be called again
	// for a time whose run was interrupted.
	Run func(ctx context.Context, scheduled time.Time) error

	// CatchUp reports whether each scheduled time counts: done times are recorded in
	// the [JobStore], so that a time runs once, and of those missed while no daemon
	// ran the latest is caught up on. Without it nothing is recorded; that is for
	// jobs that may run once too often or too seldom, like a sweep.
	CatchUp bool
}

// Key identifies the job in the [JobStore]: its kind and its name.
func (j Job) Key() string { return string(j.Kind) + "/" + j.Name }

// Entry is a job and its next scheduled times, as winnow schedule prints it.
type Entry struct {
	Name     string      `json:"name"`
	Kind     Kind        `json:"kind"`
	Schedule string      `json:"schedule"`
	Next     []time.Time `json:"next"` // in UTC; never nil
}

// lastYear is the last year that RFC 3339 can write.
const lastYear = 9999

// Upcoming lists the next n scheduled times of each job later than now, in the
// order of the jobs; none later than the year 9999.
func Upcoming(jobs []Job, now time.Time, n int) []Entry {
	entries := make([]Entry, 0, len(jobs))
	for _, job := range jobs {
		e := Entry{Name: job.Name, Kind: job.Kind, Schedule: job.Schedule.String(), Next: []time.Time{}}
		for at := job.Schedule.Next(now); !at.IsZero() && at.Year() <= lastYear && len(e.Next) < n; at = job.Schedule.Next(at) {
			e.Next = append(e.Next, at)
		}
		entries = append(entries, e)
	}
	return entries
}
