package impact

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/store"
)

var backtestNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// configWith is a config with these rules.
func configWith(t *testing.T, rules string) *config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "winnow.yaml")
	text := "sources:\n  - {name: insider, preset: insider, tokens: [0123456789abcdef]}\nhygiene:\n  rules:\n" + rules
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := app.Options{Path: path}.Load()
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

const (
	hardPermanent = "    - {name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}\n"
	twoSoft       = "    - {name: rest, when: {outcome: soft_bounce, count: 2, since: delivered}, then: {suppress: {reason: soft_bounce, for: 30d}}}\n"
	oneSoft       = "    - {name: rest, when: {outcome: soft_bounce}, then: {suppress: {reason: soft_bounce, for: 30d}}}\n"
	forgive       = "    - {name: forgive, when: {outcome: delivered}, then: {release: {reasons: [soft_bounce]}}}\n"
	optOut        = "    - {name: opt-out, when: {outcome: unsubscribed}, then: {suppress: {reason: opted_out}}}\n"
)

// openWithPast opens a store with the past of 120 contacts: each bounces softly once
// and is then delivered to, every tenth bounces twice; every fortieth bounces hard.
func openWithPast(t *testing.T, cfg *config.Config) *app.App {
	t.Helper()
	s, err := store.Open(cfg.Store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	var events []hygiene.Event
	add := func(contact string, daysAgo int, o hygiene.Outcome) {
		at := hygiene.InstantOf(backtestNow).Add(-time.Duration(daysAgo) * hygiene.Day)
		events = append(events, hygiene.Event{ReceivedAt: at, At: at, Source: "insider", MessageID: fmt.Sprint(contact, "-", daysAgo), Name: "x",
			Outcome: o, Contact: contact, Body: []byte("{}")})
	}
	for i := range 120 {
		contact := fmt.Sprintf("crm-%03d", i)
		add(contact, 100, hygiene.Sent)
		add(contact, 50, hygiene.SoftBounce)
		if i%10 == 0 {
			add(contact, 45, hygiene.SoftBounce)
		}
		add(contact, 40, hygiene.Delivered)
		if i%40 == 0 {
			add(contact, 20, hygiene.HardBounce)
		}
	}
	add("", 10, hygiene.HardBounce)
	if err := s.Append(context.Background(), events, nil); err != nil {
		t.Fatal(err)
	}
	return &app.App{Config: cfg, Store: s}
}

// backtestOf runs a backtest at the time of the tests.
func backtestOf(a *app.App, inForce *hygiene.Policy, span time.Duration) (*Backtest, error) {
	return runBacktest(context.Background(), &ui.Printer{Stderr: &bytes.Buffer{}}, a, inForce, span, hygiene.InstantOf(backtestNow))
}

func printed(b *Backtest) string {
	var out strings.Builder
	b.print(&out)
	return out.String()
}

func TestABacktestComparesTheConfigWithThePolicyInForce(t *testing.T) {
	a := openWithPast(t, configWith(t, hardPermanent+twoSoft+forgive+optOut))
	b, err := backtestOf(a, configWith(t, hardPermanent+oneSoft+forgive).Policy, 90*hygiene.Day)
	if err != nil {
		t.Fatal(err)
	}
	want := `backtest of 90d (2026-08-25 to 2026-11-23, 255 events of 120 contacts): the policy in force would have suppressed 120 contacts, and 120 of them were delivered to later; this config: 12 and 12

      IN FORCE                                THIS CONFIG
RULE  ACTED     RIGHT  REGRETTED  UNMEASURED  ACTED        RIGHT  REGRETTED  UNMEASURED
hard  3         0      0          3           3            0      0          3
rest  120       0      120        0           12           0      12         0
suppressed nobody: opt-out
regretted by rest, for example: crm-000, crm-010, crm-020

` + regretNote + `Also replayed, because rules look back: 120 events from before.
Left out, because the contact is unknown: 1 event; winnow unmatched lists them.
`
	if got := printed(b); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestABacktestAsJSONHasNoNullLists(t *testing.T) {
	a := openWithPast(t, configWith(t, hardPermanent+twoSoft+forgive))
	b, err := backtestOf(a, configWith(t, forgive).Policy, 90*hygiene.Day)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(b)
	want := `{"since":"2026-08-25T12:00:00Z","until":"2026-11-23T12:00:00Z","events":255,"earlier_events":120,"contacts":120,"unmatched":1,` +
		`"in_force":{"policy":"` + b.InForce.Policy + `","suppressed":0,"regretted":0,"rules":[]},` +
		`"given":{"policy":"` + a.Config.Hash + `","suppressed":12,"regretted":12,"rules":[{"name":"hard","acted":3,"right":0,"regretted":0,"unmeasured":3,"samples":[]},` +
		`{"name":"rest","acted":12,"right":0,"regretted":12,"unmeasured":0,"samples":["crm-000","crm-010","crm-020","crm-030","crm-040"]}]}}`
	if err != nil || string(text) != want {
		t.Errorf("got %s, %v\nwant %s", text, err, want)
	}
}

func TestABacktestOfThePolicyInForceHasOneTable(t *testing.T) {
	a := openWithPast(t, configWith(t, hardPermanent))
	b, err := backtestOf(a, a.Config.Policy, 30*hygiene.Day)
	if err != nil {
		t.Fatal(err)
	}
	got := printed(b)
	if !strings.Contains(got, "the policy in force would have suppressed 3 contacts, and 0 of them were delivered to later; this config has the same rules") ||
		strings.Contains(got, "IN FORCE") || b.InForce.Suppressed != 3 || b.Given.Suppressed != 3 {
		t.Errorf("got\n%s", got)
	}
}

func TestABacktestWithoutAPolicyInForceSaysSo(t *testing.T) {
	a := openWithPast(t, configWith(t, hardPermanent))
	b, err := backtestOf(a, nil, 200*hygiene.Day)
	if err != nil {
		t.Fatal(err)
	}
	got := printed(b)
	for _, want := range []string{"no other policy is in force yet", "hard  3", "The log begins at 2026-08-15T12:00:00Z"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if text, err := json.Marshal(b); err != nil || bytes.Contains(text, []byte("in_force")) {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestABacktestOfAnEmptyStoreSaysSo(t *testing.T) {
	cfg := configWith(t, hardPermanent)
	s, err := store.Open(cfg.Store)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b, err := backtestOf(&app.App{Config: cfg, Store: s}, nil, 6*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if got := printed(b); got != "backtest of 6h (2026-11-23T06:00:00Z to 2026-11-23T12:00:00Z): the log has no events of known contacts to replay\n" {
		t.Errorf("got %q", got)
	}
}

func TestABacktestWithoutADurationIsAUsageError(t *testing.T) {
	a := openWithPast(t, configWith(t, hardPermanent))
	var usage *ui.UsageError
	if _, err := backtestOf(a, nil, 0); !errors.As(err, &usage) {
		t.Errorf("the error is %v", err)
	}
}

func TestABacktestSaysWhichDiskIsFull(t *testing.T) {
	disk := apptest.SmallDisk(t)
	a := openWithPast(t, configWith(t, hardPermanent))
	at := hygiene.InstantOf(backtestNow).Add(-hygiene.Day)
	id := strings.Repeat("a long message id ", 12)
	for batch := range 15 {
		events := make([]hygiene.Event, 4000)
		for i := range events {
			events[i] = hygiene.Event{ReceivedAt: at, At: at, Source: "insider", MessageID: fmt.Sprint(id, batch, i), Name: "sent", Outcome: hygiene.Sent,
				Contact: fmt.Sprint("crm-", i), Body: []byte("{}")}
		}
		if err := a.Store.Append(context.Background(), events, nil); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("TMPDIR", disk)
	_, err := backtestOf(a, nil, 90*hygiene.Day)
	if err == nil || !strings.Contains(err.Error(), disk) || !strings.Contains(err.Error(), "the disk is full") || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("the error is %v", err)
	}
}
