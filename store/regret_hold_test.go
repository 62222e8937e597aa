package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

// ruleTrip is the one trip of the store.
func ruleTrip(t *testing.T, s *store.Store) store.BreakerTrip {
	t.Helper()
	trips, err := s.BreakerTrips()
	if err != nil || len(trips) != 1 {
		t.Fatalf("trips: %+v, %v", trips, err)
	}
	return trips[0]
}

func TestDiscardingARuleLeavesWhatItSuppressedBefore(t *testing.T) {
	s, p := wrongRule(t)
	now := storetest.Start.Add(3 * hygiene.Day)
	storetest.Append(t, s, storetest.Event(storetest.Start, "new", "n1", hygiene.HardBounce)) // which came late
	limited(t, s, p, now)
	if isSuppressed(t, s, "new", now) {
		t.Fatal("the verdict does not wait")
	}
	trip := ruleTrip(t, s)
	if trip.Since != storetest.Start.Add(hygiene.Day) {
		t.Errorf("the rule is held since %s", trip.Since)
	}
	if _, _, err := s.DiscardTrip(t.Context(), store.TripReview{Trip: trip.ID, Policy: p, Now: now, By: "ayse"}); err != nil {
		t.Fatal(err)
	}
	if isSuppressed(t, s, "new", now) {
		t.Error("what was held is in force")
	}
	if !isSuppressed(t, s, "old-7", now) {
		t.Error("what was suppressed before is lifted")
	}
	if _, err := s.Rejudge(t.Context(), p, "", store.Batch{At: now, Kind: store.RejudgeBatch}, now, nil); err != nil {
		t.Fatal(err)
	}
	if isSuppressed(t, s, "new", now) || !isSuppressed(t, s, "old-7", now) {
		t.Error("a rejudge finds otherwise")
	}
}

func TestARuleIsHeldAgainWhenADiscardThatWasCutShortIsUndone(t *testing.T) {
	s, p := wrongRule(t)
	now, step := storetest.Start.Add(3*hygiene.Day), store.SmallSteps(t)
	for i := range step + 3 {
		storetest.Append(t, s, storetest.Event(storetest.Start.Add(2*hygiene.Day), fmt.Sprint("new-", i), fmt.Sprint("n", i), hygiene.HardBounce))
	}
	limited(t, s, p, now)
	ctx, cancel := context.WithCancel(t.Context())
	r := store.TripReview{Trip: ruleTrip(t, s).ID, Policy: p, Now: now, By: "ayse", Progress: func(int64) { cancel() }}
	_, did, err := s.DiscardTrip(ctx, r)
	if err == nil {
		t.Fatal("it was not cut short")
	}
	takeBack(t, s, p, did.Batch, now+1)
	if trip := ruleTrip(t, s); trip.State != store.TripHeld || trip.Events != int64(step+3) {
		t.Errorf("after the undo %d verdicts are %s", trip.Events, trip.State)
	}
	storetest.Append(t, s, storetest.Event(now, "later", "l1", hygiene.HardBounce))
	if did := limited(t, s, p, now+2); len(did.Tripped) != 0 {
		t.Errorf("it tripped again: %+v", did.Tripped)
	}
	for _, key := range []string{"new-0", "later"} {
		if isSuppressed(t, s, key, now+2) {
			t.Errorf("%s is suppressed, though the rule is held", key)
		}
	}
}

// An undo of a discard may be undone in turn: then nothing waits for the trip, so nothing
// may be held by it.
func TestWhatARuleSaidWhileItsDiscardWasUndoneDoesNotWaitForever(t *testing.T) {
	s, p := wrongRule(t)
	now := storetest.Start.Add(3 * hygiene.Day)
	storetest.Append(t, s, storetest.Event(storetest.Start.Add(2*hygiene.Day), "new", "n1", hygiene.HardBounce))
	limited(t, s, p, now)
	trip := ruleTrip(t, s)
	_, did, err := s.DiscardTrip(t.Context(), store.TripReview{Trip: trip.ID, Policy: p, Now: now, By: "ayse"})
	if err != nil {
		t.Fatal(err)
	}
	takeBack(t, s, p, did.Batch, now+1)
	if trip := ruleTrip(t, s); trip.Events != 1 {
		t.Errorf("%d verdicts are counted", trip.Events)
	}
	storetest.Append(t, s, storetest.Event(now, "later", "l1", hygiene.HardBounce))
	limited(t, s, p, now+2)
	if _, err := s.PlanUndo(2); err == nil || !strings.Contains(err.Error(), "winnow breaker discard 1") {
		t.Errorf("the undo is undone: %v", err)
	}
	if _, _, err := s.DiscardTrip(t.Context(), store.TripReview{Trip: trip.ID, Policy: p, Now: now + 3, By: "ayse"}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"new", "later"} {
		if c, _, err := s.Contact(key); err != nil || c.IsHeldBy(trip.ID) || isSuppressed(t, s, key, now+4) {
			t.Errorf("%s waits, or is suppressed: %+v, %v", key, c.Suppressions, err)
		}
	}
}

func TestAMergeUnderAHoldLetsNothingThrough(t *testing.T) {
	s, p := wrongRule(t)
	now := storetest.Start.Add(3 * hygiene.Day)
	storetest.Append(t, s, storetest.Event(storetest.Start.Add(2*hygiene.Day), "new", "n1", hygiene.HardBounce), storetest.Event(storetest.Start.Add(2*hygiene.Day), "cem", "c1", hygiene.Sent))
	limited(t, s, p, now)
	did := merge(t, s, p, now, "new", "cem")
	if isSuppressed(t, s, "cem", now) {
		t.Error("merged, it is suppressed")
	}
	takeBack(t, s, p, did.Batch, now+1)
	if isSuppressed(t, s, "new", now) {
		t.Error("parted, it is suppressed")
	}
}

func TestAReclassificationUnderAHoldLetsNothingThrough(t *testing.T) {
	s, p := wrongRule(t)
	now := storetest.Start.Add(3 * hygiene.Day)
	storetest.Append(t, s, storetest.Event(storetest.Start.Add(2*hygiene.Day), "new", "n1", hygiene.Unrecognized), storetest.Event(storetest.Start.Add(2*hygiene.Day), "two", "t1", hygiene.HardBounce))
	limited(t, s, p, now)
	if _, err := s.Reclassify(context.Background(), p, newTable, "", store.Batch{}, now, nil); err != nil {
		t.Fatal(err)
	}
	if isSuppressed(t, s, "two", now) || isSuppressed(t, s, "new", now) {
		t.Error("reclassified, it is suppressed")
	}
}

// The strike of an undo may find a contact later, and judges it then.
func TestAStrikeThatFindsItsContactUnderAHoldLetsNothingThrough(t *testing.T) {
	s, p := wrongRule(t)
	now := storetest.Start.Add(3 * hygiene.Day)
	storetest.Append(t, s, storetest.Event(storetest.Start.Add(2*hygiene.Day), "", "m1", hygiene.SoftBounce), storetest.Event(storetest.Start.Add(2*hygiene.Day), "", "m2", hygiene.HardBounce))
	limited(t, s, p, now)
	in := hygiene.Instruction{From: storetest.Start, To: now, Outcome: hygiene.SoftBounce}
	if did, err := strikeAll(t, t.Context(), s, p, in, now, nil); err != nil || did.Batch == 0 {
		t.Fatal(did, err)
	}
	register(t, s, "m1", "new")
	register(t, s, "m2", "new")
	limited(t, s, p, now+1)
	if isSuppressed(t, s, "new", now) {
		t.Error("it is suppressed")
	}
}

func TestAMergeOfWhatIsRegrettedCountsNothing(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	now := storetest.Start.Add(10 * hygiene.Day)
	storetest.Append(t, s, storetest.Event(storetest.Start, "ann", "a1", hygiene.HardBounce), storetest.Event(storetest.Start, "bob", "b1", hygiene.HardBounce),
		storetest.Event(storetest.Start.Add(hygiene.Day), "ann", "a2", hygiene.Delivered), storetest.Event(storetest.Start, "cem", "c1", hygiene.Sent), storetest.Event(storetest.Start.Add(hygiene.Day), "eve", "e1", hygiene.Delivered))
	storetest.Sweep(t, s, p, 0)
	checkFigures(t, s, now, "at first", "[hard:2/0/1]")
	did := merge(t, s, p, now, "ann", "cem")
	checkFigures(t, s, now, "ann was merged", "[hard:2/0/1]")
	storetest.Append(t, s, storetest.Event(now+1, "cem", "a3", hygiene.Delivered))
	storetest.Sweep(t, s, p, 0)
	checkFigures(t, s, now, "and delivered to again", "[hard:2/0/1]")
	takeBack(t, s, p, did.Batch, now+2)
	checkFigures(t, s, now, "and parted", "[hard:2/0/1]")
	did = merge(t, s, p, now+3, "bob", "eve")
	checkFigures(t, s, now, "bob was merged with someone who was delivered to", "[hard:2/0/2]")
	takeBack(t, s, p, did.Batch, now+4)
	checkFigures(t, s, now, "and parted", "[hard:2/0/2]")
	storetest.Append(t, s, storetest.Event(now+5, "bob", "b3", hygiene.Delivered))
	storetest.Sweep(t, s, p, 0)
	checkFigures(t, s, now, "and delivered to", "[hard:2/0/2]")
}

func TestDiscardingARuleDiscardsWhatItSaidInAReview(t *testing.T) {
	s := storetest.Open(t)
	quiet := hygiene.Rule{Name: "quiet", Where: hygiene.SeenTest{OlderThan: hygiene.Day}, Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "inactive"}}}
	p := hygiene.NewPolicy([]hygiene.Rule{quiet}, "quiet")
	storetest.SavePolicy(t, s, p)
	now := storetest.Start.Add(2 * hygiene.Day)
	for i := range 10 {
		storetest.Append(t, s, storetest.Event(storetest.Start, fmt.Sprint("old-", i), fmt.Sprint("o", i), hygiene.Sent))
	}
	limited(t, s, p, now)
	review := func(now hygiene.Instant) {
		t.Helper()
		if _, err := s.Review(t.Context(), p, now, nil); err != nil {
			t.Fatal(err)
		}
	}
	review(now)
	for i := range 2 {
		storetest.Append(t, s, storetest.Event(now+1, fmt.Sprint("old-", i), fmt.Sprint("d", i), hygiene.Delivered))
	}
	storetest.Append(t, s, storetest.Event(storetest.Start, "new", "n", hygiene.Sent))
	limited(t, s, p, now.Add(hygiene.Day))
	review(now.Add(hygiene.Day))
	trip := ruleTrip(t, s)
	if trip.Events != 1 {
		t.Fatalf("it holds %d verdicts", trip.Events)
	}
	later := now.Add(2 * hygiene.Day)
	_, did, err := s.DiscardTrip(t.Context(), store.TripReview{Trip: trip.ID, Policy: p, Now: later, By: "ayse"})
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := s.Contact("new")
	if err != nil || len(c.Suppressions) != 0 || !isSuppressed(t, s, "old-7", later) {
		t.Errorf("new has %+v, %v; or what was suppressed before is lifted", c.Suppressions, err)
	}
	takeBack(t, s, p, did.Batch, later+1)
	if c, _, err := s.Contact("new"); err != nil || !c.IsHeldBy(trip.ID) || isSuppressed(t, s, "new", later+1) {
		t.Errorf("undone: new has %+v, %v", c.Suppressions, err)
	}
}

func TestAHoldOnANumberIsReleasedAndDiscarded(t *testing.T) {
	for _, review := range []func(*store.Store, context.Context, store.TripReview) (store.BreakerTrip, store.BatchResult, error){(*store.Store).ReleaseTrip, (*store.Store).DiscardTrip} {
		s := storetest.Open(t)
		p := storetest.Policy(t, s)
		p.UseNumbers([]string{"hard_bounce"})
		var profiles []store.Profile
		for i := range 12 {
			profiles = append(profiles, store.Profile{Key: fmt.Sprint("c", i), HasPhone: true, Phone: fmt.Sprint("+9055500000", 10+i)})
		}
		if _, err := s.SaveProfiles(profiles, storetest.Start); err != nil {
			t.Fatal(err)
		}
		now := storetest.Start.Add(3 * hygiene.Day)
		for i := range 10 {
			storetest.Append(t, s, storetest.Event(storetest.Start, fmt.Sprint("c", i), fmt.Sprint("o", i), hygiene.HardBounce))
		}
		for i := range 2 {
			storetest.Append(t, s, storetest.Event(storetest.Start+1, fmt.Sprint("c", i), fmt.Sprint("d", i), hygiene.Delivered))
		}
		limited(t, s, p, now)
		storetest.Append(t, s, storetest.Event(storetest.Start, "c10", "n", hygiene.HardBounce))
		limited(t, s, p, now)
		trip := ruleTrip(t, s)
		if trip.Events != 1 || isSuppressed(t, s, "c10", now) || !isSuppressed(t, s, "c7", now) {
			t.Errorf("%d verdicts are held", trip.Events)
		}
		if _, _, err := review(s, t.Context(), store.TripReview{Trip: trip.ID, Policy: p, Now: now + 1, By: "ayse"}); err != nil {
			t.Fatal(err)
		}
		released := ruleTrip(t, s).State == store.TripReleased
		if isSuppressed(t, s, "c10", now+1) != released {
			t.Errorf("released is %v, suppressed the contrary", released)
		}
		if _, err := s.Rejudge(t.Context(), p, "", store.Batch{At: now, Kind: store.RejudgeBatch}, now+2, nil); err != nil {
			t.Fatal(err)
		}
		if isSuppressed(t, s, "c10", now+2) != released {
			t.Errorf("released is %v, and a rejudge finds the contrary", released)
		}
		if !isSuppressed(t, s, "c7", now) {
			t.Error("what was suppressed before is lifted")
		}
	}
}
