package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/storetest"
)

func options(p *hygiene.Policy, now hygiene.Instant) store.SweepOptions {
	return store.SweepOptions{Policy: p, Now: now}
}

func TestAnAppendedEventIsThereAfterReopening(t *testing.T) {
	path := enginetest.Location(t)
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Append(t, s, storetest.Event(storetest.Start, "ann", "m1", hygiene.Sent), storetest.Event(storetest.Start+1, "ann", "m1", hygiene.Delivered))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = store.OpenExisting(path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	e, ok, err := s.Event(2)
	if err != nil || !ok || e.MessageID != "m1" || e.Outcome != hygiene.Delivered || e.At != storetest.Start+1 {
		t.Errorf("event 2: %+v, %t, %v", e, ok, err)
	}
}

// textOf is the first column that a query returns, from either part of the store.
// textOf is the first column of the answer to a query, a line for each row.
func textOf(s *store.Store, query string) (string, error) {
	var lines []string
	err := s.Read(func(c engine.Reader) error {
		r := c.Query(query)
		for r.Next() {
			lines = append(lines, r.Text(0))
		}
		return r.Close()
	})
	return strings.Join(lines, "\n"), err
}

func TestAStoreOfANewerSchemaIsRefused(t *testing.T) {
	enginetest.SQLite(t)
	path := enginetest.Location(t)
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := enginetest.File(t, path).Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(path); err == nil || !strings.Contains(err.Error(), "schema 99") {
		t.Errorf("opened %v, %v", s, err)
	}
}

func TestAPanicEndsItsTransaction(t *testing.T) {
	s := storetest.Open(t)
	func() {
		defer func() { recover() }()
		s.Write(func(engine.Writer) error { panic("a fault in a rule") })
	}()
	if err := s.Write(func(engine.Writer) error { return nil }); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	s, err := store.Open(enginetest.Location(t))
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
	if err := s.Append(context.Background(), []hygiene.Event{storetest.Event(storetest.Start, "ann", "m", hygiene.Sent)}, nil); err == nil {
		t.Error("a closed store took an event")
	}
}

// quarantineBytes bounds quarantine where tests fill it with bodies of a MiB.
const quarantineBytes = 16 << 20

func TestTheOldestInQuarantineGoFirst(t *testing.T) {
	store.BoundQuarantine(t, quarantineBytes)
	s := storetest.Open(t)
	body := make([]byte, 1<<20)
	for range quarantineBytes>>20 + 5 {
		if err := s.Append(context.Background(), nil, []hygiene.Unreadable{{ReceivedAt: storetest.Start, Source: "a", Why: "odd", Body: body}}); err != nil {
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

// What was taken out of the middle leaves its room to others: nothing goes before the
// bound is reached.
func TestTheQuarantineIsBoundedByWhatIsInIt(t *testing.T) {
	store.BoundQuarantine(t, quarantineBytes)
	s := storetest.Open(t)
	body := make([]byte, 1<<20)
	ids := func() (ids []int64) {
		must(t, s.EachQuarantined(t.Context(), "", 0, func(page []store.Quarantined) error {
			for _, q := range page {
				ids = append(ids, q.ID)
			}
			return nil
		}))
		return ids
	}
	const half = quarantineBytes >> 21
	for i := range 2 * half {
		must(t, s.Append(t.Context(), nil, []hygiene.Unreadable{{ReceivedAt: storetest.Start + hygiene.Instant(i), Source: []string{"a", "b"}[i%2], Why: "odd", Body: body}}))
	}
	var retried []int64
	must(t, s.EachQuarantined(t.Context(), "b", storetest.Start+3, func(page []store.Quarantined) error {
		for _, q := range page {
			if q.Source != "b" || q.ReceivedAt < storetest.Start+3 {
				t.Errorf("visited %d of %s at %s", q.ID, q.Source, q.ReceivedAt)
			}
			retried = append(retried, q.ID)
		}
		return nil
	}))
	must(t, s.AppendRetried(t.Context(), []hygiene.Event{storetest.Event(storetest.Start, "ann", "m1", hygiene.Sent)}, nil, append(retried, 1<<40)))
	if got := ids(); len(got) != 2*half-len(retried) || got[0] != 1 {
		t.Fatalf("%d bodies are left, from %d", len(got), got[0])
	}
	for range retried {
		must(t, s.Append(t.Context(), nil, []hygiene.Unreadable{{ReceivedAt: storetest.Start, Source: "c", Why: "odd", Body: body}}))
	}
	totals, err := s.Totals()
	if got := ids(); err != nil || len(got) != 2*half || got[0] != 1 || totals.Quarantined != 2*half || totals.Events != 1 {
		t.Errorf("%d bodies from %d, counted as %d, %d events, %v", len(got), got[0], totals.Quarantined, totals.Events, err)
	}
	must(t, s.Append(t.Context(), nil, []hygiene.Unreadable{{ReceivedAt: storetest.Start, Source: "c", Why: "odd", Body: body}}))
	if got := ids(); len(got) != 2*half || got[0] != 2 {
		t.Errorf("after one more: %d bodies from %d", len(got), got[0])
	}
}

func TestASweepJudgesWhatTheLogHas(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	storetest.Append(t, s, storetest.Event(storetest.Start, "ann", "m1", hygiene.HardBounce), storetest.Event(storetest.Start, "bob", "m2", hygiene.SoftBounce), storetest.Event(storetest.Start+1, "bob", "m2", hygiene.SoftBounce))
	did, err := s.Sweep(context.Background(), options(p, storetest.Start+1))
	if err != nil || did.Events != 3 || did.Repeats != 1 || did.Changes != 2 || did.Cursor != 3 {
		t.Fatalf("swept %+v, %v", did, err)
	}
	bob, ok, err := s.Contact("bob")
	if err != nil || !ok || bob.Status(storetest.Start+1) != hygiene.Cooling || bob.Retry.MessageID != "m2" || !strings.Contains(string(bob.Retry.UniqueArgs), "spring sale") {
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
	s := storetest.Open(t)
	const at = hygiene.Instant(1_767_225_600_000_000)
	policy := hygiene.NewPolicy(nil, "none")
	if err := s.SavePolicy(policy.Hash, nil, at); err != nil {
		t.Fatal(err)
	}
	storetest.Append(t, s, storetest.Event(at, "ann", "m", hygiene.Sent))
	n := 0
	did, err := s.Sweep(t.Context(), store.SweepOptions{Policy: policy, Now: at, Batch: 1, Progress: func(int64) {
		if n++; n < 100 {
			storetest.Append(t, s, storetest.Event(at, "ann", fmt.Sprint("m", n), hygiene.Sent))
		}
	}})
	if err != nil || did.Events != 1 || did.Cursor != 1 {
		t.Errorf("swept %d events, through %d: %v", did.Events, did.Cursor, err)
	}
}

func TestAnEventFindsItsContactWheneverTheMessageIsRegistered(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	storetest.Append(t, s, storetest.Event(storetest.Start, "", "m1", hygiene.SoftBounce), storetest.Event(storetest.Start+1, "", "m1", hygiene.SoftBounce))
	if _, err := s.Sweep(context.Background(), options(p, storetest.Start)); err != nil {
		t.Fatal(err)
	}
	if totals, err := s.Totals(); err != nil || totals.Unmatched != 2 || totals.Contacts != 0 {
		t.Fatalf("before: %+v, %v", totals, err)
	}
	did, err := s.Register(context.Background(), []store.Registration{{Source: "insider", MessageID: "m1", Contact: "ann", Phone: "+905551234567"}, {Source: "insider", MessageID: "m1", Contact: "bob"}})
	if err != nil || did.New != 1 || len(did.Conflicts) != 1 || did.Matched != 2 {
		t.Fatalf("registered %+v, %v", did, err)
	}
	if _, err := s.Sweep(context.Background(), options(p, storetest.Start+2)); err != nil {
		t.Fatal(err)
	}
	ann, ok, err := s.Contact("ann")
	if err != nil || !ok || ann.Status(storetest.Start+2) != hygiene.Cooling || ann.Retry.MessageID != "m1" || ann.Phone == "" {
		t.Errorf("ann: %+v %v", ann, err)
	}
	if totals, err := s.Totals(); err != nil || totals.Unmatched != 0 || totals.Repeats != 1 {
		t.Errorf("after: %+v, %v", totals, err)
	}
}
