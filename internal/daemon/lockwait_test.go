package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/console"
	"winnow/internal/schedule"
	"winnow/segments"
)

// held takes the turn as another process would, until it is let go.
func (d *dashboard) held(t *testing.T) (letGo func()) {
	t.Helper()
	turn := app.StoreLock(d.store)
	if ok, err := turn.TryLock(); !ok || err != nil {
		t.Fatalf("the turn can't be taken: %v", err)
	}
	return func() {
		if err := turn.Unlock(); err != nil {
			t.Error(err)
		}
	}
}

// wantRefused demands a refusal of that status.
func wantRefused(t *testing.T, err error, status int, words string) {
	t.Helper()
	var refusal *console.Refusal
	if !errors.As(err, &refusal) || refusal.Status != status || !strings.Contains(err.Error(), words) {
		t.Errorf("the error is %v, want a refusal %d with %q", err, status, words)
	}
}

// counts are the lines of the metrics that tell how jobs named nightly ended.
func (d *dashboard) counts(t *testing.T) (lines string) {
	t.Helper()
	w := newRecorder()
	d.console(d.current.Load()).ServeHTTP(w, mustRequest(t, "GET", "/metrics"))
	for line := range strings.Lines(w.body.String()) {
		if strings.Contains(line, `job="nightly"`) || strings.HasPrefix(line, "winnow_runs_total") && !strings.HasSuffix(line, " 0\n") || strings.HasPrefix(line, "winnow_jobs_waiting") {
			lines += line
		}
	}
	return lines
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func newRecorder() *recorder { return &recorder{header: http.Header{}} }

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) { r.status = status }

func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

func mustRequest(t *testing.T, method, path string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "localhost"
	return req
}

func (d *dashboard) runs(t *testing.T) []segments.Run {
	t.Helper()
	runs, err := d.store.RunsOf("nightly", 100)
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

func TestWhoHangsUpBeforeTheTurnCausesNoRun(t *testing.T) {
	t.Parallel() // what is waited for is tried every other second
	d := testDesk(t)
	letGo := d.held(t)
	errs := make(chan error, 3)
	asked, hangUp := context.WithCancel(t.Context())
	for range cap(errs) { // one has the schedule's turn and waits for the store, two wait for that one
		go func() { _, err := d.runExport(asked, "nightly"); errs <- err }()
	}
	apptest.Eventually(t, "a run waits", func() bool { return d.waiting.waited() > 0 })
	hangUp()
	for range cap(errs) {
		wantRefused(t, <-errs, 408, "hung up")
	}
	if waited := d.waiting.waited(); waited != 0 {
		t.Errorf("jobs wait for %s, though nobody does", waited)
	}
	letGo()
	if runs := d.runs(t); len(runs) != 0 {
		t.Errorf("runs were made: %+v", runs)
	}
	if got := d.counts(t); got != "winnow_jobs_waiting_seconds 0\n" {
		t.Errorf("counted is\n%s", got)
	}
	if _, err := d.runExport(t.Context(), "nightly"); err != nil || len(d.runs(t)) != 1 {
		t.Errorf("the next run: %v", err)
	}
}

func TestARunThatHasBegunGoesOnThoughNobodyWaitsForIt(t *testing.T) {
	t.Parallel() // what is waited for is tried every other second
	d := testDesk(t)
	asked, hangUp := context.WithCancel(t.Context())
	a := d.Exporter().ForRequest(asked)
	began := false
	err := a.Exclusive(context.Background(), func() error { began = true; hangUp(); return nil })
	if err != nil || !began {
		t.Errorf("it began: %v, and ended with %v", began, err)
	}
	wantRefused(t, refused(a.Exclusive(context.Background(), func() error { return nil })), 408, "hung up")
	over, end := context.WithCancel(t.Context())
	end()
	defer d.held(t)()
	wantRefused(t, refused(d.Operations().Requested(t.Context()).Exclusive(over, func() error { return nil })), 503, "stopped")
}

func TestPeopleAreToldWhomJobsWaitFor(t *testing.T) {
	t.Parallel() // what is waited for is tried every other second
	d := testDesk(t)
	var mu sync.Mutex
	var said strings.Builder
	d.log = slog.New(slog.NewTextHandler(lockedWriter{&mu, &said}, nil))
	letGo := d.held(t)
	swept := make(chan error)
	go func() { swept <- d.sweep(t.Context()) }()
	apptest.Eventually(t, "the sweep waits", func() bool { return d.waiting.waited() > 0 })
	if got := troubles(d.shows(t)); got != "" {
		t.Errorf("at once the page tells of\n%s", got)
	}
	d.waiting.mu.Lock()
	d.waiting.since = time.Now().Add(-2 * time.Hour)
	d.waiting.mu.Unlock()
	if got := troubles(d.shows(t)); !strings.Contains(got, fmt.Sprint("wait for process ", os.Getpid())) {
		t.Errorf("the page tells of\n%s", got)
	}
	if got := d.counts(t); !strings.Contains(got, "winnow_jobs_waiting_seconds 7200\n") {
		t.Errorf("the metrics are\n%s", got)
	}
	letGo()
	if err := <-swept; err != nil {
		t.Error(err)
	}
	if got := troubles(d.shows(t)); got != "" {
		t.Errorf("afterwards the page tells of\n%s", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if text := said.String(); strings.Count(text, "jobs wait for another process") != 1 {
		t.Errorf("the log says\n%s", text)
	}
}

type lockedWriter struct {
	mu *sync.Mutex
	to io.Writer
}

func (w lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(b)
}

func TestTheSecondOfTwoReleasesIsToldThatItIsReleased(t *testing.T) {
	t.Parallel() // what is waited for is tried every other second
	d := testDesk(t, "to: [./exports]}", "to: [./exports], guard: {min_rows: {reachable: 1}}}")
	given, err := d.runExport(t.Context(), "nightly")
	if err != nil {
		t.Fatal(err)
	}
	run := given.(segments.Run)
	if run.Status != segments.Held {
		t.Fatalf("the run is %s", run.Status)
	}
	letGo := d.held(t)
	errs := make(chan error, 2)
	for range cap(errs) {
		go func() { _, err := d.release(t.Context(), "nightly", run.Name); errs <- err }()
	}
	time.AfterFunc(300*time.Millisecond, letGo)
	first, second := <-errs, <-errs
	if first == nil {
		first, second = second, first
	}
	if second != nil {
		t.Errorf("neither is released: %v", second)
	}
	wantRefused(t, first, 409, "is released; only a held run")
	_, err = d.release(t.Context(), "nightly", "2001-01-01T000000Z")
	wantRefused(t, err, 404, "there is no run")
}

func TestAReleaseIsGivenUpWithItsCaller(t *testing.T) {
	t.Parallel() // what is waited for is tried every other second
	d := testDesk(t, "to: [./exports]}", "to: [./exports], guard: {min_rows: {reachable: 1}}}")
	given, err := d.runExport(t.Context(), "nightly")
	if err != nil {
		t.Fatal(err)
	}
	letGo := d.held(t)
	asked, hangUp := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, hangUp)
	_, err = d.release(asked, "nightly", given.(segments.Run).Name)
	wantRefused(t, err, 408, "hung up")
	letGo()
	if runs := d.runs(t); len(runs) != 1 || runs[0].Status != segments.Held {
		t.Errorf("the runs are %+v", runs)
	}
}

func TestAnExportThatAReloadTookAwayIsNotThere(t *testing.T) {
	t.Parallel() // what is waited for is tried every other second
	d := testDesk(t)
	begun, goOn := make(chan bool), make(chan bool)
	other := schedule.Job{Kind: schedule.Sweep, Name: "other", Run: func(context.Context, time.Time) error {
		close(begun)
		<-goOn
		return nil
	}}
	done := make(chan error, 1)
	go func() { done <- d.runner.Do(t.Context(), other, time.Now()) }()
	<-begun
	_, err := d.runExport(t.Context(), "none")
	wantRefused(t, err, 404, "there is no export")
	errs := make(chan error)
	go func() { _, err := d.runExport(t.Context(), "nightly"); errs <- err }()
	time.AfterFunc(200*time.Millisecond, func() { // it has asked, and waits for the other job
		without := *d.current.Load()
		without.Exports = nil
		d.current.Store(&without)
		close(goOn)
	})
	wantRefused(t, <-errs, 404, `there is no export "nightly"`)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := d.counts(t); got != "winnow_jobs_waiting_seconds 0\n" {
		t.Errorf("counted is\n%s", got)
	}
	if err := d.scheduled(t.Context(), "nightly", time.Now()); err != nil {
		t.Errorf("the scheduled one: %v", err)
	}
}
