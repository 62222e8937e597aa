package daemon

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
)

// unmatchedEvents stores events whose bodies name a contact where the config does not
// look.
func unmatchedEvents(t *testing.T, d *Daemon, n int) {
	t.Helper()
	var events []hygiene.Event
	for i := range n {
		events = append(events, hygiene.Event{ReceivedAt: hygiene.InstantOf(time.Now()), Source: "insider", MessageID: fmt.Sprint("m", i), Name: "delivered", Outcome: hygiene.Delivered,
			Body: fmt.Appendf(nil, `{"id":"m%d","uniqueArgs":{"contact_id":"crm-%d","campaign":"spring"},"event":"delivered"}`, i, i)})
	}
	if err := d.store.Append(context.Background(), events, nil); err != nil {
		t.Fatal(err)
	}
}

func TestEventsThatNameNobodyAreTheFirstAlertAndInTheLog(t *testing.T) {
	var log bytes.Buffer
	path := apptest.Config(t, t.TempDir(), "1h")
	apptest.Edit(t, path, "preset: insider,", "preset: insider, contact: contact_id,")
	d := testDaemonAt(t, path, slog.New(slog.NewTextHandler(&log, nil)))
	unmatchedEvents(t, d, 1801)
	const sentence = `1,801 of 1,801 events of insider have no contact_id; they have uniqueArgs.contact_id. Is "contact: uniqueArgs.contact_id" meant?`
	check := func() {
		t.Helper()
		if p := pageOf(t, d); len(p.Alerts) == 0 || p.Alerts[0].Title != "Nothing that comes from insider suppresses or retries anybody." || p.Alerts[0].Why != sentence || p.Alerts[0].Command != "winnow unmatched" {
			t.Errorf("alerts:\n%s", alerts(p))
		}
	}
	check()
	if err := d.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	check()
	if !strings.Contains(log.String(), "1,801 of 1,801 events of insider have no contact_id") {
		t.Errorf("logged:\n%s", log.String())
	}
	unmatchedEvents(t, d, 10)
	if err := d.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "name no contact"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

func TestOneMatchedEventIsEnoughForNoAlert(t *testing.T) {
	d := testDaemon(t)
	unmatchedEvents(t, d, 20)
	appendEvents(t, d, time.Now(), hygiene.Delivered)
	if p := pageOf(t, d); strings.Contains(alerts(p), "unmatched") {
		t.Errorf("alerts:\n%s", alerts(p))
	}
}

func TestACallbackURLThatOnlyFillsTheQuarantineIsAnAlert(t *testing.T) {
	d := testDaemon(t)
	quarantine := func(n int) {
		t.Helper()
		for range n {
			if err := d.store.Append(t.Context(), nil, []hygiene.Unreadable{{ReceivedAt: hygiene.InstantOf(time.Now()), Source: "insider", Why: "not JSON", Body: []byte("x")}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	quarantine(3)
	if p := pageOf(t, d); !strings.Contains(alerts(p), "No callback could be read so far. All 3 bodies are in quarantine") {
		t.Errorf("alerts:\n%s", alerts(p))
	}
	appendEvents(t, d, time.Now(), hygiene.Delivered)
	quarantine(recentBodies - 1)
	if p := pageOf(t, d); len(p.Alerts) > 0 {
		t.Errorf("alerts:\n%s", alerts(p))
	}
	quarantine(1)
	if p := pageOf(t, d); !strings.Contains(alerts(p), "None of the latest 20 callbacks could be read") {
		t.Errorf("alerts:\n%s", alerts(p))
	}
}

func TestAConfigWithoutAnExportIsAnAlert(t *testing.T) {
	path := apptest.Config(t, t.TempDir(), "1h")
	text, _, _ := strings.Cut(apptest.ReadFile(t, path), "exports:")
	apptest.Edit(t, path, apptest.ReadFile(t, path), text)
	if p := pageOf(t, testDaemonAt(t, path, slog.New(slog.DiscardHandler))); !strings.Contains(alerts(p), "Nothing is written for the CRM. The config has no export") {
		t.Errorf("alerts:\n%s", alerts(p))
	}
}
