package daemon

import (
	"maps"
	"slices"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/console"
	"winnow/internal/schedule"
)

// jobState are what the page tells of the daemon's own life.
type jobState struct {
	mu       sync.Mutex
	goodAt   hygiene.Instant
	rejected string
	jobs     map[string]console.Job
	next     map[string]schedule.Schedule
}

// reloaded notes how reading the config went.
func (n *jobState) reloaded(at hygiene.Instant, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		n.rejected = err.Error()
		return
	}
	n.goodAt, n.rejected = at, ""
}

// scheduled notes which jobs there are.
func (n *jobState) scheduled(jobs []schedule.Job) {
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.jobs
	n.jobs, n.next = map[string]console.Job{}, map[string]schedule.Schedule{}
	for _, j := range jobs {
		job := old[j.Key()]
		job.Name, job.Kind = j.Name, string(j.Kind)
		n.jobs[j.Key()], n.next[j.Key()] = job, j.Schedule
	}
}

// ended notes how a job went.
func (n *jobState) ended(j schedule.Job, took time.Duration, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	job, ok := n.jobs[j.Key()]
	if !ok {
		return
	}
	job.Last, job.Took, job.Error = hygiene.InstantOf(time.Now()), took, ""
	if err != nil {
		job.Error = err.Error()
	}
	n.jobs[j.Key()] = job
}

// fill puts the notes on the page.
func (n *jobState) fill(p *console.Page) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p.GoodAt, p.Rejected = n.goodAt, n.rejected
	for _, key := range slices.Sorted(maps.Keys(n.jobs)) {
		job := n.jobs[key]
		job.Next = hygiene.InstantOf(n.next[key].Next(p.At.Time()))
		p.Jobs = append(p.Jobs, job)
	}
}
