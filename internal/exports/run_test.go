package exports

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
)

// Nobody waits in a test.
func init() { DeliveryBackoff = Backoff{} }

// testExporter makes runs of a new store, under testConfig.
func testExporter(t *testing.T) *Exporter { return &Exporter{Operations: apptest.Operations(t)} }

func TestWhoBouncedWhileARunBeginsIsNotTexted(t *testing.T) {
	a := testExporter(t)
	began := hygiene.InstantOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	present := began
	apptest.Bounce(t, a.Store, began.Add(time.Second), "ann") // after the run began, before its sweep
	result, err := a.Export(context.Background(), "nightly", began.Time(), func() hygiene.Instant {
		present = present.Add(2 * time.Second)
		return present
	})
	if err != nil {
		t.Fatal(err)
	}
	latest := filepath.Join(a.Config.Exports[0].To[0], "nightly", "latest")
	if text := apptest.ReadFile(t, filepath.Join(latest, "do-not-text.csv")); text != "contact,reasons\nann,hard_bounce\n" {
		t.Errorf("do-not-text.csv is %q", text)
	}
	if text := apptest.ReadFile(t, filepath.Join(latest, "reachable.csv")); text != "contact,phone,status\n" {
		t.Errorf("reachable.csv is %q as of %s", text, result.Run.AsOf)
	}
}
