package store

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
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

func TestAStoreOfANewerSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.db")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.roster.c.script("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if s, err = Open(path); err == nil || !strings.Contains(err.Error(), "schema 99") {
		t.Errorf("opened %v, %v", s, err)
	}
}

// A store of the first schema lacks the deliveries, and is as good afterwards as
// one made today.
func TestAStoreOfTheFirstSchemaIsBroughtUpToDate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.db")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.roster.c.script("DROP TABLE deliveries; ALTER TABLE runs DROP COLUMN held_reason; PRAGMA user_version = 1"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if s, err = Open(path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.EnterDelivery(Delivery{Export: "nightly", Remote: "sftp://ann@drop.example.com/in", Status: Waiting}); err != nil {
		t.Errorf("nothing can be entered in the store: %v", err)
	}
}

func TestEveryConnectionKeepsItsPromises(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.db")
	c, err := connect(path, writing)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if _, err := c.text("PRAGMA synchronous = 1"); err != nil {
		t.Fatal(err)
	}
	for name, want := range pragmas[writing] {
		if got, err := c.text("PRAGMA " + name); err != nil || (got == want) == (name == "synchronous") {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
	if r, err := connect(path, reading); err != nil || r.exec("CREATE TABLE t (a)") == nil {
		t.Errorf("a connection that reads can write, %v", err)
	} else {
		r.close()
	}
}

func TestAPanicEndsItsTransaction(t *testing.T) {
	s := openStore(t)
	func() {
		defer func() { recover() }()
		s.write(func(*conn) error { panic("a fault in a rule") })
	}()
	if err := s.write(func(*conn) error { return nil }); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for err := error(nil); err == nil; _, err = s.Totals() {
			}
		})
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if err := s.Append(context.Background(), []hygiene.Event{ev(start, "ann", "m", hygiene.Sent)}, nil); err == nil {
		t.Error("a closed store took an event")
	}
}

func TestTheOldestInQuarantineGoFirst(t *testing.T) {
	s := openStore(t)
	body := make([]byte, 1<<20)
	for range quarantineBytes>>20 + 5 {
		if err := s.Append(context.Background(), nil, []hygiene.Unreadable{{ReceivedAt: start, Source: "a", Why: "odd", Body: body}}); err != nil {
			t.Fatal(err)
		}
	}
	totals, err := s.Totals()
	if err != nil || totals.Quarantined > quarantineBytes>>20 || totals.Quarantined < quarantineBytes>>20-2 {
		t.Errorf("%d MiB are kept, %v", totals.Quarantined, err)
	}
	list, err := s.Quarantine(1)
	if err != nil || len(list) != 1 || list[0].ID != quarantineBytes>>20+5 {
		t.Errorf("the latest is %d, %v", list[0].ID, err)
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

func TestASweepEndsThoughTheLogGrowsAsQuickly(t *testing.T) {
	s := openStore(t)
	const at = hygiene.Instant(1_767_225_600_000_000)
	policy := hygiene.NewPolicy(nil, "none")
	if err := s.KeepPolicy(policy.Hash, nil, at); err != nil {
		t.Fatal(err)
	}
	appendEvents(t, s, ev(at, "ann", "m", hygiene.Sent))
	n := 0
	did, err := s.Sweep(t.Context(), SweepOptions{Policy: policy, Now: at, batch: 1, Progress: func(int64) {
		if n++; n < 100 {
			appendEvents(t, s, ev(at, "ann", fmt.Sprint("m", n), hygiene.Sent))
		}
	}})
	if err != nil || did.Events != 1 || did.Cursor != 1 {
		t.Errorf("swept %d events, through %d: %v", did.Events, did.Cursor, err)
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
