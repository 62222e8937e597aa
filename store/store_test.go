package store

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
)

const start = hygiene.Instant(1_767_225_600_000_000) // 2026-01-01

func openStore(tb testing.TB) *Store {
	tb.Helper()
	s, err := Open(filepath.Join(tb.TempDir(), "winnow.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func testPolicy(tb testing.TB, s *Store) *hygiene.Policy {
	tb.Helper()
	when := func(n int, since hygiene.Outcomes, o ...hygiene.Outcome) *hygiene.When {
		return &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(o...), Count: n, Since: since}}
	}
	p := hygiene.NewPolicy([]hygiene.Rule{
		{Name: "hard", When: when(1, 0, hygiene.HardBounce), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "hard_bounce"}}},
		{Name: "retry", When: when(1, 0, hygiene.SoftBounce), Then: hygiene.Action{Retry: &hygiene.RetryAction{After: []time.Duration{4 * time.Hour, hygiene.Day}, Lapse: hygiene.DefaultLapse}}},
		{Name: "rest", When: when(3, hygiene.OutcomesOf(hygiene.Delivered), hygiene.SoftBounce), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "soft_bounce", For: 30 * hygiene.Day}}},
		{Name: "forgive", When: when(1, 0, hygiene.Delivered), Then: hygiene.Action{Release: []string{"soft_bounce"}}},
	}, "test")
	if err := s.KeepPolicy(p.Hash, []byte("test"), start); err != nil {
		tb.Fatal(err)
	}
	return p
}

func options(p *hygiene.Policy, now hygiene.Instant) SweepOptions {
	return SweepOptions{Policy: p, Now: now}
}

func appendEvents(tb testing.TB, s *Store, events ...hygiene.Event) {
	tb.Helper()
	if err := s.Append(context.Background(), events, nil); err != nil {
		tb.Fatal(err)
	}
}

func ev(at hygiene.Instant, contact, message string, o hygiene.Outcome) hygiene.Event {
	return hygiene.Event{ReceivedAt: at, At: at, Source: "insider", MessageID: message, Name: o.String(), Outcome: o, Contact: contact,
		Body: fmt.Appendf(nil, `{"id":%q,"event":%q,"uniqueArgs":{"contact_id":%q,"campaign":"spring sale"},"reason":{"message":"Soft Bounce","code":1404}}`, message, o, contact)}
}

func TestAnAppendedEventIsThereAfterReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.db")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	appendEvents(t, s, ev(start, "ann", "m1", hygiene.Sent), ev(start+1, "ann", "m1", hygiene.Delivered))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = OpenExisting(path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	e, ok, err := s.Event(2)
	if err != nil || !ok || e.MessageID != "m1" || e.Outcome != hygiene.Delivered || e.At != start+1 {
		t.Errorf("event 2: %+v, %t, %v", e, ok, err)
	}
}

func TestASweepJudgesWhatTheLogHas(t *testing.T) {
	s := openStore(t)
	p := testPolicy(t, s)
	appendEvents(t, s, ev(start, "ann", "m1", hygiene.HardBounce), ev(start, "bob", "m2", hygiene.SoftBounce), ev(start+1, "bob", "m2", hygiene.SoftBounce))
	did, err := s.Sweep(context.Background(), options(p, start+1))
	if err != nil || did.Events != 3 || did.Repeats != 1 || did.Changes != 2 || did.Cursor != 3 {
		t.Fatalf("swept %+v, %v", did, err)
	}
	bob, ok, err := s.Contact("bob")
	if err != nil || !ok || bob.Status(start+1) != hygiene.Cooling || bob.Retry.MessageID != "m2" || !strings.Contains(string(bob.Retry.UniqueArgs), "spring sale") {
		t.Errorf("bob: %+v, %v", bob, err)
	}
	totals, err := s.Totals()
	if err != nil || totals.Statuses["suppressed"] != 1 || totals.Statuses["cooling"] != 1 || totals.Contacts != 2 || totals.Repeats != 1 || totals.Lag != 0 {
		t.Errorf("totals %+v, %v", totals, err)
	}
	ledger, err := s.Ledger("ann", 10)
	if err != nil || len(ledger) != 1 || ledger[0].Act != hygiene.Suppressed || ledger[0].Policy != "test" || fmt.Sprint(ledger[0].Evidence) != "[1]" {
		t.Errorf("ledger %+v, %v", ledger, err)
	}
}

func TestAnEventFindsItsContactWheneverTheMessageIsRegistered(t *testing.T) {
	s := openStore(t)
	p := testPolicy(t, s)
	appendEvents(t, s, ev(start, "", "m1", hygiene.SoftBounce), ev(start+1, "", "m1", hygiene.SoftBounce))
	if _, err := s.Sweep(context.Background(), options(p, start)); err != nil {
		t.Fatal(err)
	}
	if totals, err := s.Totals(); err != nil || totals.Unmatched != 2 || totals.Contacts != 0 {
		t.Fatalf("before: %+v, %v", totals, err)
	}
	did, err := s.Register(context.Background(), []Registration{{MessageID: "m1", Contact: "ann", Phone: "+905551234567"}, {MessageID: "m1", Contact: "bob"}})
	if err != nil || did.New != 1 || did.Conflict != 1 || did.Matched != 2 {
		t.Fatalf("registered %+v, %v", did, err)
	}
	if _, err := s.Sweep(context.Background(), options(p, start+2)); err != nil {
		t.Fatal(err)
	}
	ann, ok, err := s.Contact("ann")
	if err != nil || !ok || ann.Status(start+2) != hygiene.Cooling || ann.Retry.MessageID != "m1" || ann.Phone == "" {
		t.Errorf("ann: %+v %v", ann, err)
	}
	if totals, err := s.Totals(); err != nil || totals.Unmatched != 0 || totals.Repeats != 1 {
		t.Errorf("after: %+v, %v", totals, err)
	}
}
