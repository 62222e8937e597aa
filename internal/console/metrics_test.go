package console

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/callback"
	"winnow/internal/console/view"
)

// scraped is the answer to a scrape.
func scraped(t *testing.T, m *Metrics) string {
	t.Helper()
	w := ask(Config{Metrics: m}, "GET", "/metrics", "")
	if w.Code != 200 {
		t.Fatalf("a scrape is answered %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func wantSamples(t *testing.T, m *Metrics, samples ...string) {
	t.Helper()
	text := scraped(t, m)
	for _, sample := range samples {
		if !strings.Contains(text, "\n"+sample+"\n") {
			name, _, _ := strings.Cut(sample, "{")
			t.Errorf("no sample %s; there are: %s", sample, regexp.MustCompile(`(?m)^`+name+`.*$`).FindAllString(text, 20))
		}
	}
}

// reported is metrics that every package has reported to.
func reported(read func() (Totals, error), files ...string) *Metrics {
	m := NewMetrics("1.2.3", read, files...)
	at := time.Unix(1_800_000_000, 0)
	m.Configured([]string{"insider"}, []string{"nightly"})
	m.Callback("insider", "stored", 2*time.Millisecond)
	m.Callback("", "unauthorised", time.Millisecond)
	m.Stored([]hygiene.Event{{Source: "insider", Outcome: hygiene.HardBounce}, {Source: "insider", Outcome: hygiene.HardBounce}, {Source: "other", Outcome: hygiene.Sent}},
		[]hygiene.Unreadable{{Source: "insider"}, {Source: "insider", Unverified: &callback.Unverified{}}, {Source: "insider", Unverified: &callback.Unverified{Waits: true}}})
	m.Callback("insider", "unverified", time.Millisecond)
	m.Appended(3, 2*time.Millisecond)
	m.Swept(10, 2, 3, 4, time.Second, nil)
	m.Swept(0, 0, 0, 0, time.Second, errBroken)
	m.RunEnded("nightly", "published", at, time.Minute, 1234)
	m.RunEnded("nightly", "failed", at.Add(time.Hour), time.Minute, 0)
	m.JobEnded("nightly", "export", time.Minute, nil)
	m.JobEnded("sweep", "sweep", time.Second, errBroken)
	m.JobSkipped("sweep")
	m.Reloaded(true, at, "abc")
	m.Reloaded(false, at.Add(time.Hour), "abc")
	return m
}

func TestWhatPackagesReportIsCounted(t *testing.T) {
	wantSamples(t, reported(nil),
		`winnow_callbacks_total{answer="stored",source="insider"} 1`,
		`winnow_callbacks_total{answer="unauthorised",source=""} 1`,
		`winnow_callbacks_total{answer="unavailable",source="insider"} 0`,
		`winnow_callback_duration_seconds_count 3`,
		`winnow_events_total{outcome="hard_bounce",source="insider"} 2`,
		`winnow_events_total{outcome="unsubscribed",source="insider"} 0`,
		`winnow_events_total{outcome="sent",source=""} 1`,
		`winnow_quarantined_total{source="insider"} 3`,
		`winnow_unverified_total{source="insider"} 2`,
		`winnow_append_duration_seconds_count 1`,
		`winnow_append_events_sum 3`,
		`winnow_sweeps_total{status="ok"} 1`,
		`winnow_sweeps_total{status="failed"} 1`,
		`winnow_swept_events_total{what="applied"} 5`,
		`winnow_swept_events_total{what="repeat"} 2`,
		`winnow_swept_events_total{what="unmatched"} 3`,
		`winnow_ledger_entries_total 4`,
		`winnow_sweep_duration_seconds_sum 2`,
		`winnow_runs_total{export="nightly",status="published"} 1`,
		`winnow_runs_total{export="nightly",status="held"} 0`,
		`winnow_run_duration_seconds_count{export="nightly"} 2`,
		`winnow_run_last_success_timestamp_seconds{export="nightly"} 1.8e+09`,
		`winnow_run_rows{export="nightly"} 0`,
		`winnow_jobs_total{job="sweep",kind="sweep",status="failed"} 1`,
		`winnow_jobs_skipped_total{job="sweep"} 1`,
		`winnow_job_duration_seconds_count{kind="export"} 1`,
		`winnow_config_last_reload_successful 0`,
		`winnow_config_last_reload_success_timestamp_seconds 1.8e+09`,
		`winnow_policy_info{hash="abc"} 1`,
	)
}

func TestOnlyThePolicyInForceIsShown(t *testing.T) {
	m := NewMetrics("", nil)
	m.Reloaded(true, time.Unix(1, 0), "first")
	m.Reloaded(true, time.Unix(2, 0), "second")
	text := scraped(t, m)
	if strings.Contains(text, `hash="first"`) || !strings.Contains(text, `winnow_policy_info{hash="second"} 1`) {
		t.Errorf("policies: %s", regexp.MustCompile(`(?m)^winnow_policy.*$`).FindAllString(text, -1))
	}
}

func TestMetricsOfARemovedExportAreDropped(t *testing.T) {
	m := reported(nil)
	m.Configured([]string{"insider"}, []string{"weekly"})
	if text := scraped(t, m); strings.Contains(text, `export="nightly"`) || !strings.Contains(text, `winnow_runs_total{export="weekly",status="failed"} 0`) {
		t.Errorf("exports: %s", regexp.MustCompile(`(?m)^winnow_run.*$`).FindAllString(text, -1))
	}
}

func TestEveryMetricIsOfWinnowOrTheRuntime(t *testing.T) {
	m := reported(func() (Totals, error) {
		return Totals{Totals: view.Totals{Statuses: map[string]int64{"active": 1}}}, nil
	})
	for _, name := range regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(scraped(t, m), -1) {
		if !regexp.MustCompile(`^(winnow|go|process|promhttp)_`).MatchString(name[1]) {
			t.Errorf("metric %s", name[1])
		}
	}
	wantSamples(t, m, `winnow_store_up 1`)
	if text := scraped(t, m); !strings.Contains(text, `winnow_build_info{goversion="go`) || !strings.Contains(text, `version="1.2.3"} 1`) || !strings.Contains(text, "go_goroutines") || !strings.Contains(text, "process_") {
		t.Error("the version, the runtime or the process is not shown")
	}
}

func TestStoreIsReadWhenPrometheusAsks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.db")
	if err := os.WriteFile(path, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	m := NewMetrics("", func() (Totals, error) {
		n++
		return Totals{Totals: view.Totals{Events: 10 * n, LastSeq: 11, Sweep: view.SweepProgress{Lag: 3}, Repeats: 4, Quarantined: 5, Unmatched: 6, Conflicts: map[string]int64{"insider": 8}, Statuses: map[string]int64{"cooling": 7}},
			HeldRuns: map[string]int{"nightly": 1, "hourly": 0}, Database: 12345,
			Breakers: []BreakerTotals{{Source: "insider", Outcome: "hard_bounce", Waiting: 8, Held: 9}}}, nil
	}, path, path+"-wal")
	wantSamples(t, m, `winnow_store_up 1`, `winnow_log_events 10`, `winnow_log_last_seq 11`, `winnow_sweep_lag_events 3`, `winnow_repeats_total 4`,
		`winnow_quarantine_bodies 5`, `winnow_unmatched_events 6`, `winnow_contact_conflicts_total{source="insider"} 8`, `winnow_contacts{status="cooling"} 7`,
		`winnow_breaker_waiting{outcome="hard_bounce",source="insider"} 8`, `winnow_breaker_held_events_total{outcome="hard_bounce",source="insider"} 9`, `winnow_store_bytes{file="winnow.db"} 4096`, `winnow_store_bytes{file="database"} 12345`,
		`winnow_runs_held{export="nightly"} 1`, `winnow_runs_held{export="hourly"} 0`)
	wantSamples(t, m, `winnow_log_events 20`)
}

func TestAFailingStoreLosesOnlyItsOwnMetrics(t *testing.T) {
	for name, read := range map[string]func() (Totals, error){
		"fails":  func() (Totals, error) { return Totals{}, errBroken },
		"panics": func() (Totals, error) { panic("broken") },
	} {
		m := reported(read)
		wantSamples(t, m, `winnow_store_up 0`, `winnow_sweeps_total{status="ok"} 1`)
		if strings.Contains(scraped(t, m), "winnow_log_events ") {
			t.Errorf("a store that %s has numbers", name)
		}
	}
}

func TestOneBrokenMetricDoesNotBreakTheScrape(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantSamples(t, reported(nil, path, path), `winnow_sweeps_total{status="ok"} 1`)
}

func TestAStoreThatHangsDoesNotHangAScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var readings atomic.Int64
		hang := make(chan struct{})
		g := newStoreCollector(func() (Totals, error) {
			readings.Add(1)
			<-hang
			return Totals{Totals: view.Totals{Events: 1}}, nil
		}, nil)
		for range 5 {
			if _, good := g.latest(); good {
				t.Error("a store that hangs is up")
			}
		}
		if n := readings.Load(); n != 1 {
			t.Errorf("%d readings stand before a store that hangs", n)
		}
		close(hang)
		synctest.Wait()
		if totals, good := g.latest(); !good || totals.Events != 1 || readings.Load() != 2 {
			t.Errorf("after it: %+v, %v, %d readings", totals, good, readings.Load())
		}
	})
}

func TestAPIRequestsAreCountedByRouteAndNeverByPath(t *testing.T) {
	m := NewMetrics("", nil)
	c := Config{Metrics: m, Status: status}
	ask(c, "GET", "/api/v1/contacts/secret", "", "Authorization", "Bearer "+token)
	ask(c, "GET", "/api/v1/status", "", "Authorization", "Bearer "+token)
	ask(c, "GET", "/api/v1/status", "", "Authorization", "Bearer wrong")
	ask(c, "GET", "/"+token, "")
	wantSamples(t, m, `winnow_api_requests_total{route="/api/v1/contacts/{key}",status="404"} 1`,
		`winnow_api_requests_total{route="/api/v1/status",status="200"} 1`, `winnow_api_requests_total{route="/api/v1/status",status="401"} 1`)
	if text := scraped(t, m); strings.Contains(text, token) || strings.Contains(text, "secret") {
		t.Error("a token or a contact is in the metrics")
	}
}

func BenchmarkStored(b *testing.B) {
	m := NewMetrics("", nil)
	m.Configured([]string{"insider"}, nil)
	events := []hygiene.Event{{Source: "insider", Outcome: hygiene.Delivered}}
	b.ReportAllocs()
	for b.Loop() {
		m.Callback("insider", "stored", time.Millisecond)
		m.Stored(events, nil)
	}
}

func BenchmarkRegister(b *testing.B) {
	var log strings.Builder
	for i := range 1000 {
		log.WriteString(line(fmt.Sprint("sms-66944540-5ade-", i), "+905551234567"))
	}
	text := log.String()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		post(&messageStore{}, text)
	}
}

func TestLostDeliveriesAndWaitingJobsAreShown(t *testing.T) {
	m := NewMetrics("1", func() (Totals, error) {
		return Totals{Deliveries: map[string]DeliveryTotals{"nightly": {Lost: 2}}, Waiting: 90 * time.Second}, nil
	})
	text := scraped(t, m)
	for _, line := range []string{`winnow_deliveries_lost{export="nightly"} 2`, "winnow_jobs_waiting_seconds 90"} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("not shown: %s", line)
		}
	}
}
