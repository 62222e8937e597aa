package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/storetest"
)

func tripsOf(tb testing.TB, s *store.Store) []store.BreakerTrip {
	tb.Helper()
	list, err := s.BreakerTrips()
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

// fates is what every contact is and why, without which trip was of it.
func fates(tb testing.TB, s *store.Store, asOf hygiene.Instant) string {
	tb.Helper()
	snapshot, err := s.Snapshot()
	if err != nil {
		tb.Fatal(err)
	}
	defer snapshot.Close()
	var b strings.Builder
	err = snapshot.Contacts(context.Background(), false, func(c *hygiene.Contact) error {
		text, _ := json.Marshal(c.OpenSuppressions(asOf))
		held := len(c.HeldSuppressions(asOf))
		if c.Retry != nil {
			fmt.Fprintf(&b, "%s %s held %d %s retry %s\n", c.Key, c.Status(asOf), held, text, c.Retry.DueAt)
			return nil
		}
		fmt.Fprintf(&b, "%s %s held %d %s\n", c.Key, c.Status(asOf), held, text)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// inOrder lets each event happen when it is received, so that no history
// forgets what another order would have kept.
func inOrder(events []hygiene.Event) []hygiene.Event {
	at := storetest.Start
	for i := range events {
		at = max(at, events[i].ReceivedAt)
		events[i].ReceivedAt, events[i].At = at, at
	}
	return events
}

func TestAnyCutOfTheLogHoldsTheSame(t *testing.T) {
	for seed := range uint64(4) {
		events := surgingLog(seed, 500)
		for i := range events {
			if i%7 == 0 {
				events[i].Contact = "" // their contacts are registered before
			}
		}
		var messages []store.Registration
		for i := range events {
			if events[i].Contact == "" {
				messages = append(messages, store.Registration{Source: events[i].Source, MessageID: events[i].MessageID, Contact: fmt.Sprint("contact-", i%40)})
			}
		}
		whole, cut := storetest.Open(t), storetest.Open(t)
		p := storetest.Policy(t, whole)
		storetest.Policy(t, cut)
		for _, s := range []*store.Store{whole, cut} {
			if _, err := s.Register(context.Background(), messages); err != nil {
				t.Fatal(err)
			}
		}
		storetest.Append(t, whole, events...)
		did := sweepHeld(t, whole, p, 0, bounces)
		r := rand.New(rand.NewPCG(seed, 9))
		var cutHeld int64
		for rest := events; len(rest) > 0; {
			n := min(1+r.IntN(60), len(rest))
			storetest.Append(t, cut, rest[:n]...)
			rest = rest[n:]
			if r.IntN(3) == 0 {
				cut.ForgetWindows() // as in another process
			}
			cutHeld += sweepHeld(t, cut, p, 1+r.IntN(30), bounces).Held
		}
		if did.Held == 0 || did.Held != cutHeld {
			t.Fatalf("seed %d: in one sweep %d events are held, cut %d", seed, did.Held, cutHeld)
		}
		if a, b := fmt.Sprintf("%+v", tripsOf(t, whole)), fmt.Sprintf("%+v", tripsOf(t, cut)); a != b {
			t.Fatalf("seed %d: trips in one sweep\n%s\ncut\n%s", seed, a, b)
		}
		dump := storetest.Dump
		if enginetest.InPortions() { // in another order, a full history keeps something else
			dump = func(tb testing.TB, s *store.Store) string { return fates(tb, s, storetest.Start.Add(3*hygiene.Day)) }
		}
		if a, b := dump(t, whole), dump(t, cut); a != b {
			t.Fatalf("seed %d: in one sweep\n%s\ncut\n%s", seed, a, b)
		}
	}
}

// review releases or discards all trips.
func review(tb testing.TB, s *store.Store, p *hygiene.Policy, now hygiene.Instant, settle func(*store.Store, context.Context, store.TripReview) (store.BreakerTrip, store.BatchResult, error)) (did store.BatchResult) {
	tb.Helper()
	for _, trip := range tripsOf(tb, s) {
		if trip.State != store.TripHeld {
			continue
		}
		_, one, err := settle(s, context.Background(), store.TripReview{Trip: trip.ID, Policy: p, Now: now, By: "ann"})
		if err != nil {
			tb.Fatal(err)
		}
		did.Batch = max(did.Batch, one.Batch)
		did.Contacts += one.Contacts
	}
	return did
}

func TestAfterReleaseAllIsAsIfThereHadBeenNoBreaker(t *testing.T) {
	asOf := storetest.Start.Add(3 * hygiene.Day)
	for seed := range uint64(5) {
		events := inOrder(surgingLog(seed, 400))
		with, without := storetest.Open(t), storetest.Open(t)
		p := storetest.Policy(t, with)
		storetest.Policy(t, without)
		for _, s := range []*store.Store{with, without} {
			storetest.Append(t, s, events...)
		}
		sweepHeld(t, without, p, 0)
		if did := sweepHeld(t, with, p, 50, bounces); did.Held == 0 {
			t.Fatalf("seed %d: nothing is held", seed)
		}
		if fates(t, with, asOf) == fates(t, without, asOf) {
			t.Fatalf("seed %d: what is held changes nothing", seed)
		}
		review(t, with, p, asOf, (*store.Store).ReleaseTrip)
		if a, b := fates(t, with, asOf), fates(t, without, asOf); a != b {
			t.Fatalf("seed %d: released\n%s\nwithout a breaker\n%s", seed, a, b)
		}
		var waits int64
		if err := with.Read(func(c engine.Reader) (err error) {
			waits, err = c.Number("SELECT count(*) FROM breaker_trips WHERE state = 'held'")
			return err
		}); err != nil || waits != 0 {
			t.Errorf("%d trips wait, %v", waits, err)
		}
	}
}

func TestHeldContactsAreActiveInCountsAndFiles(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	storetest.Append(t, s, received(storetest.Start, "insider", mixed(30, 30)...)...)
	did := sweepHeld(t, s, p, 0, bounces)
	if did.Held != 21 || len(did.Tripped) != 1 {
		t.Fatalf("swept %+v", did)
	}
	trips := tripsOf(t, s)
	if len(trips) != 1 || trips[0].Contacts != 21 || trips[0].Events != 21 || trips[0].Share != 1 || trips[0].Since != storetest.Start.Add(9*time.Second) ||
		trips[0].FromSeq != 10 || trips[0].ToSeq != 30 {
		t.Fatalf("the trips are %+v", trips)
	}
	totals, err := s.Totals()
	if err != nil || totals.Statuses["suppressed"] != 9 || totals.Statuses["active"] != 21 {
		t.Errorf("counted %v, %v", totals.Statuses, err)
	}
	if n := strings.Count(files(t, s, p)["do-not-text.csv"], "\n"); n != 1+9 {
		t.Errorf("the file of whom not to text has %d lines", n)
	}
	before, err := s.PriorSuppressions(context.Background(), trips, storetest.Start.Add(hygiene.Day), nil)
	if err != nil || before[0].Contacts != 9 || fmt.Sprint(before[0].Samples) != "[c0 c1 c2 c3 c4]" {
		t.Errorf("suppressed before: %+v, %v", before, err)
	}
}

func TestAfterADiscardTheSurgeSuppressesNoContactAndANewBounceActs(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	now := storetest.Start.Add(hygiene.Day)
	before := received(storetest.Start.Add(-hygiene.Day), "insider", hygiene.HardBounce) // of c0
	before[0].MessageID = "the day before"
	storetest.Append(t, s, before...)
	storetest.Append(t, s, received(storetest.Start, "insider", mixed(30, 30)...)...)
	sweepHeld(t, s, p, 0, bounces)
	did := review(t, s, p, now, (*store.Store).DiscardTrip)
	if did.Contacts != 30 || did.Batch == 0 {
		t.Errorf("discarded %+v", did)
	}
	totals, err := s.Totals()
	if err != nil || totals.Statuses["suppressed"] != 1 {
		t.Errorf("counted %v, %v", totals.Statuses, err)
	}
	again := received(now, "insider", hygiene.HardBounce, hygiene.HardBounce)
	again[0].MessageID, again[1].MessageID = "n0", "n1"
	storetest.Append(t, s, again...)
	sweepHeld(t, s, p, 0, bounces)
	if c, _, err := s.Contact("c1"); err != nil || c.Status(now.Add(time.Hour)) != hygiene.IsSuppressed {
		t.Errorf("after a new bounce c1 is %s, %v", c.Status(now.Add(time.Hour)), err)
	}
	_, _, err = s.DiscardTrip(context.Background(), store.TripReview{Trip: 1, Policy: p, Now: now, By: "ann"})
	if !errors.Is(err, store.ErrReviewed) || !strings.Contains(err.Error(), "discarded by ann at 2026-01-02T00:00:00Z") {
		t.Errorf("discarded twice: %v", err)
	}
	if _, _, err = s.ReleaseTrip(context.Background(), store.TripReview{Trip: 9, Policy: p}); !errors.Is(err, store.ErrNoTrip) {
		t.Errorf("released what is not there: %v", err)
	}
}

func TestASurgeThatGoesOnAfterItsReviewTripsAgain(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	events := received(storetest.Start, "insider", mixed(40, 40)...)
	storetest.Append(t, s, events[:20]...)
	sweepHeld(t, s, p, 0, bounces)
	review(t, s, p, storetest.Start.Add(time.Hour), (*store.Store).ReleaseTrip)
	storetest.Append(t, s, events[20:]...)
	did := sweepHeld(t, s, p, 0, bounces)
	trips := tripsOf(t, s)
	if did.Held != 20 || len(trips) != 2 || trips[0].ID != 2 || trips[0].State != store.TripHeld || trips[1].State != store.TripReleased {
		t.Errorf("swept %+v, trips %+v", did, trips)
	}
	// What was found right stays, though the window of the second trip reaches back to it.
	review(t, s, p, storetest.Start.Add(time.Hour), (*store.Store).DiscardTrip)
	if totals, err := s.Totals(); err != nil || totals.Statuses["suppressed"] != 20 {
		t.Errorf("counted %v, %v", totals.Statuses, err)
	}
}

// The same whether the send log comes before the review or after it.
func TestAnEventThatFindsItsContactAfterTheReviewIsAsReviewed(t *testing.T) {
	now := storetest.Start.Add(hygiene.Day)
	for name, settle := range map[string]func(*store.Store, context.Context, store.TripReview) (store.BreakerTrip, store.BatchResult, error){"release": (*store.Store).ReleaseTrip, "discard": (*store.Store).DiscardTrip} {
		events := received(storetest.Start, "insider", mixed(30, 30)...)
		var messages []store.Registration
		for i := range events {
			if i%2 == 0 {
				messages = append(messages, store.Registration{Source: events[i].Source, MessageID: events[i].MessageID, Contact: events[i].Contact})
				events[i].Contact = ""
			}
		}
		early, late := storetest.Open(t), storetest.Open(t)
		p := storetest.Policy(t, early)
		storetest.Policy(t, late)
		for _, s := range []*store.Store{early, late} {
			storetest.Append(t, s, events...)
			sweepHeld(t, s, p, 0, bounces)
			if s == early {
				if _, err := s.Register(context.Background(), messages); err != nil {
					t.Fatal(err)
				}
				sweepHeld(t, s, p, 0, bounces)
			}
			review(t, s, p, now, settle)
		}
		if _, err := late.Register(context.Background(), messages); err != nil {
			t.Fatal(err)
		}
		sweepHeld(t, late, p, 0, bounces)
		if a, b := fates(t, early, now), fates(t, late, now); a != b {
			t.Errorf("%s: registered before\n%s\nafter\n%s", name, a, b)
		}
	}
}

func TestAnInterruptedTripReviewIsFinishedByRepeatingIt(t *testing.T) {
	now, step := storetest.Start.Add(hygiene.Day), store.SmallSteps(t)
	for name, settle := range map[string]func(*store.Store, context.Context, store.TripReview) (store.BreakerTrip, store.BatchResult, error){"release": (*store.Store).ReleaseTrip, "discard": (*store.Store).DiscardTrip} {
		events := received(storetest.Start, "insider", mixed(step+100, step+100)...)
		whole, cut := storetest.Open(t), storetest.Open(t)
		p := storetest.Policy(t, whole)
		storetest.Policy(t, cut)
		for _, s := range []*store.Store{whole, cut} {
			storetest.Append(t, s, events...)
			sweepHeld(t, s, p, 0, bounces)
		}
		want := review(t, whole, p, now, settle)
		ctx, cancel := context.WithCancel(context.Background())
		_, did, err := settle(cut, ctx, store.TripReview{Trip: 1, Policy: p, Now: now, By: "ann", Progress: func(int64) { cancel() }})
		if !errors.Is(err, context.Canceled) || did.Contacts == 0 || did.Contacts >= want.Contacts {
			t.Fatalf("%s cut short: %+v, %v", name, did, err)
		}
		if trips := tripsOf(t, cut); trips[0].State != store.TripHeld {
			t.Fatalf("%s cut short: %+v", name, trips)
		}
		if got := review(t, cut, p, now, settle); got.Batch != want.Batch || got.Contacts != want.Contacts {
			t.Errorf("%s again: %+v; want %+v", name, got, want)
		}
		if a, b := storetest.Dump(t, whole), storetest.Dump(t, cut); a != b {
			t.Errorf("%s: in one go and cut short differ", name)
		}
	}
}

func TestContactsOfATripAreCountedByAnIndex(t *testing.T) {
	enginetest.SQLite(t)
	s := storetest.Open(t)
	err := s.Read(func(c engine.Reader) error {
		r := c.Query("EXPLAIN QUERY PLAN SELECT count(DISTINCT contact) FROM ledger WHERE held_by = ? AND held_by <> 0", 1)
		if !r.Next() || !strings.Contains(r.Text(3), "COVERING INDEX ledger_held") {
			t.Errorf("SQLite would %q", r.Text(3))
		}
		return r.Close()
	})
	if err != nil {
		t.Error(err)
	}
}

func TestADiscardThatWasUndoneWaitsAgain(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	now := storetest.Start.Add(hygiene.Day)
	storetest.Append(t, s, received(storetest.Start, "insider", mixed(30, 30)...)...)
	sweepHeld(t, s, p, 0, bounces)
	before := fates(t, s, now)
	did := review(t, s, p, now, (*store.Store).DiscardTrip)
	back, err := s.PlanUndo(did.Batch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Undo(context.Background(), p, back, store.Batch{By: "ann"}, now, nil, nil); err != nil {
		t.Fatal(err)
	}
	if after := fates(t, s, now); after != before {
		t.Errorf("before the discard\n%s\nafter it was undone\n%s", before, after)
	}
	surging, err := s.BreakerSummaries()
	if trips := tripsOf(t, s); err != nil || trips[0].State != store.TripHeld || trips[0].By != "" || surging[0].Waiting != 1 || surging[0].Held != 21 {
		t.Errorf("trips %+v, %+v, %v", trips, surging, err)
	}
	if did := review(t, s, p, now, (*store.Store).ReleaseTrip); did.Contacts != 21 {
		t.Errorf("released %+v", did)
	}
	if totals, err := s.Totals(); err != nil || totals.Statuses["suppressed"] != 30 {
		t.Errorf("counted %v, %v", totals.Statuses, err)
	}
}

func TestABreakerThatOnlyTellsHoldsNothing(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	b := []hygiene.Breaker{{Outcome: hygiene.HardBounce, Rate: 10, Window: time.Hour, Tell: true}}
	var events []hygiene.Event
	for i := range 30 {
		at := storetest.Start.Add(time.Duration(i) * time.Minute)
		if i >= 15 { // a second surge
			at = at.Add(5 * time.Hour)
		}
		events = append(events, hygiene.Event{ReceivedAt: at, At: at, Source: "insider", MessageID: fmt.Sprint("m", i), Name: "undelivered", Outcome: hygiene.HardBounce,
			Contact: fmt.Sprint("contact-", i), Body: []byte("{}")})
	}
	storetest.Append(t, s, events...)
	o := options(p, storetest.Start)
	o.Breakers = b
	swept, err := s.Sweep(context.Background(), o)
	if err != nil || swept.Held != 0 || len(swept.Tripped) != 2 {
		t.Fatalf("held %d, tripped %d times, %v", swept.Held, len(swept.Tripped), err)
	}
	trips := tripsOf(t, s)
	if len(trips) != 2 || trips[1].State != store.TripTold || trips[1].Events != 6 || trips[1].Contacts != 0 {
		t.Errorf("the trips are %+v", trips)
	}
	if _, err := s.WaitingTrip(trips[1].ID); err == nil || !strings.Contains(err.Error(), "held nothing") {
		t.Errorf("it is to be reviewed: %v", err)
	}
	for i := range 30 {
		if c, _, err := s.Contact(fmt.Sprint("contact-", i)); err != nil || c.Status(storetest.Start.Add(hygiene.Day)) != hygiene.IsSuppressed {
			t.Errorf("contact %d is %s, %v", i, c.Status(storetest.Start.Add(hygiene.Day)), err)
		}
	}
	sums, err := s.BreakerSummaries()
	last := events[29].ReceivedAt
	if err != nil || len(sums) != 1 || sums[0].Waiting != 0 || sums[0].Held != 0 || !sums[0].Told.IsOn(last.Add(time.Hour)) || sums[0].Told.IsOn(last.Add(2*time.Hour)) || !sums[0].Told.IsNews(last.Add(2*time.Hour)) {
		t.Errorf("the summary is %+v, %v", sums, err)
	}
}

func TestARateTripsWhateverTheShareIs(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	var events []hygiene.Event
	for i := range 400 { // 39 of 40 are deliveries: no share would trip
		at := storetest.Start.Add(time.Duration(i) * time.Second)
		outcome := hygiene.Delivered
		if i%40 == 39 {
			outcome = hygiene.HardBounce
		}
		events = append(events, hygiene.Event{ReceivedAt: at, At: at, Source: "insider", MessageID: fmt.Sprint("m", i), Name: "x", Outcome: outcome, Contact: fmt.Sprint("contact-", i), Body: []byte("{}")})
	}
	storetest.Append(t, s, events...)
	o := options(p, storetest.Start)
	o.Breakers = []hygiene.Breaker{{Outcome: hygiene.HardBounce, Rate: 8, Window: time.Hour}}
	if swept, err := s.Sweep(context.Background(), o); err != nil || swept.Held != 3 {
		t.Errorf("held %d, not the eighth to the tenth; %v", swept.Held, err)
	}
}

func TestABreakerOnOptOutsOnlyTells(t *testing.T) {
	p := hygiene.NewPolicy([]hygiene.Rule{
		{Name: "opt-out", When: &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(hygiene.Unsubscribed), Count: 1}}, Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: hygiene.OptedOut}}},
	}, "p")
	acting := p.ActingBreakers([]hygiene.Breaker{{Outcome: hygiene.Unsubscribed, Rate: 1, Window: time.Hour}, {Outcome: hygiene.HardBounce, Rate: 1, Window: time.Hour}})
	if !acting[0].Tell || acting[1].Tell {
		t.Errorf("the breakers act as %+v", acting)
	}
}
