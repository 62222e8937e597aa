package store_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/retention"
	"winnow/store/storetest"
)

// far is a time at which everything in a made-up log is old.
const far = storetest.Start + hygiene.Instant(1000*24*time.Hour/time.Microsecond)

// retain deletes what is older than a day at that time.
func retain(t testing.TB, s *store.Store, now hygiene.Instant) retention.Result {
	t.Helper()
	did, err := s.Retain(t.Context(), retention.Options{Keep: retention.Keep{Events: hygiene.Day, Bodies: time.Hour, Quarantine: hygiene.Day}, Now: now, Spared: now})
	if err != nil || !did.Done {
		t.Fatalf("%+v, %v", did, err)
	}
	return did
}

// numbersOf writes down the numbers that have something, with their ledgers.
func numbersOf(t testing.TB, s *store.Store, phones []string) string {
	var b strings.Builder
	for _, phone := range phones {
		n, ok, err := s.Number(phone)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			ledger, err := s.Ledger(hygiene.NumberKey(phone), 10_000)
			for i := range ledger {
				ledger[i].ID = 0
			}
			fmt.Fprintf(&b, "%s %x %+v %v\n", phone, n.Pack(nil), ledger, err)
		}
	}
	return b.String()
}

func TestPruningChangesNothingThatIsJudged(t *testing.T) {
	for seed := range uint64(2) {
		events, registrations := storetest.RandomLog(seed, 160)
		whole, pruned := storetest.Open(t), storetest.Open(t)
		p := storetest.Policy(t, whole)
		storetest.Policy(t, pruned)
		r := rand.New(rand.NewPCG(seed, 4))
		deleted := int64(0)
		for rest, n := events, 0; len(rest) > 0; n++ {
			size := min(20+r.IntN(60), len(rest))
			acts := actsOf(r, registrations, n)
			for _, s := range []*store.Store{whole, pruned} {
				storetest.Append(t, s, rest[:size]...)
				sweepAll(t, s, p, 1+n*3)
				acts(t, s, p)
			}
			did := retain(t, pruned, far)
			deleted += did.Events
			rest = rest[size:]
			if a, b := storetest.Dump(t, whole), storetest.Dump(t, pruned); judged(a) != judged(b) {
				t.Fatalf("seed %d, step %d: unpruned\n%s\npruned\n%s", seed, n, judged(a), judged(b))
			}
		}
		if a, b := files(t, whole, p), files(t, pruned, p); !reflect.DeepEqual(a, b) {
			t.Errorf("seed %d: unpruned %q, pruned %q", seed, a, b)
		}
		a, errA := whole.Totals()
		b, errB := pruned.Totals()
		if errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("seed %d: unpruned %+v, pruned %+v, %v, %v", seed, a, b, errA, errB)
		}
		if deleted < int64(len(events))/2 {
			t.Errorf("seed %d: %d of %d events were deleted", seed, deleted, len(events))
		}
	}
}

// actsOf is something that people do between two sweeps.
func actsOf(r *rand.Rand, registrations []store.Registration, n int) func(testing.TB, *store.Store, *hygiene.Policy) {
	return func(testing.TB, *store.Store, *hygiene.Policy) {}
}

func TestEventsThatAreEvidenceStayWithoutTheirBodies(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	day := func(n int) hygiene.Instant { return storetest.Start.Add(time.Duration(n) * hygiene.Day) }
	storetest.Append(t, s, storetest.Event(day(0), "ann", "m1", hygiene.Sent), storetest.Event(day(1), "ann", "m1", hygiene.HardBounce),
		storetest.Event(day(2), "bob", "m2", hygiene.Delivered), storetest.Event(day(3), "", "m3", hygiene.Delivered), storetest.Event(day(4), "bob", "m4", hygiene.Delivered))
	sweepAll(t, s, p, 0)
	did := retain(t, s, far)
	if did.Events != 2 || did.Bodies != 1 || did.Evidence != 1 || did.Needed != 1 {
		t.Errorf("%+v", did)
	}
	for seq, want := range map[int64]string{1: "", 2: "m1", 3: "", 4: "m3", 5: "m4"} {
		e, ok, err := s.Event(seq)
		if err != nil || ok != (want != "") || ok && e.MessageID != want || seq == 2 && len(e.Body) > 0 || seq > 3 && len(e.Body) == 0 {
			t.Errorf("event %d: %+v, %v", seq, e, err)
		}
	}
	facts, err := s.Pruned()
	if n, through := facts.Of(engine.PrunedEvents, "insider"); err != nil || n != 2 || through != day(2) || facts.EndedAt != far || facts.Oldest != day(1) {
		t.Errorf("%+v, %v", facts, err)
	}
}
