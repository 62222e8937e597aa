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
)

// witness looks at the published runs all the time, and remembers the manifest
// of each from when it first saw it: a run that is made twice is another then.
type witness struct {
	folder string
	stop   chan struct{}
	over   sync.WaitGroup
	first  map[string]string
	twice  []string
}

func newWitness(folder string) *witness {
	w := &witness{folder: folder, stop: make(chan struct{}), first: map[string]string{}}
	w.over.Go(func() {
		for {
			w.look()
			select {
			case <-w.stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return w
}

func (w *witness) look() {
	names, _ := filepath.Glob(filepath.Join(w.folder, "2*Z", "manifest.json"))
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if was, seen := w.first[name]; seen && was != string(text) {
			w.twice = append(w.twice, name)
		}
		w.first[name] = string(text)
	}
}

// lawful demands, after the last daemon has ended, what must hold after any
// history, and gives the runs in the order in which they were begun.
func (f *field) lawful(t *testing.T, every time.Duration) []segments.Run {
	t.Helper()
	close(f.witness.stop)
	f.witness.over.Wait()
	f.witness.look()
	if len(f.witness.twice) > 0 {
		t.Errorf("published runs were made again: %v", f.witness.twice)
	}
	runs := f.rows(t)
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
		if killed, was := f.killed[run.Name]; was && run.Status == segments.Published && run.AsOf < killed {
			t.Errorf("run %s was killed at %s, before it was whole, and is published as of %s", run.Name, killed, run.AsOf)
		}
		if run.Status != segments.Published && (run.Status != segments.Failed || run.Error == "") || run.FinishedAt < run.AsOf || run.FinishedAt == 0 {
			t.Errorf("run %s has not ended well: %+v", run.Name, run)
		}
	}
	f.chained(t, published)
	f.tidy(t, published)
	wholeRuns(t, f.export)
	integrity(t, filepath.Join(f.folder, "winnow.db"))
	integrity(t, filepath.Join(f.folder, "winnow-events.db"))
	return runs
}

func (f *field) rows(t *testing.T) []segments.Run {
	t.Helper()
	s, err := store.OpenExisting(filepath.Join(f.folder, "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	runs, err := s.RunsOf("nightly", store.AllRuns)
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

// chained demands that each run follows the one before it, in what it is of and
// in what it says of that one.
func (f *field) chained(t *testing.T, published []segments.Run) {
	t.Helper()
	before := segments.Manifest{}
	for _, run := range published {
		var m segments.Manifest
		if err := json.Unmarshal([]byte(apptest.ReadFile(t, filepath.Join(f.export, run.Name, "manifest.json"))), &m); err != nil {
			t.Fatalf("%s: %v", run.Name, err)
		}
		if m.Run != run.Name || m.ScheduledAt != run.ScheduledAt || m.AsOf != run.AsOf || m.AsOf < m.ScheduledAt {
			t.Errorf("the manifest of %s tells of %s, scheduled at %s, as of %s; the store of %s, %s", run.Name, m.Run, m.ScheduledAt, m.AsOf, run.ScheduledAt, run.AsOf)
		}
		previous := ""
		if m.PreviousRun != nil {
			previous = *m.PreviousRun
		}
		if previous != before.Run || m.AsOf <= before.AsOf || m.ScheduledAt <= before.ScheduledAt || m.ThroughSeq < before.ThroughSeq {
			t.Errorf("run %s, as of %s, says that it follows %q; it follows %q, as of %s", m.Run, m.AsOf, previous, before.Run, before.AsOf)
		}
		before = m
	}
}

// tidy demands that the export's folder has the published runs, latest, and
// nothing else.
func (f *field) tidy(t *testing.T, published []segments.Run) {
	t.Helper()
	var want, got []string
	for _, run := range published {
		want = append(want, run.Name)
	}
	entries, err := os.ReadDir(f.export)
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
		t.Errorf("there is %s, published are %s", strings.Join(got, " "), strings.Join(want, " "))
	}
	if points, err := os.Readlink(filepath.Join(f.export, "latest")); err != nil || points != published[len(published)-1].Name {
		t.Errorf("latest is %s, %v; the newest published is %s", points, err, published[len(published)-1].Name)
	}
}
