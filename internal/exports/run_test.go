package exports

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/segments"
)

func TestAContactThatBouncesWhileARunBeginsIsNotTexted(t *testing.T) {
	x := testExporter(t)
	began := hygiene.InstantOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	present := began
	apptest.Bounce(t, x.Store, began.Add(time.Second), "ann") // after the run began, before its sweep
	result, err := x.Export(context.Background(), "nightly", began.Time(), func() hygiene.Instant {
		present = present.Add(2 * time.Second)
		return present
	})
	if err != nil {
		t.Fatal(err)
	}
	latest := filepath.Join(x.Config.Exports[0].To[0].String(), "nightly", "latest")
	if text := apptest.ReadFile(t, filepath.Join(latest, "do-not-text.csv")); text != "contact,reasons\nann,hard_bounce\n" {
		t.Errorf("do-not-text.csv is %q", text)
	}
	if text := apptest.ReadFile(t, filepath.Join(latest, "reachable.csv")); text != "contact,phone,status\n" {
		t.Errorf("reachable.csv is %q as of %s", text, result.Run.AsOf)
	}
}

// A full disk keeps a run from beginning, and alerts depend on its status.
func TestARunThatCannotBeginHasFailed(t *testing.T) {
	x := testExporter(t)
	x.Store.Close()
	result, err := x.Export(t.Context(), "nightly", secondOfJanuary, func() hygiene.Instant { return 0 })
	if err == nil || result.Run.Status != segments.Failed || result.Run.Export != "nightly" || result.Run.Error == "" {
		t.Errorf("the run is %+v, %v", result.Run, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if result, _ := testExporter(t).Export(ctx, "nightly", secondOfJanuary, func() hygiene.Instant { return 0 }); result.Run.Status == segments.Published {
		t.Errorf("a canceled run is %+v", result.Run)
	}
}
