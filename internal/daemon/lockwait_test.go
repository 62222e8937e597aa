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
	"winnow/internal/console/view"
	"winnow/internal/schedule"
	"winnow/segments"
)

// holdStoreLock takes the store lock as another process would, until it is released.
func holdStoreLock(t *testing.T, d *Daemon) (release func()) {
	t.Helper()
	lock := app.StoreLock(d.store)
	if ok, err := lock.TryLock(); !ok || err != nil {
		t.Fatalf("the store lock can't be taken: %v", err)
	}
	return func() {
		if err := lock.Unlock(); err != nil {
			t.Error(err)
		}
	}
}

// wantAPIError checks that err has the HTTP status and contains words.
func wantAPIError(t *testing.T, err error, status int, words string) {
	t.Helper()
	var refusal *console.APIError
	if !errors.As(err, &refusal) || refusal.Status != status || !strings.Contains(err.Error(), words) {
		t.Errorf("the error is %v, want status %d and %q", err, status, words)
	}
}

// jobMetrics returns the metrics of the job nightly, of runs, and of waiting jobs.
func jobMetrics(t *testing.T, d *Daemon) (lines string) {
	t.Helper()
	w := newRecorder()
	handler, err := d.console()
	if err != nil {
		t.Fatal(err)
	}
	req := mustRequest(t, "GET", "/metrics")
	req.Header.Set("Authorization", "Bearer "+*d.adminToken.Load())
	handler.ServeHTTP(w, req)
	for line := range strings.Lines(w.body.String()) {
		if strings.Contains(line, `job="nightly"`) || strings.HasPrefix(line, "winnow_runs_total") && !strings.HasSuffix(line, " 0\n") || strings.HasPrefix(line, "winnow_jobs_waiting") {
			lines += line
		}
	}
	return lines
}

// recorder is a ResponseWriter that records the response.
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

// runsOf returns the runs of the export nightly.
func runsOf(t *testing.T, d *Daemon) []segments.Run {
	t.Helper()
	runs, err := d.store.RunsOf("nightly", 100)
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

func TestARequestCanceledWhileItWaitsMakesNoRun(t *testing.T) {
	t.Parallel() // waiting for a lock polls every two seconds
	d := testDaemon(t)
	release := holdStoreLock(t, d)
	errs := make(chan error, 3)
	request, cancel := context.WithCancel(t.Context())
	for range cap(errs) { // one is the runner's job and waits for the store lock, two wait for that one
		go func() { _, err := d.runExport(request, "nightly", "test"); errs <- err }()
	}
	apptest.Eventually(t, "a run waits", func() bool { return d.lockWait.duration() > 0 })
	cancel()
	for range cap(errs) {
		wantAPIError(t, <-errs, 408, "client disconnected")
	}
	if waited := d.lockWait.duration(); waited != 0 {
		t.Errorf("jobs are reported to wait for %s, and none does", waited)
	}
	release()
	if runs := runsOf(t, d); len(runs) != 0 {
		t.Errorf("runs were made: %+v", runs)
	}
	if got := jobMetrics(t, d); got != "winnow_jobs_waiting_seconds 0\n" {
		t.Errorf("the metrics are\n%s", got)
	}
	if _, err := d.runExport(t.Context(), "nightly", "test"); err != nil || len(runsOf(t, d)) != 1 {
		t.Errorf("the next run: %v", err)
	}
}

func TestARequestThatHasStartedContinuesAfterItIsCanceled(t *testing.T) {
	t.Parallel() // waiting for a lock polls every two seconds
	d := testDaemon(t)
	request, cancel := context.WithCancel(t.Context())
	x := d.Exporter().ForRequest(request)
	started := false
	err := x.Exclusive(context.Background(), func() error { started = true; cancel(); return nil })
	if err != nil || !started {
		t.Errorf("started: %v; the error is %v", started, err)
	}
	wantAPIError(t, apiError(x.Exclusive(context.Background(), func() error { return nil })), 408, "client disconnected")
	stopped, stop := context.WithCancel(t.Context())
	stop()
	defer holdStoreLock(t, d)()
	wantAPIError(t, apiError(d.Operations().ForRequest(t.Context()).Exclusive(stopped, func() error { return nil })), 503, "stopped")
}

func TestJobsThatWaitForLongNameTheProcessTheyWaitFor(t *testing.T) {
	t.Parallel() // waiting for a lock polls every two seconds
	d := testDaemon(t)
	var mu sync.Mutex
	var log strings.Builder
	d.log = slog.New(slog.NewTextHandler(lockedWriter{&mu, &log}, nil))
	release := holdStoreLock(t, d)
	swept := make(chan error)
	go func() { swept <- d.sweep(t.Context()) }()
	apptest.Eventually(t, "the sweep waits", func() bool { return d.lockWait.duration() > 0 })
	if got := alerts(pageOf(t, d)); got != "" {
		t.Errorf("there is an alert immediately:\n%s", got)
	}
	d.lockWait.mu.Lock()
	d.lockWait.since = time.Now().Add(-2 * time.Hour)
	d.lockWait.mu.Unlock()
	if got := alerts(pageOf(t, d)); !strings.Contains(got, fmt.Sprint("waiting for the store lock. It has been held by process ", os.Getpid(), " since")) {
		t.Errorf("the alerts are\n%s", got)
	}
	if got := jobMetrics(t, d); !strings.Contains(got, "winnow_jobs_waiting_seconds 7200\n") {
		t.Errorf("the metrics are\n%s", got)
	}
	release()
	if err := <-swept; err != nil {
		t.Error(err)
	}
	if got := alerts(pageOf(t, d)); got != "" {
		t.Errorf("afterwards the alerts are\n%s", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if text := log.String(); strings.Count(text, "jobs are waiting for another process") != 1 {
		t.Errorf("the log is\n%s", text)
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

func TestTheSecondOfTwoReleasesFailsSinceTheRunIsReleased(t *testing.T) {
	t.Parallel() // waiting for a lock polls every two seconds
	d := testDaemon(t, "to: [./exports]}", "to: [./exports], guard: {min_rows: {reachable: 1}}}")
	given, err := d.runExport(t.Context(), "nightly", "test")
	if err != nil {
		t.Fatal(err)
	}
	run := given
	if run.Status != segments.Held {
		t.Fatalf("the run is %s", run.Status)
	}
	release := holdStoreLock(t, d)
	errs := make(chan error, 2)
	for range cap(errs) {
		go func() {
			_, err := d.release(t.Context(), view.RunRelease{Export: "nightly", Run: run.Name, Stale: false, By: "test"})
			errs <- err
		}()
	}
	time.AfterFunc(300*time.Millisecond, release)
	first, second := <-errs, <-errs
	if first == nil {
		first, second = second, first
	}
	if second != nil {
		t.Errorf("both releases failed: %v", second)
	}
	wantAPIError(t, first, 409, "is released; only a held run")
	_, err = d.release(t.Context(), view.RunRelease{Export: "nightly", Run: "2001-01-01T000000Z", Stale: false, By: "test"})
	wantAPIError(t, err, 404, "there is no run")
}

func TestAReleaseCanceledWhileItWaitsDoesNothing(t *testing.T) {
	t.Parallel() // waiting for a lock polls every two seconds
	d := testDaemon(t, "to: [./exports]}", "to: [./exports], guard: {min_rows: {reachable: 1}}}")
	given, err := d.runExport(t.Context(), "nightly", "test")
	if err != nil {
		t.Fatal(err)
	}
	release := holdStoreLock(t, d)
	request, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err = d.release(request, view.RunRelease{Export: "nightly", Run: given.Name, Stale: false, By: "test"})
	wantAPIError(t, err, 408, "client disconnected")
	release()
	if runs := runsOf(t, d); len(runs) != 1 || runs[0].Status != segments.Held {
		t.Errorf("the runs are %+v", runs)
	}
}

func TestAnExportThatAReloadRemovedIsNotFound(t *testing.T) {
	t.Parallel() // waiting for a lock polls every two seconds
	d := testDaemon(t)
	started, proceed := make(chan bool), make(chan bool)
	other := schedule.Job{Kind: schedule.Sweep, Name: "other", Run: func(context.Context, time.Time) error {
		close(started)
		<-proceed
		return nil
	}}
	done := make(chan error, 1)
	go func() { done <- d.runner.RunNow(t.Context(), other, time.Now()) }()
	<-started
	_, err := d.runExport(t.Context(), "none", "test")
	wantAPIError(t, err, 404, "there is no export")
	errs := make(chan error)
	go func() { _, err := d.runExport(t.Context(), "nightly", "test"); errs <- err }()
	time.AfterFunc(200*time.Millisecond, func() { // the request waits for the other job now
		without := *d.current.Load()
		without.Exports = nil
		d.current.Store(&without)
		close(proceed)
	})
	wantAPIError(t, <-errs, 404, `there is no export "nightly"`)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := jobMetrics(t, d); got != "winnow_jobs_waiting_seconds 0\n" {
		t.Errorf("the metrics are\n%s", got)
	}
	if err := d.scheduledExport(t.Context(), "nightly", time.Now()); err != nil {
		t.Errorf("the scheduled run: %v", err)
	}
}
