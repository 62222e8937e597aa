package daemon

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"winnow/internal/apptest"
)

func TestAfterARestartTheMetricsKnowTheLastRun(t *testing.T) {
	path := apptest.Config(t, t.TempDir(), "1h")
	before := testDaemonAt(t, path, slog.New(slog.DiscardHandler))
	run, err := before.export(t.Context(), before.Exporter(), "nightly", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	d := testDaemonAt(t, path, slog.New(slog.DiscardHandler))
	console, err := d.console()
	if err != nil {
		t.Fatal(err)
	}
	w := newRecorder()
	request := mustRequest(t, "GET", "/metrics")
	request.Header.Set("Authorization", "Bearer "+apptest.AdminToken)
	console.ServeHTTP(w, request)
	want := fmt.Sprintf(`winnow_run_last_success_timestamp_seconds{export="nightly"} %v`, float64(run.FinishedAt)/1e6)
	if !strings.Contains(w.body.String(), want+"\n") {
		t.Errorf("there is no %s in\n%s", want, w.body.String())
	}
}
