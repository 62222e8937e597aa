package command

import (
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/segments"
	"winnow/store"
	"winnow/store/location"
	"winnow/store/postgres/pgtest"
	"winnow/store/runs"
)

// shared is a store on a server that several hosts serve, each with a folder of its own. They
// export to one folder that all of them have.
type shared struct {
	url, export string
	hosts       []*host
}

func newShared(tb testing.TB, url, every string, hosts int) *shared {
	tb.Helper()
	exports := tb.TempDir()
	s := &shared{url: url, export: filepath.Join(exports, "nightly")}
	for range hosts {
		h := &host{folder: tb.TempDir()}
		config := apptest.Config(tb, h.folder, "1h")
		apptest.Edit(tb, config, "\nsources:", "\nstore: '"+url+"'\nsources:", "./exports", exports, `schedule: "@every 1h"`, `keep: 1000, schedule: "@every `+every+`"`, `sweep: "@every 1h"`, `sweep: "@every 1s"`)
		s.hosts = append(s.hosts, h)
		h.process = startDaemon(tb, "serve", config)
	}
	return s
}

// open opens the store, as a command on another host does.
func (s *shared) open(tb testing.TB) *store.Store {
	tb.Helper()
	u, err := url.Parse(s.url)
	if err != nil {
		tb.Fatal(err)
	}
	opened, err := store.OpenExisting(location.Server(u, tb.TempDir()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := opened.Close(); err != nil {
			tb.Error(err)
		}
	})
	return opened
}

// runsJobs is the host that has the lease of the jobs, and the other one.
func (s *shared) runsJobs(tb testing.TB, opened *store.Store) (holder, other *host) {
	tb.Helper()
	until(tb, "a host has the lease of the jobs", func() bool {
		by, _, taken := opened.Lock("jobs").Taken()
		for i, h := range s.hosts {
			if taken && by.Process == h.process.Process.Pid {
				holder, other = h, s.hosts[len(s.hosts)-1-i]
			}
		}
		return holder != nil
	})
	return holder, other
}

func (s *shared) runs(tb testing.TB, opened *store.Store) []segments.Run {
	tb.Helper()
	list, err := opened.RunsOf("nightly", runs.AllRuns, segments.Published)
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

// until waits until it is so, longer than a lease lasts on a busy machine.
func until(tb testing.TB, what string, so func() bool) {
	tb.Helper()
	for end := time.Now().Add(2 * time.Minute); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("not within two minutes: %s", what)
		}
	}
}

func TestTwoHostsOnOneServerReceiveAndOneOfThemRunsTheJobs(t *testing.T) {
	if testing.Short() {
		t.Skip("starts daemons, which run by the wall clock")
	}
	t.Parallel()
	const every = 2 * time.Second
	s := newShared(t, pgtest.Database(t), every.String(), 2)
	watcher := newManifestWatcher(s.export)
	opened := s.open(t)
	answered := 0
	post := func(h *host) {
		t.Helper()
		if status := h.process.post(t, fmt.Sprint("m", answered)); status != 200 {
			t.Errorf("a callback is answered %d", status)
		}
		answered++
	}
	holder, other := s.runsJobs(t, opened)
	post(holder)
	post(other)
	until(t, "runs are made", func() bool { return len(s.runs(t, opened)) >= 2 })

	holder.process.kill(t)
	killed := hygiene.InstantOf(time.Now())
	before := s.runs(t, opened)[0]
	post(other)
	until(t, "another host makes runs", func() bool { return s.runs(t, opened)[0].AsOf > killed })
	t.Logf("another host made a run %v after the one that ran the jobs was killed", time.Since(killed.Time()).Round(time.Second/10))
	until(t, "it makes runs", func() bool { return len(s.runs(t, opened)) >= 5 })
	other.process.terminate(t)
	close(watcher.stop)
	watcher.running.Wait()

	seen := map[hygiene.Instant]bool{}
	var first segments.Run // after the kill
	for _, run := range s.runs(t, opened) {
		if seen[run.ScheduledAt] || run.ScheduledAt.Time().UnixNano()%int64(every) != 0 {
			t.Errorf("run %s is there twice, or is not of the schedule", run.Name)
		}
		if seen[run.ScheduledAt] = true; run.AsOf > killed {
			first = run
		}
	}
	// The lease had some seconds left, so that more than one time was missed.
	if missed := first.ScheduledAt.Sub(before.ScheduledAt); missed <= 2*every {
		t.Errorf("after %s comes %s, so that runs were made that were missed", before.Name, first.Name)
	}
	if len(watcher.changed) > 0 {
		t.Errorf("published runs were made again: %v", watcher.changed)
	}
	if last, err := opened.LastSeq(); err != nil || last != int64(answered) {
		t.Errorf("%d callbacks were answered, and %d are stored, %v", answered, last, err)
	}
	checkRuns(t, s.export)
}
