package exports

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/segments"
	"winnow/store"
	"winnow/store/runs"
)

func TestAServerThatWasDownGetsItsRunsInOrder(t *testing.T) {
	crm, lake := &fakeRemote{name: "crm"}, &fakeRemote{name: "lake"}
	x, e := exporterWithRemotes(t, crm, lake)
	x.exportAndDeliver(t, 1)
	crm.failWith(errDown)
	for day := 2; day <= 4; day++ {
		run := x.exportAndDeliver(t, day)
		if to, _ := os.Readlink(x.folder("latest")); to != run.Name || run.Status != segments.Published {
			t.Errorf("run %d is %s and latest %s", day, run.Status, to)
		}
	}
	crm.wantRuns(t, "01*")
	lake.wantRuns(t, "01*", "02*", "03*", "04*")
	if alerts := DeliveryAlerts(x.undelivered(t), 0); len(alerts) != 1 || !strings.Contains(alerts[0].Text(), "3 runs of nightly. The first is 2026-01-02T020000Z: nobody answers") {
		t.Errorf("the alerts are %+v", alerts)
	}
	crm.failWith(nil)
	if err := x.deliver(context.Background(), e, false); err != nil {
		t.Fatal(err)
	}
	crm.wantRuns(t, "01*", "02", "03", "04*")
	if list := x.undelivered(t); len(list) > 0 {
		t.Errorf("still waiting: %+v", list)
	}
}

func TestAKillBeforeDeliveringLosesNoRun(t *testing.T) {
	crm := &fakeRemote{name: "crm"}
	x, e := exporterWithRemotes(t, crm)
	x.exportAndDeliver(t, 1)
	for day := 2; day <= 3; day++ {
		at := hygiene.InstantOf(time.Date(2026, 1, day, 2, 0, 0, 0, time.UTC))
		run := segments.Run{Export: "nightly", Name: segments.RunName(at), ScheduledAt: at, AsOf: at}
		if _, err := x.Store.BeginRun(run); err != nil {
			t.Fatal(err)
		}
		if _, err := x.makeFiles(context.Background(), e, run, func() hygiene.Instant { return at }); err != nil {
			t.Fatal(err)
		}
		if err := x.recoverRuns(e); err != nil { // as the next process does, which is killed too
			t.Fatal(err)
		}
	}
	x.deliverAll(t)
	crm.wantRuns(t, "01*", "02", "03*")
}

func TestAHeldRunIsDeliveredOnlyAfterItsRelease(t *testing.T) {
	crm := &fakeRemote{name: "crm"}
	x, _ := exporterWithRemotes(t, crm)
	x.exportAndDeliver(t, 1)
	x.Config.Exports[0].Guard.MinRows = map[string]int64{"reachable": 1000}
	held := x.exportAndDeliver(t, 2)
	crm.wantRuns(t, "01*")
	if _, err := x.Redeliver(context.Background(), "nightly", held.Name, nil); err == nil || !strings.Contains(err.Error(), "winnow release nightly/"+held.Name) {
		t.Errorf("redelivering a held run gives %v", err)
	}
	if _, err := x.Release(context.Background(), "nightly", held.ScheduledAt, hygiene.InstantOf(time.Now()), false, nil); err != nil {
		t.Fatal(err)
	}
	x.deliverAll(t)
	crm.wantRuns(t, "01*", "02*")
}

// The outbox is younger than the run, so the run is missing there.
func TestARunHeldBeforeRemotesWereConfiguredReachesThem(t *testing.T) {
	crm := &fakeRemote{name: "crm"}
	x, _ := exporterWithRemotes(t)
	x.Config.Exports[0].Guard.MinRows = map[string]int64{"reachable": 1000}
	held := x.exportAndDeliver(t, 1)
	x.Config.Exports[0].To = append(x.Config.Exports[0].To, crm)
	did, err := x.Release(context.Background(), "nightly", held.ScheduledAt, hygiene.InstantOf(time.Now()), false, nil)
	if err != nil || did.Run.Error != "" {
		t.Errorf("the release gives %v, %q", err, did.Run.Error)
	}
	x.deliverAll(t)
	crm.wantRuns(t, "01*")
}

func TestTwoProcessesDeliverARunOnce(t *testing.T) {
	crm := &fakeRemote{name: "crm"}
	x, _ := exporterWithRemotes(t, crm)
	crm.failWith(errDown)
	x.exportAndDeliver(t, 1)
	crm.failWith(nil)
	second, err := store.Open(x.Store.Location())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	var both sync.WaitGroup
	var errs [2]error
	for i, s := range []*store.Store{x.Store, second} {
		operations := *x.Operations
		operations.Store = s
		other := Exporter{Operations: &operations}
		both.Go(func() { errs[i] = other.deliver(t.Context(), other.Config.Exports[0], true) })
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Error(err)
	}
	crm.wantRuns(t, "01*")
}

func TestALostRunDoesNotBlockLaterRuns(t *testing.T) {
	crm := &fakeRemote{name: "crm", err: errDown}
	x, e := exporterWithRemotes(t, crm)
	first, damaged := x.exportAndDeliver(t, 1), x.exportAndDeliver(t, 2)
	x.exportAndDeliver(t, 3)
	for _, d := range x.Directories(e) {
		if err := os.RemoveAll(filepath.Join(string(d), "nightly", first.Name)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(string(d), "nightly", damaged.Name, "reachable.csv"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	crm.failWith(nil)
	x.deliverAll(t)
	crm.wantRuns(t, "03*")
	list, err := x.Store.Deliveries("nightly")
	if err != nil || list[0].Status != runs.Lost || list[1].Status != runs.Lost || !strings.Contains(list[1].Error, "no intact copy of the run is left") {
		t.Errorf("the deliveries are %+v, %v", list, err)
	}
}

func TestAnyIntactCopyIsDelivered(t *testing.T) {
	crm := &fakeRemote{name: "crm", err: errDown}
	x, _ := exporterWithRemotes(t, crm)
	run := x.exportAndDeliver(t, 1)
	if err := os.Remove(filepath.Join(string(x.outbox()), "nightly", run.Name, "reachable.csv")); err != nil {
		t.Fatal(err)
	}
	crm.failWith(nil)
	x.deliverAll(t)
	crm.wantRuns(t, "01*")
}

func TestARefusedLoginIsNotRetriedSoon(t *testing.T) {
	defer func(b Backoff) { DeliveryBackoff = b }(DeliveryBackoff)
	DeliveryBackoff = Backoff{pauses: []time.Duration{1, 1}, first: time.Minute, longest: time.Hour}
	locked, down := &fakeRemote{name: "locked", err: fmt.Errorf("no: %w", segments.ErrAuth)}, &fakeRemote{name: "down", err: errDown}
	x, e := exporterWithRemotes(t, locked, down)
	x.exportAndDeliver(t, 1)
	if err := x.deliver(context.Background(), e, false); err != nil { // not yet due
		t.Fatal(err)
	}
	if locked.calls != 1 || down.calls != 3 {
		t.Errorf("%d tries where the login is refused, and %d where nobody answers", locked.calls, down.calls)
	}
	for _, d := range x.undelivered(t) {
		wait := d.NextAt.Sub(hygiene.InstantOf(time.Now()))
		if d.Remote == "locked" && wait < 50*time.Minute || d.Remote == "down" && (wait > 2*time.Minute || wait < 30*time.Second) {
			t.Errorf("%s is tried again in %s", d.Remote, wait)
		}
	}
}

func TestCheckingForDeliveriesWritesNothing(t *testing.T) {
	crm := &fakeRemote{name: "crm"}
	x, e := exporterWithRemotes(t, crm)
	x.exportAndDeliver(t, 1)
	wal := func() string { return apptest.ReadFile(t, x.Store.Path()+"-wal") }
	before := wal()
	for range 20 {
		if err := x.deliver(context.Background(), e, false); err != nil {
			t.Fatal(err)
		}
	}
	if wal() != before {
		t.Error("the store was written")
	}
	if crm.calls != 1 {
		t.Errorf("%d tries", crm.calls)
	}
}

func TestAPanicOfOneRemoteDoesNotAffectOthers(t *testing.T) {
	crm := &fakeRemote{name: "crm"}
	x, e := exporterWithRemotes(t, panickingRemote{&fakeRemote{name: "odd"}}, crm)
	x.exportAt(t, secondOfJanuary)
	if err := x.deliver(context.Background(), e, true); err == nil || !strings.Contains(err.Error(), "odd: panic") {
		t.Errorf("the panic is reported as %v", err)
	}
	crm.wantRuns(t, "02*")
}

type panickingRemote struct{ *fakeRemote }

func (panickingRemote) Deliver(context.Context, segments.Delivery) error { panic("a fault") }
