package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

// bounces is a breaker that trips from a share of 20% of 10 events on.
var bounces = hygiene.Breaker{Outcome: hygiene.HardBounce, Share: 0.2, Window: time.Hour, Min: 10}

// heldOf takes events in and gives the places of those that are held.
func heldOf(w *store.BreakerWindows, events []hygiene.Event) (held []int) {
	for i := range events {
		w.Count(events[i:i+1], func(*hygiene.Event, *hygiene.Breaker, float64) error {
			held = append(held, i)
			return nil
		})
	}
	return held
}

// received makes events of the outcomes, one a second.
func received(from hygiene.Instant, source string, outcomes ...hygiene.Outcome) (events []hygiene.Event) {
	for i, o := range outcomes {
		e := storetest.Event(from.Add(time.Duration(i)*time.Second), fmt.Sprint("c", i), fmt.Sprint("m", i), o)
		e.Source = source
		events = append(events, e)
	}
	return events
}

// mixed is n events, the last bad of which are hard bounces.
func mixed(n, bad int) (outcomes []hygiene.Outcome) {
	for i := range n {
		o := hygiene.Delivered
		if i >= n-bad {
			o = hygiene.HardBounce
		}
		outcomes = append(outcomes, o)
	}
	return outcomes
}

func TestABreakerTripsAtExactlyItsShareAndMinimum(t *testing.T) {
	for _, c := range []struct {
		share      float64
		least      int
		n, bad     int
		heldEvents int
	}{
		{0.2, 10, 10, 2, 1},  // 2 of 10
		{0.2, 10, 11, 2, 0},  // 2 of 11 are less
		{0.2, 11, 10, 10, 0}, // too few
		{0.2, 10, 10, 10, 1}, // the tenth is the first that may be held
		{0.07, 100, 100, 7, 1},
		{1, 3, 4, 4, 2},
		{1, 3, 4, 3, 0},
	} {
		b := hygiene.Breaker{Outcome: hygiene.HardBounce, Share: c.share, Window: time.Hour, Min: c.least}
		w := store.NewBreakerWindows([]hygiene.Breaker{b})
		if held := heldOf(w, received(storetest.Start, "a", mixed(c.n, c.bad)...)); len(held) != c.heldEvents {
			t.Errorf("share %g of at least %d: of %d bounces among %d, %v are held; want %d", c.share, c.least, c.bad, c.n, held, c.heldEvents)
		}
	}
}

func TestTheWindowForgetsWhatIsOlderThanItself(t *testing.T) {
	w := store.NewBreakerWindows([]hygiene.Breaker{bounces})
	heldOf(w, received(storetest.Start, "a", mixed(9, 9)...))
	// The first of them was received an hour before to the second: the tenth
	// event makes but 9 in its window.
	if held := heldOf(w, received(storetest.Start.Add(time.Hour), "a", hygiene.HardBounce)); held != nil {
		t.Error("an event of an hour ago was counted")
	}
	w = store.NewBreakerWindows([]hygiene.Breaker{bounces})
	heldOf(w, received(storetest.Start, "a", mixed(9, 9)...))
	if held := heldOf(w, received(storetest.Start.Add(time.Hour-time.Second), "a", hygiene.HardBounce)); held == nil {
		t.Error("an event received just within the hour was not counted")
	}
}

func TestSourcesAreCountedSeparately(t *testing.T) {
	var events []hygiene.Event
	for i := range 200 {
		o := []hygiene.Outcome{hygiene.HardBounce, hygiene.Delivered}[i%2]
		events = append(events, received(storetest.Start.Add(time.Duration(i)*time.Second), []string{"bad", "good"}[i%2], o)...)
	}
	for _, i := range heldOf(store.NewBreakerWindows([]hygiene.Breaker{bounces}), events) {
		if events[i].Source != "bad" {
			t.Fatalf("event %d of %s is held", i, events[i].Source)
		}
	}
}

func TestAnArchiveNeitherTripsALiveSourceNorHidesItsSurge(t *testing.T) {
	w := store.NewBreakerWindows([]hygiene.Breaker{bounces})
	heldOf(w, received(storetest.Start, "a", mixed(100, 1)...))
	if held := heldOf(w, received(storetest.Start.Add(-30*hygiene.Day), "a", mixed(500, 500)...)); held != nil {
		t.Errorf("%d events of an archive are held", len(held))
	}
	if held := heldOf(w, received(storetest.Start.Add(2*time.Minute), "a", mixed(10, 10)...)); held != nil {
		t.Errorf("what an archive had was counted: %v", held)
	}
	heldOf(w, received(storetest.Start.Add(-30*hygiene.Day), "a", mixed(5000, 0)...))
	if held := heldOf(w, received(storetest.Start.Add(3*time.Minute), "a", mixed(30, 30)...)); held == nil {
		t.Error("a surge behind an archive was not seen")
	}
}

func TestAClockThatStepsBackWithinTheWindowHoldsAndForgetsAsBefore(t *testing.T) {
	w := store.NewBreakerWindows([]hygiene.Breaker{bounces})
	heldOf(w, received(storetest.Start, "a", mixed(100, 10)...))
	if held := heldOf(w, received(storetest.Start.Add(-10*time.Minute), "a", mixed(20, 20)...)); len(held) != 11 {
		t.Errorf("%d of 20 bounces are held: the first 9 are too few in their window", len(held))
	}
	if held := heldOf(w, received(storetest.Start.Add(2*time.Minute), "a", hygiene.HardBounce)); held == nil {
		t.Error("what was received while the clock was back does not count")
	}
}

func TestAnHourOfOrdinaryTrafficNeverTrips(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	w := store.NewBreakerWindows([]hygiene.Breaker{{Outcome: hygiene.HardBounce, Share: 0.2, Window: time.Hour, Min: 500}})
	for i := range 200_000 {
		o := hygiene.Delivered
		if r.IntN(100) == 0 {
			o = hygiene.HardBounce
		}
		if heldOf(w, received(storetest.Start.Add(time.Duration(i)*18*time.Millisecond), "a", o)) != nil {
			t.Fatalf("event %d is held", i)
		}
	}
}

// naive is which events are held, by the words of the contract: counted anew for
// each.
func naive(b hygiene.Breaker, events []hygiene.Event) (held []int) {
	latest, window := map[string]int64{}, store.WindowSeconds(&b)
	type counted struct {
		source string
		at     int64
		match  bool
	}
	var all []counted
	for i := range events {
		e := &events[i]
		at := store.SecondOf(e.ReceivedAt)
		if l, known := latest[e.Source]; known && at <= l-window {
			continue
		}
		latest[e.Source] = max(latest[e.Source], at)
		all = append(all, counted{e.Source, at, e.Outcome == b.Outcome})
		n, m := 0, 0
		for _, c := range all {
			if c.source == e.Source && c.at > at-window && c.at <= at {
				n++
				if c.match {
					m++
				}
			}
		}
		if e.Outcome == b.Outcome && n >= b.Min && float64(m)/float64(n) >= b.Share-1e-9 {
			held = append(held, i)
		}
	}
	return held
}

func TestTheWindowsHoldWhatTheDefinitionHolds(t *testing.T) {
	for seed := range uint64(30) {
		events := surgingLog(seed, 600)
		if got, want := fmt.Sprint(heldOf(store.NewBreakerWindows([]hygiene.Breaker{bounces}), events)), fmt.Sprint(naive(bounces, events)); got != want {
			t.Fatalf("seed %d: held %s\nwant %s", seed, got, want)
		}
	}
}

// surgingLog is a made-up log of two sources with surges, disorder, archives,
// repeats, and events whose contact a registration names later.
func surgingLog(seed uint64, n int) (events []hygiene.Event) {
	r := rand.New(rand.NewPCG(seed, 17))
	at, share := storetest.Start, 5
	for i := range n {
		at = at.Add(time.Duration(r.IntN(120)) * time.Second)
		if r.IntN(60) == 0 {
			share = []int{2, 5, 40, 90}[r.IntN(4)]
		}
		o := hygiene.HardBounce
		if r.IntN(100) >= share {
			o = []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.Delivered, hygiene.SoftBounce}[r.IntN(4)]
		}
		e := storetest.Event(at, fmt.Sprint("contact-", r.IntN(40)), fmt.Sprint("m", r.IntN(n)), o)
		e.Source = []string{"insider", "other"}[r.IntN(2)]
		switch r.IntN(30) {
		case 0:
			e.ReceivedAt = e.ReceivedAt.Add(-time.Duration(r.IntN(5)) * 50 * time.Minute)
		case 1:
			e.At = e.ReceivedAt.Add(-time.Duration(r.IntN(5)) * 50 * time.Minute)
		case 2:
			at = at.Add(time.Duration(r.IntN(4)) * time.Hour)
		}
		e.At = min(e.At, e.ReceivedAt)
		if i > 0 && r.IntN(20) == 0 {
			again := events[r.IntN(i)]
			again.ReceivedAt, again.At = e.ReceivedAt, e.ReceivedAt
			e = again
		}
		events = append(events, e)
	}
	return events
}

func sweepHeld(tb testing.TB, s *store.Store, p *hygiene.Policy, batch int, breakers ...hygiene.Breaker) store.Swept {
	tb.Helper()
	did, err := s.Sweep(context.Background(), store.SweepOptions{Policy: p, Now: storetest.Start.Add(2 * hygiene.Day), Breakers: breakers, Batch: batch})
	if err != nil {
		tb.Fatal(err)
	}
	return did
}

// A breaker that is new in the config, or has a new window, immediately knows what a
// breaker knows that was always there.
func TestABreakerThatIsNewReadsTheLog(t *testing.T) {
	for seed := range uint64(4) {
		events := surgingLog(seed, 500)
		always, late := storetest.Open(t), storetest.Open(t)
		p := storetest.Policy(t, always)
		storetest.Policy(t, late)
		for _, s := range []*store.Store{always, late} {
			storetest.Append(t, s, events[:300]...)
		}
		sweepHeld(t, always, p, 0, bounces)
		other := bounces
		other.Window = 7 * time.Minute
		sweepHeld(t, late, p, 0, other)
		for _, s := range []*store.Store{always, late} {
			storetest.Append(t, s, events[300:]...)
			sweepHeld(t, s, p, 9, bounces)
		}
		sql := "SELECT source || ' ' || outcome || ' ' || second || ' ' || events || ' ' || matches FROM breaker_counts ORDER BY source, outcome, second"
		a, errA := textOf(always, sql)
		b, errB := textOf(late, sql)
		if errA != nil || errB != nil || a != b {
			t.Fatalf("seed %d: always\n%s\nlate\n%s\n%v %v", seed, a, b, errA, errB)
		}
	}
}
