package daemon

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/schedule"
	"winnow/segments"
)

// testDaemon makes a daemon that does not serve. replace edits its config: old and new
// text in turn.
func testDaemon(t *testing.T, replace ...string) *Daemon {
	t.Helper()
	path := apptest.Config(t, t.TempDir(), "1h")
	apptest.Edit(t, path, replace...)
	return testDaemonAt(t, path, slog.New(slog.DiscardHandler))
}

// testDaemonAt is that of the config at path.
func testDaemonAt(t *testing.T, path string, log *slog.Logger) *Daemon {
	t.Helper()
	d, err := New(Options{Config: path, Version: "test", Logger: func(*config.Config) *slog.Logger { return log }})
	if err != nil {
		t.Fatal(err)
	}
	d.source.Passes.Patience = time.Minute // pages wait for what is counted beside them
	t.Cleanup(func() {
		d.public.Close()
		d.private.Close()
		if err := d.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// appendEvents stores events of one contact, received at a time.
func appendEvents(t *testing.T, d *Daemon, at time.Time, outcomes ...hygiene.Outcome) {
	t.Helper()
	var events []hygiene.Event
	for i, o := range outcomes {
		events = append(events, hygiene.Event{ReceivedAt: hygiene.InstantOf(at), Source: "insider", MessageID: at.String() + string(rune('a'+i)),
			Name: o.String(), Outcome: o, Contact: "ann", Body: []byte("{}")})
	}
	if err := d.store.Append(context.Background(), events, nil); err != nil {
		t.Fatal(err)
	}
}

// pageOf returns the page with the days counted.
func pageOf(t *testing.T, d *Daemon) view.Overview {
	t.Helper()
	p, err := d.page(t.Context(), view.OverviewQuery{Days: 30})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// alerts returns the alerts of a page, a line each.
func alerts(p view.Overview) string {
	var lines []string
	for _, t := range p.Alerts {
		lines = append(lines, t.Text()+" "+t.Command)
	}
	return strings.Join(lines, "\n")
}

func TestThePageOfAHealthyDaemonHasNoAlerts(t *testing.T) {
	d := testDaemon(t)
	appendEvents(t, d, time.Now(), hygiene.Delivered) // waits for the next sweep, which is not late
	if p := pageOf(t, d); len(p.Alerts) > 0 {
		t.Error(alerts(p))
	}
}

func TestThePageHasAnAlertWhenSweepsAreLate(t *testing.T) {
	d := testDaemon(t)
	appendEvents(t, d, time.Now().Add(-2*maxLag), hygiene.Delivered, hygiene.Sent)
	if p := pageOf(t, d); !strings.Contains(alerts(p), "No rule has acted on what came in since ") || !strings.Contains(alerts(p), "2 events are waiting to be swept") {
		t.Errorf("alerts: %s", alerts(p))
	}
}

func TestThePageSaysWhatTheCRMHasWhileRunsAreHeld(t *testing.T) {
	d := testDaemon(t, "to: [./exports]", "to: [./exports], guard: {min_rows: {do-not-text: 1}}")
	appendEvents(t, d, time.Now(), hygiene.HardBounce)
	for i, want := range []string{"published", "held"} {
		if i == 1 {
			if _, err := d.instruct(t.Context(), view.Instruction{Contact: "ann", Kind: hygiene.Allow, By: "test"}); err != nil {
				t.Fatal(err)
			}
		}
		run, err := d.export(t.Context(), d.Exporter(), "nightly", time.Now().Add(time.Duration(i)*time.Second))
		if string(run.Status) != want {
			t.Fatalf("run %d is %s: %v", i, run.Status, err)
		}
	}
	p := pageOf(t, d)
	if text := alerts(p); !strings.Contains(text, "The CRM has not got the latest version of the list. 1 run is held: segment \"do-not-text\"") || !strings.Contains(text, "winnow release nightly/") {
		t.Errorf("alerts: %s", text)
	}
	for _, a := range p.Alerts {
		if len(a.Actions) != 2 || a.Actions[0].Path != "/runs/"+a.Run || !a.Actions[1].Post || a.Actions[1].Fields[0].Value != "nightly" {
			t.Errorf("actions %+v", a.Actions)
		}
	}
	if f := p.InFiles; len(f) != 2 || f[1].Rows != 1 || f[1].Held == nil || *f[1].Held != 0 || f[1].Words != "Every suppressed contact" {
		t.Errorf("in the files are %+v", f)
	}
	if !p.Published || !p.File.Late || p.File.NextAt == 0 {
		t.Errorf("the last file is %+v", p.File)
	}
}

// jobOf is a job on the page.
func jobOf(t *testing.T, p view.Overview, key string) view.Job {
	t.Helper()
	for _, j := range p.Jobs {
		if j.Key() == key {
			return j
		}
	}
	t.Fatalf("the page has no job %s: %+v", key, p.Jobs)
	return view.Job{}
}

func TestAfterARestartThePageKnowsTheLastRuns(t *testing.T) {
	d := testDaemon(t)
	if j := jobOf(t, pageOf(t, d), "export/nightly"); j.Last != 0 {
		t.Errorf("an export that never ran ended at %s", j.Last)
	}
	made, err := d.export(t.Context(), d.Exporter(), "nightly", time.Now()) // as a command does, which no job knows of
	if err != nil {
		t.Fatal(err)
	}
	review := d.state.schedules["review/review"]
	scheduled, ok := review.Latest(time.Now(), time.Now().AddDate(0, 0, -3))
	if !ok {
		t.Fatal("the review has no schedule")
	}
	if err := d.store.RecordJobTime(t.Context(), "review/review", scheduled.Add(-time.Hour-time.Millisecond)); err != nil { // when the job was first known
		t.Fatal(err)
	}
	p := pageOf(t, d)
	if j := jobOf(t, p, "export/nightly"); j.Last != made.FinishedAt || j.Took != 0 || j.Error != "" {
		t.Errorf("the export: %+v, it ended at %s", j, made.FinishedAt)
	}
	if j := jobOf(t, p, "review/review"); j.Last != 0 {
		t.Errorf("a review that never ran ended at %s", j.Last)
	}
	if err := d.store.RecordJobTime(t.Context(), "review/review", scheduled); err != nil {
		t.Fatal(err)
	}
	if j := jobOf(t, pageOf(t, d), "review/review"); j.Last != hygiene.InstantOf(scheduled) {
		t.Errorf("the review ended at %s, want %s", j.Last, scheduled)
	}
	d.state.ended(schedule.Job{Kind: schedule.Export, Name: "nightly"}, time.Second, nil)
	if j := jobOf(t, pageOf(t, d), "export/nightly"); j.Last <= made.FinishedAt || j.Took != time.Second {
		t.Errorf("after a job of this process: %+v", j)
	}
}

func TestAReleaseIsNotTheEndOfARun(t *testing.T) {
	d := testDaemon(t)
	for status, want := range map[segments.Status]hygiene.Instant{segments.Published: 3000000, segments.Released: 2000000, segments.Failed: 3000000, segments.Running: 0} {
		run := segments.Run{Export: "nightly", Status: status, AsOf: 2000000, FinishedAt: 3000000, Error: "the disk is full"}
		if status == segments.Running {
			run.FinishedAt = 0
		}
		p := view.Overview{At: 4000000, Runs: []segments.Run{run}, Jobs: []view.Job{{Name: "nightly", Kind: "export"}}}
		if err := d.fillJobs(t.Context(), &p); err != nil || p.Jobs[0].Last != want || (p.Jobs[0].Error != "") != (status == segments.Failed) {
			t.Errorf("%s: %+v, %v", status, p.Jobs[0], err)
		}
	}
}

func TestAClockThatIsBehindTheLogIsTold(t *testing.T) {
	var log strings.Builder
	path := apptest.Config(t, t.TempDir(), "1h")
	d := testDaemonAt(t, path, slog.New(slog.NewTextHandler(&log, nil)))
	if p := alerts(pageOf(t, d)); strings.Contains(p, "The clock") {
		t.Errorf("the log is empty, and the page says %s", p)
	}
	appendEvents(t, d, time.Now().Add(2*time.Hour), hygiene.Delivered)
	if err := d.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p := alerts(pageOf(t, d)); !strings.Contains(p, "The clock is behind the log, whose last event was received at ") {
		t.Errorf("the page says %s", p)
	}
	totals, err := d.totals()
	if err != nil || totals.Behind < time.Hour || totals.Behind > 2*time.Hour {
		t.Errorf("the metric is %s, %v", totals.Behind, err)
	}
	if !strings.Contains(log.String(), "the clock is behind the log") {
		t.Errorf("the log of a sweep says %s", log.String())
	}
}

func TestAnEventReceivedDuringASweepIsNotAheadOfTheClock(t *testing.T) {
	var log strings.Builder
	d := testDaemonAt(t, apptest.Config(t, t.TempDir(), "1h"), slog.New(slog.NewTextHandler(&log, nil)))
	began := hygiene.InstantOf(time.Now())
	appendEvents(t, d, time.Now().Add(time.Microsecond), hygiene.Delivered)
	if err := d.Operations().CheckClock(began); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), "the clock is behind the log") {
		t.Errorf("the log says %s", log.String())
	}
}
