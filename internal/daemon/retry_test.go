package daemon

import (
	"os"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/schedule"
	"winnow/internal/status"
	"winnow/segments"
)

// The run of a night that met a trouble is made under its identity once it is over, and
// everyone can see that it will be.
func TestAScheduledRunThatFailsIsTriedAgain(t *testing.T) {
	d := testDaemon(t)
	exportsFolder := d.exports()[0].To[0].String()
	if err := os.WriteFile(exportsFolder, nil, 0o600); err != nil { // where a folder is needed
		t.Fatal(err)
	}
	at := time.Now().Truncate(time.Second)
	job := schedule.Job{Kind: schedule.Export, Name: "nightly"}
	err := d.scheduledExport(t.Context(), "nightly", at)
	again, is := err.(*schedule.RetryError)
	if !is {
		t.Fatalf("a run that can't be written ends with %v", err)
	}
	observer{d}.JobFinished(job, at, time.Second, again)
	observer{d}.RetryScheduled(job, at, 3, at.Add(40*time.Second))

	st, err := status.Collect(d.current.Load(), d.store, hygiene.InstantOf(time.Now()))
	if err != nil || st.Runs[0].Status != segments.Failed || st.Runs[0].NextTryAt != hygiene.InstantOf(at.Add(40*time.Second)) {
		t.Fatalf("the status has %+v, %v", st.Runs, err)
	}
	var text strings.Builder
	status.Print(&text, st, hygiene.InstantOf(at))
	when := at.Add(40 * time.Second).UTC().Format(time.RFC3339)
	if !strings.Contains(text.String(), "a daemon tries it again at "+when+": ") {
		t.Errorf("winnow status prints\n%s", text.String())
	}
	p, err := d.page(t.Context(), view.OverviewQuery{Days: 30})
	if err != nil || !strings.Contains(alerts(p), "it is tried again at "+when) {
		t.Errorf("the page says %q, %v", alerts(p), err)
	}
	if got := jobMetrics(t, d); !strings.Contains(got, `winnow_job_failures{job="nightly",kind="export"} 3`) {
		t.Error("the metrics do not say that the job failed three times")
	}

	if err := os.Remove(exportsFolder); err != nil {
		t.Fatal(err)
	}
	if err := d.scheduledExport(t.Context(), "nightly", at); err != nil {
		t.Fatal(err)
	}
	observer{d}.JobFinished(job, at, time.Second, nil)
	run, _, err := d.store.RunOf("nightly", hygiene.InstantOf(at))
	if err != nil || run.Status != segments.Published || run.NextTryAt != 0 {
		t.Errorf("the run ends as %+v, %v", run, err)
	}
	if got := jobMetrics(t, d); !strings.Contains(got, `winnow_job_failures{job="nightly",kind="export"} 0`) {
		t.Error("the metric is not back at 0")
	}
	if err := d.scheduledExport(t.Context(), "nightly", at); err != nil {
		t.Errorf("a run that is made is an error at one more try: %v", err)
	}
}

// A run that is held was made, and is not made again.
func TestAHeldRunIsNotTriedAgain(t *testing.T) {
	d := testDaemon(t, "to: [./exports]", "to: [./exports], guard: {min_rows: {reachable: 1000}}")
	err := d.scheduledExport(t.Context(), "nightly", time.Now().Truncate(time.Second))
	if _, again := err.(*schedule.RetryError); err == nil || again {
		t.Errorf("a held run ends with %#v", err)
	}
}
