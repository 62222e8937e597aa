package schedule

import "time"

// RetryError is the error of a job that may succeed later, such as one that met a full
// disk. Its time is not done: the runner tries it again, with growing pauses, until it
// succeeds, fails in another way, or the job's next time is due. As it is not recorded
// meanwhile, a restart tries it too. Only jobs with CatchUp are tried again.
type RetryError struct{ Err error }

// Error returns the text of the cause.
func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RetryError) Unwrap() error { return e.Err }

// The pauses before a time is tried again: the first, and the longest; each is twice
// the one before.
const (
	firstPause   = 10 * time.Second
	longestPause = 30 * time.Minute
)

// retry is a time of a task that failed and is tried again.
type retry struct {
	scheduled time.Time
	tries     int       // that failed
	at        time.Time // of the next
	before    time.Time // times up to here are done
}

// failedAgain is the retry after one more failure of the scheduled time. Before the
// first, times up to done were done.
func (r *retry) failedAgain(scheduled, now, done time.Time) *retry {
	next := &retry{scheduled: scheduled, tries: 1, before: done}
	if r != nil {
		next.before = r.before
	}
	if r != nil && r.scheduled.Equal(scheduled) {
		next.tries += r.tries
	}
	pause := firstPause
	for range next.tries - 1 {
		pause = min(2*pause, longestPause)
	}
	next.at = now.Add(pause).Truncate(time.Second)
	return next
}

// due returns when the time is tried again. A clock that was set back postpones
// nothing.
func (r *retry) due(now time.Time) time.Time {
	if r.at.After(now.Add(longestPause)) {
		return now
	}
	return r.at
}
