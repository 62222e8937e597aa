package schedule

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"winnow/store/sqlite"
)

// memoryStore is a JobStore that outlives the daemons of its test. While broken is
// set it fails.
type memoryStore struct {
	mu     sync.Mutex
	kept   map[string][]time.Time
	broken error
}

func (n *memoryStore) LastJobTime(_ context.Context, job string, until time.Time) (last time.Time, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, at := range n.kept[job] {
		if !at.After(until) && at.After(last) {
			last = at
		}
	}
	return last, n.broken
}

func (n *memoryStore) RecordJobTime(ctx context.Context, job string, at time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := cmp.Or(n.broken, ctx.Err()); err != nil {
		return err
	}
	if n.kept == nil {
		n.kept = map[string][]time.Time{}
	}
	n.kept[job] = append(n.kept[job], at)
	return nil
}

func (n *memoryStore) failWith(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.broken = err
}

// harness is a store's folder and a log of everything that the runners report.
type harness struct {
	t           *testing.T
	lock        string
	store       memoryStore
	mu          sync.Mutex
	log         []string
	running     atomic.Int32
	clockOffset atomic.Int64 // how far the wall clock is ahead of the monotonic clock
}

func newHarness(t *testing.T) *harness {
	return &harness{t: t, lock: filepath.Join(t.TempDir(), "winnow.lock")}
}

func (h *harness) record(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, fmt.Sprintf(format, args...))
}

// events are the entries logged since the last call.
func (h *harness) events() []string {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	events := h.log
	h.log = nil
	return events
}

func (h *harness) expect(want ...string) {
	h.t.Helper()
	if got := h.events(); !slices.Equal(got, want) {
		h.t.Errorf("it happened:\n\t%s\nwant:\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

const short = "01-02 15:04:05"

func (h *harness) JobStarted(job Job, scheduled time.Time) {
	if h.running.Add(1) > 1 {
		h.t.Error("two jobs run at one time")
	}
}

func (h *harness) JobFinished(job Job, scheduled time.Time, took time.Duration, err error) {
	h.running.Add(-1)
	switch {
	case err != nil:
		h.record("%s %s: %v", job.Name, scheduled.Format(short), err)
	case took > 0:
		h.record("%s %s took %s", job.Name, scheduled.Format(short), took)
	default:
		h.record("%s %s", job.Name, scheduled.Format(short))
	}
}

func (h *harness) TimesSkipped(job Job, first, scheduled time.Time) {
	h.record("%s skipped from %s", job.Name, first.Format(short))
}

func (h *harness) RetryScheduled(job Job, scheduled time.Time, failures int, at time.Time) {
	h.record("%s %s failed %d times, again at %s", job.Name, scheduled.Format(short), failures, at.Format(short))
}

func (h *harness) SchedulerError(err error) { h.record("trouble: %v", err) }

func (h *harness) wallNow() time.Time { return time.Now().Add(time.Duration(h.clockOffset.Load())) }

// runner is the runner of a daemon, not started yet.
func (h *harness) runner(jobs ...Job) *Runner {
	r := NewRunner(&h.store, sqlite.NewLock(h.lock), h, jobs)
	r.now, r.maxSleep = h.wallNow, 10*time.Minute // of fake time, to spare many looks at the clock
	return r
}

// start runs a daemon. The function it returns ends it, which looks to the jobs
// like a kill of the process.
func (h *harness) start(r *Runner) (end func()) {
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	synctest.Wait()
	return func() { cancel(); <-done }
}

// sleepUntil sleeps until the monotonic clock, which in a test starts at midnight
// of 2000-01-01, shows the time.
func sleepUntil(text string) {
	t, err := time.Parse("2006-01-02 15:04:05", "2000-"+text)
	if err != nil {
		panic(err)
	}
	time.Sleep(time.Until(t))
}

func nothing(context.Context, time.Time) error { return nil }

func takes(d time.Duration) func(context.Context, time.Time) error {
	return func(ctx context.Context, _ time.Time) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func job(t *testing.T, name, text string, run func(context.Context, time.Time) error) Job {
	t.Helper()
	return Job{Kind: Export, Name: name, Schedule: parse(t, text, "UTC"), Run: run, CatchUp: true}
}

// sweep is a job of which nothing is recorded.
func sweep(t *testing.T, text string, run func(context.Context, time.Time) error) Job {
	t.Helper()
	return Job{Kind: Sweep, Name: "sweep", Schedule: parse(t, text, "UTC"), Run: run}
}
