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

// notebook is a Book that lives as long as its test, longer than the daemons in
// it. While broken is set it answers nothing.
type notebook struct {
	mu     sync.Mutex
	kept   map[string][]time.Time
	broken error
}

func (n *notebook) Last(_ context.Context, job string, until time.Time) (last time.Time, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, at := range n.kept[job] {
		if !at.After(until) && at.After(last) {
			last = at
		}
	}
	return last, n.broken
}

func (n *notebook) Keep(ctx context.Context, job string, at time.Time) error {
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

func (n *notebook) breakWith(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.broken = err
}

// house is a store's folder and all that happens in it.
type house struct {
	t       *testing.T
	lock    string
	book    notebook
	mu      sync.Mutex
	story   []string
	running atomic.Int32
	ahead   atomic.Int64 // of the clock on the wall before the one that runs evenly
}

func newHouse(t *testing.T) *house {
	return &house{t: t, lock: filepath.Join(t.TempDir(), "winnow.lock")}
}

func (h *house) write(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.story = append(h.story, fmt.Sprintf(format, args...))
}

// told is what has happened since it was last asked.
func (h *house) told() []string {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	story := h.story
	h.story = nil
	return story
}

func (h *house) tells(want ...string) {
	h.t.Helper()
	if got := h.told(); !slices.Equal(got, want) {
		h.t.Errorf("it happened:\n\t%s\nwant:\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

const short = "01-02 15:04:05"

func (h *house) Started(job Job, scheduled time.Time) {
	if h.running.Add(1) > 1 {
		h.t.Error("two jobs run at one time")
	}
}

func (h *house) Finished(job Job, scheduled time.Time, took time.Duration, err error) {
	h.running.Add(-1)
	switch {
	case err != nil:
		h.write("%s %s: %v", job.Name, scheduled.Format(short), err)
	case took > 0:
		h.write("%s %s took %s", job.Name, scheduled.Format(short), took)
	default:
		h.write("%s %s", job.Name, scheduled.Format(short))
	}
}

func (h *house) Skipped(job Job, first, scheduled time.Time) {
	h.write("%s skipped from %s", job.Name, first.Format(short))
}

func (h *house) Troubled(err error) { h.write("trouble: %v", err) }

func (h *house) wall() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

// runner is a daemon's runner that is not running yet.
func (h *house) runner(jobs ...Job) *Runner {
	r := NewRunner(&h.book, sqlite.NewLock(h.lock), h, jobs)
	r.now, r.rearm = h.wall, 10*time.Minute // of fake time, to spare many looks at the clock
	return r
}

// serve runs a daemon until the function it gives is called, which ends it as a
// kill of the process would, as far as the jobs can tell.
func (h *house) serve(r *Runner) (end func()) {
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	synctest.Wait()
	return func() { cancel(); <-done }
}

// until sleeps until the even clock, which in a test begins at midnight of
// 2000-01-01, shows the time.
func until(text string) {
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
	return Job{Kind: Export, Name: name, Schedule: parse(t, text, "UTC"), Run: run, MakeUp: true}
}

// sweep is a job of which nothing is kept.
func sweep(t *testing.T, text string, run func(context.Context, time.Time) error) Job {
	t.Helper()
	return Job{Kind: Sweep, Name: "sweep", Schedule: parse(t, text, "UTC"), Run: run}
}
