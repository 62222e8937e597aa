package exports

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/segments"
	"winnow/segments/destination/local"
)

func TestTheOutboxOfARemovedRemoteIsKeptNoLongerThanRuns(t *testing.T) {
	crm := &fakeRemote{name: "crm", err: errDown}
	x, _ := exporterWithRemotes(t, crm)
	x.Config.Exports[0].Keep = 2
	x.exportAndDeliver(t, 1)
	x.Config.Exports[0].To = x.Config.Exports[0].To[:1]
	outbox := filepath.Join(string(x.outbox()), "nightly")
	for day := 2; day <= 3; day++ {
		x.exportAndDeliver(t, day)
		if _, err := os.Stat(outbox); (err == nil) != (day == 2) {
			t.Errorf("after run %d the outbox: %v", day, err)
		}
	}
}

func TestAnOutboxWithoutRemotesIsRemoved(t *testing.T) {
	crm := &fakeRemote{name: "crm", err: errDown}
	x, e := exporterWithRemotes(t, crm)
	x.exportAndDeliver(t, 1)
	outbox := filepath.Join(string(x.outbox()), "nightly")
	keepsOutbox := func(remotes ...segments.Destination) bool {
		e.To = append(e.To[:1:1], remotes...)
		if err := x.cleanUp(e); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(outbox)
		return err == nil
	}
	if !keepsOutbox() {
		t.Error("a run that waits was removed")
	}
	crm.failWith(nil)
	x.deliverAll(t)
	if !keepsOutbox(crm) {
		t.Error("a run of an export with remotes was removed")
	}
	if keepsOutbox() {
		t.Error("the runs of an export without remotes are kept forever")
	}
}

// forgetPublishing makes the store know of the run what it knew of it just before readers
// could see it: as if the process had been killed then.
func (x *Exporter) forgetPublishing(t *testing.T, run segments.Run) {
	t.Helper()
	part := segments.RunSegment{Segment: "do-not-text", Rows: 1, Members: true}
	if err := x.Store.ReadyRun(run, []segments.RunSegment{part}); err != nil {
		t.Fatal(err)
	}
}

func TestAPublishedRunIsTheBaseEvenIfItsProcessWasKilled(t *testing.T) {
	x := testExporter(t)
	apptest.Bounce(t, x.Store, hygiene.InstantOf(secondOfJanuary.Add(-time.Hour)), "ann")
	published := x.exportAt(t, secondOfJanuary)
	x.forgetPublishing(t, published)
	x.exportAt(t, secondOfJanuary.Add(hygiene.Day))
	var m segments.Manifest
	if err := json.Unmarshal([]byte(apptest.ReadFile(t, x.folder("latest", "manifest.json"))), &m); err != nil {
		t.Fatal(err)
	}
	if m.PreviousRun == nil || *m.PreviousRun != published.Name || x.statusOf(t, published) != segments.Published {
		t.Errorf("the next run's previous is %v, and run %s is %s", m.PreviousRun, published.Name, x.statusOf(t, published))
	}
	if delta := apptest.ReadFile(t, x.folder("latest", "do-not-text.delta.csv")); delta != "change,contact,reasons\n" {
		t.Errorf("the next delta is %q", delta)
	}
}

func TestARunThatWasNeverPublishedIsNotABase(t *testing.T) {
	x := testExporter(t)
	first := x.exportAt(t, secondOfJanuary)
	apptest.Bounce(t, x.Store, hygiene.InstantOf(secondOfJanuary.Add(time.Hour)), "ann")
	at := hygiene.InstantOf(secondOfJanuary.Add(hygiene.Day))
	unpublished := segments.Run{Export: "nightly", Name: segments.RunName(at), ScheduledAt: at}
	if _, err := x.Store.BeginRun(unpublished); err != nil {
		t.Fatal(err)
	}
	x.forgetPublishing(t, unpublished)
	x.exportAt(t, secondOfJanuary.Add(2*hygiene.Day))
	if delta := apptest.ReadFile(t, x.folder("latest", "do-not-text.delta.csv")); delta != "change,contact,reasons\nentered,ann,hard_bounce\n" {
		t.Errorf("the delta since %s is %q", first.Name, delta)
	}
	if status := x.statusOf(t, unpublished); status != segments.Failed {
		t.Errorf("the run that was never published is %s", status)
	}
}

func TestAnInterruptedReleaseIsFinished(t *testing.T) {
	for name, finish := range map[string]func(*Exporter, segments.Run) error{
		"by the same command": func(x *Exporter, run segments.Run) error {
			_, err := x.Release(context.Background(), "nightly", run.ScheduledAt, hygiene.InstantOf(time.Now()), false, nil)
			return err
		},
		"by a daemon's start": func(x *Exporter, _ segments.Run) error { return x.Recover(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			x := testExporter(t)
			e := &x.Config.Exports[0]
			e.To = append(e.To, local.Folder(filepath.Join(filepath.Dir(e.To[0].String()), "other")))
			x.exportAt(t, secondOfJanuary)
			e.Guard.MinRows = map[string]int64{"reachable": 1000}
			held := x.exportAt(t, secondOfJanuary.Add(hygiene.Day))
			if held.Status != segments.Held || !strings.Contains(held.Error, "winnow release nightly/"+held.Name) {
				t.Fatalf("the run is %s: %s", held.Status, held.Error)
			}
			if err := x.Directories(*e)[0].Release("nightly", held.Name); err != nil {
				t.Fatal(err)
			}
			if err := finish(x, held); err != nil {
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
			if status := x.statusOf(t, held); status != segments.Released {
				t.Errorf("the run is %s", status)
			}
		})
	}
}

func TestNoMoreRunsAreHeldThanAreKept(t *testing.T) {
	x := testExporter(t)
	e := &x.Config.Exports[0]
	e.Keep, e.Guard.MinRows = 2, map[string]int64{"reachable": 1000}
	var runs []segments.Run
	for day := range 4 {
		runs = append(runs, x.exportAt(t, secondOfJanuary.Add(time.Duration(day)*hygiene.Day)))
	}
	for i, want := range []segments.Status{segments.Discarded, segments.Discarded, segments.Held, segments.Held} {
		_, err := os.Stat(x.folder("held", runs[i].Name))
		if got := x.statusOf(t, runs[i]); got != want || (err == nil) != (want == segments.Held) {
			t.Errorf("run %s is %s and its folder %v, want it %s", runs[i].Name, got, err, want)
		}
	}
}
