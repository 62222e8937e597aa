package exports

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/segments"
)

func TestRedeliveringAnOlderRunDoesNotMoveReaders(t *testing.T) {
	crm := &fakeRemote{name: "crm"}
	x, e := exporterWithRemotes(t, crm)
	older, newer := x.exportAndDeliver(t, 1), x.exportAndDeliver(t, 2)
	if err := os.RemoveAll(x.folder(older.Name)); err != nil {
		t.Fatal(err)
	}
	did, err := x.Redeliver(context.Background(), "nightly", older.Name, nil)
	if err != nil || len(did.Destinations) != 1 || did.Destinations[0].To != e.To[0].String() || did.Destinations[0].Status != "published" {
		t.Fatalf("redelivered as %+v, %v", did, err)
	}
	if to, _ := os.Readlink(x.folder("latest")); to != newer.Name {
		t.Errorf("latest points to %s", to)
	}
	elsewhere := t.TempDir()
	if _, err := x.Redeliver(context.Background(), "nightly", "latest", []string{elsewhere, "crm://x"}); err == nil || !strings.Contains(err.Error(), "add it there, with the keys that it needs") {
		t.Errorf("a destination that is not in the config: %v", err)
	}
	if _, err := x.Redeliver(context.Background(), "nightly", "latest", []string{elsewhere}); err != nil {
		t.Fatal(err)
	}
	copied, err := segments.OpenBundle(os.DirFS(filepath.Join(elsewhere, "nightly", "latest")), "nightly", newer.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := copied.Verify(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := x.Redeliver(context.Background(), "nightly", "2026-01-09T020000Z", nil); err == nil || !strings.Contains(err.Error(), "there is no run nightly/2026-01-09T020000Z; kept runs: "+newer.Name+", "+older.Name) {
		t.Errorf("an unknown run: %v", err)
	}
	for _, d := range x.Directories(e) {
		if err := os.WriteFile(filepath.Join(string(d), "nightly", older.Name, "reachable.csv"), nil, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if _, err := x.Redeliver(context.Background(), "nightly", older.Name, []string{elsewhere}); err == nil || !strings.Contains(err.Error(), "local file reachable.csv does not match the run's manifest") {
		t.Errorf("a damaged run: %v", err)
	}
}

func TestAFailedManualRedeliveryDoesNotQueueADeliveredRun(t *testing.T) {
	crm := &fakeRemote{name: "crm"}
	x, _ := exporterWithRemotes(t, crm)
	run := x.exportAndDeliver(t, 1)
	x.exportAndDeliver(t, 2)
	crm.failWith(errDown)
	at, err := x.deliverRemote(t.Context(), x.Config.Exports[0], run, crm)
	if err != nil || at.ok() || !strings.Contains(at.Error, errDown.Error()) {
		t.Errorf("redelivered as %+v, %v", at, err)
	}
	crm.failWith(nil)
	x.deliverAll(t)
	crm.wantRuns(t, "01*", "02*")
	if list := x.undelivered(t); len(list) > 0 {
		t.Errorf("%+v waits", list)
	}
}
