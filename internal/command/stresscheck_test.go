package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"winnow/internal/apptest"
	"winnow/segments"
	"winnow/store"
	"winnow/store/runs"
)

// manifestWatcher keeps reading the manifests of published runs. A manifest that changes
// is that of a run that was made twice.
type manifestWatcher struct {
	folder  string
	stop    chan struct{}
	running sync.WaitGroup
	first   map[string]string // the manifest of each run when it was first read
	changed []string
}

func newManifestWatcher(folder string) *manifestWatcher {
	w := &manifestWatcher{folder: folder, stop: make(chan struct{}), first: map[string]string{}}
	w.running.Go(func() {
		for {
			w.read()
			select {
			case <-w.stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return w
}

func (w *manifestWatcher) read() {
	names, _ := filepath.Glob(filepath.Join(w.folder, "2*Z", "manifest.json"))
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if was, seen := w.first[name]; seen && was != string(text) {
			w.changed = append(w.changed, name)
		}
		w.first[name] = string(text)
	}
}

// checkInvariants checks, after the last daemon has stopped, what must hold after every
// scenario, and returns the runs in the order in which they started.
func (c *cluster) checkInvariants(t *testing.T, every time.Duration) []segments.Run {
	t.Helper()
	close(c.watcher.stop)
	c.watcher.running.Wait()
	c.watcher.read()
	if len(c.watcher.changed) > 0 {
		t.Errorf("published runs were made again: %v", c.watcher.changed)
	}
	runs := c.runs(t)
	published := withStatus(runs, segments.Published)
	if len(published) == 0 {
		t.Fatal("no run was published")
	}
	seen := map[string]bool{}
	for _, run := range runs {
		if seen[run.Name] || run.ScheduledAt.Time().UnixNano()%int64(every) != 0 {
			t.Errorf("run %s is there twice, or is not of the schedule", run.Name)
		}
		seen[run.Name] = true
		if killed, was := c.killed[run.Name]; was && run.Status == segments.Published && run.AsOf < killed {
			t.Errorf("run %s was killed at %s, before it was complete, and is published as of %s", run.Name, killed, run.AsOf)
		}
		if run.Status != segments.Published && (run.Status != segments.Failed || run.Error == "") || run.FinishedAt < run.AsOf || run.FinishedAt == 0 {
			t.Errorf("run %s did not end correctly: %+v", run.Name, run)
		}
	}
	c.checkChain(t, published)
	c.checkFolder(t, published)
	checkRuns(t, c.export)
	checkIntegrity(t, filepath.Join(c.folder, "winnow.db"))
	checkIntegrity(t, filepath.Join(c.folder, "winnow-events.db"))
	return runs
}

func (c *cluster) runs(t *testing.T) []segments.Run {
	t.Helper()
	s, err := store.OpenExisting(filepath.Join(c.folder, "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	runs, err := s.RunsOf("nightly", runs.AllRuns)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(runs)
	return runs
}

func withStatus(runs []segments.Run, status segments.Status) (list []segments.Run) {
	for _, run := range runs {
		if run.Status == status {
			list = append(list, run)
		}
	}
	return list
}

// checkChain checks that each run follows the one before it, by its times and by the
// previous run that its manifest names.
func (c *cluster) checkChain(t *testing.T, published []segments.Run) {
	t.Helper()
	before := segments.Manifest{}
	for _, run := range published {
		var m segments.Manifest
		if err := json.Unmarshal([]byte(apptest.ReadFile(t, filepath.Join(c.export, run.Name, "manifest.json"))), &m); err != nil {
			t.Fatalf("%s: %v", run.Name, err)
		}
		if m.Run != run.Name || m.ScheduledAt != run.ScheduledAt || m.AsOf != run.AsOf || m.AsOf < m.ScheduledAt {
			t.Errorf("the manifest of %s has run %s, scheduled at %s, as of %s; the store has %s, %s", run.Name, m.Run, m.ScheduledAt, m.AsOf, run.ScheduledAt, run.AsOf)
		}
		previous := ""
		if m.PreviousRun != nil {
			previous = *m.PreviousRun
		}
		if previous != before.Run || m.AsOf <= before.AsOf || m.ScheduledAt <= before.ScheduledAt || m.ThroughSeq < before.ThroughSeq {
			t.Errorf("run %s, as of %s, names the previous run %q; it follows %q, as of %s", m.Run, m.AsOf, previous, before.Run, before.AsOf)
		}
		before = m
	}
}

// checkFolder checks that the export's folder has the published runs, latest and held,
// and nothing else.
func (c *cluster) checkFolder(t *testing.T, published []segments.Run) {
	t.Helper()
	var want, got []string
	for _, run := range published {
		want = append(want, run.Name)
	}
	entries, err := os.ReadDir(c.export)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "latest" && e.Name() != "held" {
			got = append(got, e.Name())
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the folder has %s, the published runs are %s", strings.Join(got, " "), strings.Join(want, " "))
	}
	if latest, err := os.Readlink(filepath.Join(c.export, "latest")); err != nil || latest != published[len(published)-1].Name {
		t.Errorf("latest is %s, %v; the newest published run is %s", latest, err, published[len(published)-1].Name)
	}
}
