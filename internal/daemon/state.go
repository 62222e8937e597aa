package daemon

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/schedule"
	"winnow/internal/ui"
)

// runtimeState is what the console shows of the running daemon and the store does not
// keep: the result of the last reload, and how each job ended.
type runtimeState struct {
	mu        sync.Mutex
	goodAt    hygiene.Instant // when a valid config was last applied
	rejected  string          // why the file was rejected; empty if it is in force
	jobs      map[string]view.Job
	schedules map[string]schedule.Schedule
}

// reloaded records the result of reading the config.
func (s *runtimeState) reloaded(at hygiene.Instant, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.rejected = err.Error()
		return
	}
	s.goodAt, s.rejected = at, ""
}

// scheduled replaces the jobs. A job that stays keeps how it ended last.
func (s *runtimeState) scheduled(jobs []schedule.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.jobs
	s.jobs, s.schedules = map[string]view.Job{}, map[string]schedule.Schedule{}
	for _, j := range jobs {
		job := old[j.Key()]
		job.Name, job.Kind = j.Name, string(j.Kind)
		s.jobs[j.Key()], s.schedules[j.Key()] = job, j.Schedule
	}
}

// ended records how a job ended.
func (s *runtimeState) ended(j schedule.Job, took time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	job, ok := s.jobs[j.Key()]
	if !ok {
		return
	}
	job.Last, job.Took, job.Error, job.RetryAt = hygiene.InstantOf(time.Now()), took, "", 0
	if err != nil {
		job.Error = ui.Printable(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	s.jobs[j.Key()] = job
}

// isScheduled reports whether the schedule of the job has that time.
func (s *runtimeState) isScheduled(key string, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.schedules[key].Next(at.Add(-time.Nanosecond)).Equal(at)
}

// latest is the last time up to before of the job's schedule within the last month; false
// if there is none.
func (s *runtimeState) latest(key string, before time.Time) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.schedules[key].Latest(before, before.AddDate(0, -1, 0))
}

// retried records when a job that failed is tried again.
func (s *runtimeState) retried(j schedule.Job, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if job, ok := s.jobs[j.Key()]; ok {
		job.RetryAt = hygiene.InstantOf(at)
		s.jobs[j.Key()] = job
	}
}

// fill adds the state to the page.
func (s *runtimeState) fill(p *view.Overview) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.ConfigReadAt, p.ConfigErrors = s.goodAt, s.rejected
	for _, key := range slices.Sorted(maps.Keys(s.jobs)) {
		job := s.jobs[key]
		job.Next = hygiene.InstantOf(s.schedules[key].Next(p.At.Time()))
		if job.RetryAt != 0 && job.RetryAt < job.Next {
			job.Next = job.RetryAt
		}
		p.Jobs = append(p.Jobs, job)
	}
}

// nextExport is when the next run of the export is due, or tried again; 0 for unknown.
func (s *runtimeState) nextExport(name string) hygiene.Instant {
	p := view.Overview{At: hygiene.InstantOf(time.Now())}
	s.fill(&p)
	i := slices.IndexFunc(p.Jobs, func(j view.Job) bool { return j.Kind == string(schedule.Export) && j.Name == name })
	if i < 0 {
		return 0
	}
	return p.Jobs[i].Next
}
