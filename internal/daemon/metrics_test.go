package daemon

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/store"
	"winnow/store/storetest"
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

// A rule that was edited is another one: what the former said waits, and this one acts.
func TestARuleThatWasEditedIsNotShownAsHeld(t *testing.T) {
	d := testDaemon(t)
	cfg, now := *d.current.Load(), time.Now()
	at := hygiene.InstantOf(now.Add(-time.Hour))
	var events []hygiene.Event
	for i := range 4 {
		events = append(events, storetest.Event(at, fmt.Sprint("c", i), fmt.Sprint("b", i), hygiene.HardBounce), storetest.Event(at+1, fmt.Sprint("c", i), fmt.Sprint("d", i), hygiene.Delivered))
	}
	if err := d.store.Append(t.Context(), events, nil); err != nil {
		t.Fatal(err)
	}
	if err := d.store.SavePolicy(cfg.Policy.Hash, []byte("rules"), at); err != nil {
		t.Fatal(err)
	}
	if _, err := d.store.Sweep(t.Context(), store.SweepOptions{Policy: cfg.Policy, Now: hygiene.InstantOf(now), Regret: &hygiene.RegretLimit{Max: 0.1, Min: 3}}); err != nil {
		t.Fatal(err)
	}
	check := func(claim string, held bool, alert string) {
		t.Helper()
		totals, err := d.totals()
		if err != nil || len(totals.Rules) != 1 || totals.Rules[0].Held != held {
			t.Errorf("%s: %+v, %v", claim, totals.Rules, err)
		}
		if text := alerts(pageOf(t, d)); !strings.Contains(text, alert) {
			t.Errorf("%s: the page does not say %q: %s", claim, alert, text)
		}
	}
	check("at first", true, "Rule hard only proposes: 0 verdicts wait.")
	edited := cfg.Policy.Rules[0]
	edited.Then = hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "hard_bounce", For: hygiene.Day}}
	cfg.Policy = hygiene.NewPolicy([]hygiene.Rule{edited}, "edited")
	d.current.Store(&cfg)
	check("edited", false, "0 verdicts wait, from before rule hard was changed or removed.")
}
