package command

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/segments/destination/local"
)

// nightlyAt makes a run of the export of testAct, with a delta.
func (a *act) nightlyAt(t *testing.T, at time.Time) segments.Run {
	t.Helper()
	a.config.Exports[0].Delta = []string{"do-not-text"}
	result, err := a.export(context.Background(), "nightly", at, func() hygiene.Instant { return hygiene.InstantOf(at) })
	if err != nil {
		t.Fatal(err)
	}
	return result.Run
}

// forget makes the store know of the run what it knew of it just before readers
// could see it: as if the process had been killed then.
func (a *act) forget(t *testing.T, run segments.Run) {
	t.Helper()
	part := segments.Part{Segment: "do-not-text", Rows: 1, Members: true}
	if err := a.store.ReadyRun(run, []segments.Part{part}); err != nil {
		t.Fatal(err)
	}
}

func (a *act) statusOf(t *testing.T, run segments.Run) segments.Status {
	t.Helper()
	run, _, err := a.store.RunOf("nightly", run.ScheduledAt)
	if err != nil {
		t.Fatal(err)
	}
	return run.Status
}

func (a *act) folder(parts ...string) string {
	return filepath.Join(append([]string{a.config.Exports[0].To[0].String(), "nightly"}, parts...)...)
}

var secondOfJanuary = time.Date(2026, 1, 2, 2, 0, 0, 0, time.UTC)

func TestARunThatReadersSawIsTheBaseThoughItsProcessWasKilled(t *testing.T) {
	a := testAct(t)
	a.bounce(t, hygiene.InstantOf(secondOfJanuary.Add(-time.Hour)), "ann")
	seen := a.nightlyAt(t, secondOfJanuary)
	a.forget(t, seen)
	a.nightlyAt(t, secondOfJanuary.Add(hygiene.Day))
	var m segments.Manifest
	if err := json.Unmarshal([]byte(readFile(t, a.folder("latest", "manifest.json"))), &m); err != nil {
		t.Fatal(err)
	}
	if m.PreviousRun == nil || *m.PreviousRun != seen.Name || a.statusOf(t, seen) != segments.Published {
		t.Errorf("the next run's previous is %v, and run %s is %s", m.PreviousRun, seen.Name, a.statusOf(t, seen))
	}
	if delta := readFile(t, a.folder("latest", "do-not-text.delta.csv")); delta != "change,contact,reasons\n" {
		t.Errorf("the next delta is %q", delta)
	}
}

func TestARunThatNobodySawIsNoBase(t *testing.T) {
	a := testAct(t)
	first := a.nightlyAt(t, secondOfJanuary)
	a.bounce(t, hygiene.InstantOf(secondOfJanuary.Add(time.Hour)), "ann")
	at := hygiene.InstantOf(secondOfJanuary.Add(hygiene.Day))
	unseen := segments.Run{Export: "nightly", Name: segments.RunName(at), ScheduledAt: at}
	if _, err := a.store.BeginRun(unseen); err != nil {
		t.Fatal(err)
	}
	a.forget(t, unseen)
	a.nightlyAt(t, secondOfJanuary.Add(2*hygiene.Day))
	if delta := readFile(t, a.folder("latest", "do-not-text.delta.csv")); delta != "change,contact,reasons\nentered,ann,hard_bounce\n" {
		t.Errorf("the delta since %s is %q", first.Name, delta)
	}
	if status := a.statusOf(t, unseen); status != segments.Failed {
		t.Errorf("the run that nobody saw is %s", status)
	}
}

func TestAReleaseThatWasKilledInTheMiddleIsCarriedThrough(t *testing.T) {
	for name, goOn := range map[string]func(*act, segments.Run) error{
		"by the same command": func(a *act, run segments.Run) error {
			_, err := a.release(context.Background(), "nightly", run.ScheduledAt, hygiene.InstantOf(time.Now()))
			return err
		},
		"by a daemon's start": func(a *act, _ segments.Run) error { return a.settle(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			a := testAct(t)
			e := &a.config.Exports[0]
			e.To = append(e.To, local.Folder(filepath.Join(filepath.Dir(e.To[0].String()), "other")))
			a.nightlyAt(t, secondOfJanuary)
			e.Guard.MinRows = map[string]int64{"reachable": 1000}
			held := a.nightlyAt(t, secondOfJanuary.Add(hygiene.Day))
			if held.Status != segments.Held || !strings.Contains(held.Error, "winnow release nightly/"+held.Name) {
				t.Fatalf("the run is %s: %s", held.Status, held.Error)
			}
			if err := a.directories(*e)[0].Release("nightly", held.Name); err != nil {
				t.Fatal(err)
			}
			if err := goOn(a, held); err != nil {
				t.Fatal(err)
			}
			for _, to := range e.To {
				dir := to.String()
				if to, _ := os.Readlink(filepath.Join(dir, "nightly", "latest")); to != held.Name {
					t.Errorf("in %s latest points to %s", dir, to)
				}
				if _, err := os.Stat(filepath.Join(dir, "nightly", "held")); err == nil {
					t.Errorf("in %s there is still a held run", dir)
				}
			}
			if status := a.statusOf(t, held); status != segments.Released {
				t.Errorf("the run is %s", status)
			}
		})
	}
}

// What one directory lacks is told beside what was done, and not in place of it.
func TestAReleaseThatOneDirectoryMissesIsToldAsOne(t *testing.T) {
	a := testAct(t)
	e := &a.config.Exports[0]
	e.To = append(e.To, local.Folder(filepath.Join(filepath.Dir(e.To[0].String()), "other")))
	e.Keep, e.Guard.MinRows = 2, map[string]int64{"reachable": 1000}
	other := a.nightlyAt(t, secondOfJanuary)
	held := a.nightlyAt(t, secondOfJanuary.Add(hygiene.Day))
	if err := os.RemoveAll(e.To[1].String()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(e.To[1].String(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	did, err := a.release(t.Context(), "nightly", held.ScheduledAt, hygiene.InstantOf(time.Now()))
	if err == nil || did.Run.Name != held.Name || did.Run.Status != segments.Released || !slices.Equal(did.Discarded, runNames([]segments.Run{other})) {
		t.Errorf("told are %+v, %v", did, err)
	}
}

func TestHeldRunsPileUpNoHigherThanRunsAreKept(t *testing.T) {
	a := testAct(t)
	e := &a.config.Exports[0]
	e.Keep, e.Guard.MinRows = 2, map[string]int64{"reachable": 1000}
	var runs []segments.Run
	for night := range 4 {
		runs = append(runs, a.nightlyAt(t, secondOfJanuary.Add(time.Duration(night)*hygiene.Day)))
	}
	for i, want := range []segments.Status{segments.Discarded, segments.Discarded, segments.Held, segments.Held} {
		_, err := os.Stat(a.folder("held", runs[i].Name))
		if got := a.statusOf(t, runs[i]); got != want || (err == nil) != (want == segments.Held) {
			t.Errorf("run %s is %s and its folder %v, want it %s", runs[i].Name, got, err, want)
		}
	}
}

// A full disk keeps a run from beginning, and alerts go by the status.
func TestARunThatCanNotBeginHasFailed(t *testing.T) {
	a := testAct(t)
	a.store.Close()
	result, err := a.export(t.Context(), "nightly", secondOfJanuary, func() hygiene.Instant { return 0 })
	if err == nil || result.Run.Status != segments.Failed || result.Run.Export != "nightly" || result.Run.Error == "" {
		t.Errorf("the run is %+v, %v", result.Run, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if result, _ := testAct(t).export(ctx, "nightly", secondOfJanuary, func() hygiene.Instant { return 0 }); result.Run.Status == segments.Published {
		t.Errorf("a run that was called off is %+v", result.Run)
	}
}
