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
)

// Job is something done on a schedule.
type Job struct {
	Kind     Kind
	Name     string // among those of its kind
	Schedule Schedule

	// Run does the job; scheduled is the time it runs for, in UTC, which may be
	// a while ago. It must end soon after ctx does. It may be called again for a
	// time whose run was cut short.
	Run func(ctx context.Context, scheduled time.Time) error

	// MakeUp says that each scheduled time counts: it is kept in the [Book], so
	// that it runs once, and of those missed while no daemon ran the latest is
	// made up. Without it nothing is kept; that is for a job that may run a time
	// too many or too few, like a sweep.
	MakeUp bool
}

// Key names the job in the [Book]: its kind and its name.
func (j Job) Key() string { return string(j.Kind) + "/" + j.Name }

// Entry is a job and when it will run next.
type Entry struct {
	Name     string      `json:"name"`
	Kind     Kind        `json:"kind"`
	Schedule string      `json:"schedule"`
	Next     []time.Time `json:"next"` // in UTC; never nil
}

// lastYear is the last that RFC 3339 can write.
const lastYear = 9999

// Upcoming lists the next n scheduled times of each job later than now, in the
// order of the jobs; none that is later than the year 9999.
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
