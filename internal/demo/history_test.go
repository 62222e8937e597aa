package demo

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"winnow/internal/app"
	"winnow/segments"
)

// fewDays is a scenario that is played in a moment.
var fewDays = scenario{days: 12, people: 300, onWeekdays: 40, onWeekends: 40, onIncident: 290, policyDay: 6, incidentDay: 10}

// noProgress shows nothing.
func noProgress(string) (func(int64), func()) { return nil, func() {} }

func options(t *testing.T, out io.Writer) Options {
	t.Helper()
	config, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return Options{Out: out, Version: "test", Config: config, Now: time.Now}
}

func TestNothingInTheDemoIsLaterThanNow(t *testing.T) {
	for _, hour := range []int{0, 2, 10, 23} {
		path := filepath.Join(t.TempDir(), configFile)
		if err := os.WriteFile(path, options(t, io.Discard).Config, 0o600); err != nil {
			t.Fatal(err)
		}
		now := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1).Add(time.Duration(hour)*time.Hour + time.Minute)
		if err := writeHistory(t.Context(), scenario{days: 2, people: 50, onWeekdays: 20, onWeekends: 20, onIncident: 20, policyDay: 9, incidentDay: 9}, path, now, nil); err != nil {
			t.Fatal(err)
		}
		a, err := app.Open(app.Options{Path: path, Access: app.Reads, Env: demoEnv})
		if err != nil {
			t.Fatal(err)
		}
		runs, err := a.Store.Runs()
		if err != nil || len(runs) == 0 || runs[0].AsOf.Time().After(now) {
			t.Errorf("at %s: runs %+v, %v", now, runs, err)
		}
		totals, err := a.Store.Totals()
		if err != nil || totals.Received.Time().After(now) {
			t.Errorf("at %s: an event of %s, %v", now, totals.Received, err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheServedDemoAnswersUnderItsPasswordAndLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	out, print := io.Pipe()
	served := make(chan error, 1)
	go func() {
		served <- serve(ctx, fewDays, options(t, print), noProgress)
		print.Close()
	}()
	buffer := make([]byte, 4096) // the demo prints once
	n, err := out.Read(buffer)
	if err != nil {
		t.Fatal(err, <-served)
	}
	said := regexp.MustCompile(`console: +(http://\S+)/\n +password: (\w+)\n`).FindSubmatch(buffer[:n])
	if said == nil {
		t.Fatalf("it prints %s", buffer[:n])
	}
	request, err := http.NewRequest(http.MethodGet, string(said[1])+"/api/v1/exports/nightly", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+string(said[2]))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !regexp.MustCompile(`"status":"`+string(segments.Held)+`"`).Match(text) {
		t.Errorf("answer %d, %v; want runs of which one is held: %.2000s", answer.StatusCode, err, text)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
