package daemon

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/segments"
	"winnow/store"
)

// A run that was held, and whose contact has opted out since, is named as out of date,
// and is published over HTTP only if the caller insists.
func TestAStaleRunIsReleasedOnlyIfTheCallerInsists(t *testing.T) {
	d := testDaemon(t, "to: [./exports]", "to: [./exports], guard: {min_rows: {reachable: 1000}}")
	appendEvents(t, d, time.Now().Add(-time.Hour), hygiene.Sent)
	held, err := d.export(t.Context(), d.Exporter(), "nightly", time.Now())
	if held.Status != segments.Held {
		t.Fatalf("the run is %s, %v", held.Status, err)
	}
	if p, err := d.page(t.Context(), view.OverviewQuery{Days: 30}); err != nil || !strings.Contains(alerts(p), "The CRM has not got the list yet. 1 run is held: ") || strings.Contains(alerts(p), "out of date") {
		t.Errorf("before, the page says %q, %v", alerts(p), err)
	}
	in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: hygiene.OptedOut, By: "ops"}
	if _, err := d.Operations().Instruct(store.Subjects{Keys: []string{"ann"}}, in, hygiene.InstantOf(time.Now())); err != nil {
		t.Fatal(err)
	}
	p, err := d.page(t.Context(), view.OverviewQuery{Days: 30})
	if err != nil || !strings.Contains(alerts(p), "What is held is out of date: contacts that it offers were suppressed since: 1 for opted_out. Make a new run. winnow export nightly") {
		t.Errorf("the page says %q, %v", alerts(p), err)
	}
	_, err = d.release(t.Context(), view.RunRelease{Export: "nightly", Run: held.Name, Stale: false, By: "test"})
	wantAPIError(t, err, http.StatusConflict, "the held run is out of date")
	released, err := d.release(t.Context(), view.RunRelease{Export: "nightly", Run: held.Name, Stale: true, By: "test"})
	if err != nil || released.Status != segments.Released {
		t.Errorf("released as %+v, %v", released, err)
	}
}
