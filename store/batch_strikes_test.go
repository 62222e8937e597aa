package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

func register(t *testing.T, s *store.Store, message, contact string) {
	t.Helper()
	if _, err := s.Register(context.Background(), []store.Registration{{Source: "insider", MessageID: message, Contact: contact}}); err != nil {
		t.Fatal(err)
	}
}

// heldStore has one trip of a breaker, of so many bounces.
func heldStore(t *testing.T, n int) (*store.Store, *hygiene.Policy) {
	t.Helper()
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	storetest.Append(t, s, received(storetest.Start, "insider", mixed(n, n)...)...)
	sweepHeld(t, s, p, 0, bounces)
	return s, p
}

func TestADiscardKilledBeforeItsTripWasUpdatedIsFinishedAndUndoneByItsBatch(t *testing.T) {
	s, p := heldStore(t, 30)
	now := storetest.Start.Add(hygiene.Day)
	r := store.TripReview{Trip: 1, Policy: p, Now: now, By: "ann"}
	trip, err := s.WaitingTrip(1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.BeginReview(&trip, r, store.DiscardBatch)
	if err != nil {
		t.Fatal(err)
	}
	did, err := s.InvalidateEvidence(context.Background(), p, trip.StrikeInstruction(), b, now, nil)
	if err != nil || did.Contacts != 30 {
		t.Fatalf("%+v, %v", did, err)
	}
	if again, _, err := s.DiscardTrip(context.Background(), r); err != nil || again.Batch != did.Batch {
		t.Errorf("settled by batch %d instead of %d, %v", again.Batch, did.Batch, err)
	}
	takeBack(t, s, p, did.Batch, now+1)
	if trips := tripsOf(t, s); trips[0].State != store.TripHeld {
		t.Errorf("undone, and yet %+v", trips[0])
	}
	review(t, s, p, now+2, (*store.Store).ReleaseTrip)
	if n := suppressed(t, s); n != 30 {
		t.Errorf("released, and %d of 30 are suppressed", n)
	}
}

func TestATripGetsNoOtherReviewBeforeAnInterruptedOneIsFinished(t *testing.T) {
	step := store.SmallSteps(t)
	s, p := heldStore(t, step+100)
	now := storetest.Start.Add(hygiene.Day)
	cut := func() (context.Context, func(int64)) {
		ctx, cancel := context.WithCancel(context.Background())
		return ctx, func(int64) { cancel() }
	}
	refused := func(settle func(*store.Store, context.Context, store.TripReview) (store.BreakerTrip, store.BatchResult, error), want string) {
		t.Helper()
		if _, _, err := settle(s, context.Background(), store.TripReview{Trip: 1, Policy: p, Now: now, By: "ann"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	ctx, stop := cut()
	if _, _, err := s.DiscardTrip(ctx, store.TripReview{Trip: 1, Policy: p, Now: now, By: "ann", Progress: stop}); err == nil {
		t.Fatal("not cut short")
	}
	refused((*store.Store).ReleaseTrip, "discard of breaker trip 1 was interrupted; finish it with winnow breaker discard 1, or undo it with winnow undo --batch 1")
	ctx, stop = cut()
	back, err := s.PlanUndo(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Undo(ctx, p, back, store.Batch{}, now, stop, nil); err == nil {
		t.Fatal("not cut short")
	}
	refused((*store.Store).ReleaseTrip, "batch 2, which undoes batch 1 about breaker trip 1, was interrupted; finish it with winnow undo --batch 1")
	refused((*store.Store).DiscardTrip, "batch 2, which undoes batch 1")
	takeBack(t, s, p, 1, now)
	ctx, stop = cut()
	if _, _, err := s.ReleaseTrip(ctx, store.TripReview{Trip: 1, Policy: p, Now: now, By: "ann", Progress: stop}); err == nil {
		t.Fatal("not cut short")
	}
	refused((*store.Store).DiscardTrip, "release of breaker trip 1 was interrupted; finish it with winnow breaker release 1")
	review(t, s, p, now, (*store.Store).ReleaseTrip)
	if n := suppressed(t, s); n != step+100 {
		t.Errorf("released, and %d are suppressed", n)
	}
}

func TestADiscardIsNotInForceAgainAfterItsTripWasReleased(t *testing.T) {
	s, p := heldStore(t, 30)
	now := storetest.Start.Add(hygiene.Day)
	review(t, s, p, now, (*store.Store).DiscardTrip)
	takeBack(t, s, p, 1, now+1)
	review(t, s, p, now+2, (*store.Store).ReleaseTrip)
	if _, err := s.PlanUndo(2); err == nil || !strings.Contains(err.Error(), "batch 1 can't be put back in force: it discarded breaker trip 1, which was released by ann at ") {
		t.Errorf("%v", err)
	}
}

func TestAStrikeReachesEvidenceThatFindsItsContactLater(t *testing.T) {
	for _, late := range []bool{false, true} {
		s := storetest.Open(t)
		p := storetest.Policy(t, s)
		storetest.Append(t, s, storetest.Event(storetest.Start, "", "m1", hygiene.HardBounce))
		if !late {
			register(t, s, "m1", "ann")
		}
		sweepAll(t, s, p, 0)
		now := storetest.Start.Add(hygiene.Day)
		in := hygiene.Instruction{From: storetest.Start, To: storetest.Start.Add(time.Hour)}
		if did, err := strikeAll(t, context.Background(), s, p, in, now, nil); err != nil || did.Batch != 1 {
			t.Fatalf("%+v, %v", did, err)
		}
		if again, err := strikeAll(t, context.Background(), s, p, in, now+1, nil); err != nil || again != (store.BatchResult{}) {
			t.Errorf("again: %+v, %v", again, err)
		}
		if late {
			register(t, s, "m1", "ann")
		}
		sweepAll(t, s, p, 0)
		if n := suppressed(t, s); n != 0 {
			t.Errorf("registered late %v: %d suppressed", late, n)
		}
		if ledger, err := s.Ledger("ann", 10); err != nil || ledger[0].Batch != 1 || ledger[0].By != "ops" {
			t.Errorf("registered late %v: %+v, %v", late, ledger, err)
		}
		takeBack(t, s, p, 1, now+2)
		if n := suppressed(t, s); n != 1 {
			t.Errorf("registered late %v and taken back: %d suppressed", late, n)
		}
	}
}

func TestAStrikeUndoneBeforeItReachedAContactReachesNone(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	storetest.Append(t, s, storetest.Event(storetest.Start, "", "m1", hygiene.HardBounce))
	sweepAll(t, s, p, 0)
	now := storetest.Start.Add(hygiene.Day)
	if _, err := strikeAll(t, context.Background(), s, p, hygiene.Instruction{From: storetest.Start, To: now}, now, nil); err != nil {
		t.Fatal(err)
	}
	if back := takeBack(t, s, p, 1, now+1); back.Batch != 2 {
		t.Errorf("taken back: %+v", back)
	}
	register(t, s, "m1", "ann")
	sweepAll(t, s, p, 0)
	if n := suppressed(t, s); n != 1 {
		t.Errorf("%d suppressed", n)
	}
}

func TestADiscardReachesABounceOfItsTimeThatWasRecordedLate(t *testing.T) {
	for _, late := range []bool{false, true} {
		s := storetest.Open(t)
		p := storetest.Policy(t, s)
		storetest.Append(t, s, received(storetest.Start, "insider", mixed(30, 30)...)...)
		e := storetest.Event(storetest.Start.Add(5*time.Hour), "", "mlate", hygiene.HardBounce)
		e.At, e.Source = storetest.Start.Add(20*time.Second), "insider"
		storetest.Append(t, s, e)
		if !late {
			register(t, s, "mlate", "zed")
		}
		sweepHeld(t, s, p, 0, bounces)
		review(t, s, p, storetest.Start.Add(hygiene.Day), (*store.Store).DiscardTrip)
		if late {
			register(t, s, "mlate", "zed")
		}
		sweepHeld(t, s, p, 0, bounces)
		if n := suppressed(t, s); n != 0 {
			t.Errorf("registered late %v: %d suppressed", late, n)
		}
	}
}

func TestADiscardPutBackInForceReachesContactsFoundMeanwhile(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	now := storetest.Start.Add(hygiene.Day)
	events := received(storetest.Start, "insider", mixed(30, 30)...)
	events[0].Contact = "" // before it tripped
	storetest.Append(t, s, events...)
	sweepHeld(t, s, p, 0, bounces)
	review(t, s, p, now, (*store.Store).DiscardTrip)
	takeBack(t, s, p, 1, now+1)
	register(t, s, events[0].MessageID, "c0")
	sweepHeld(t, s, p, 0, bounces)
	if n := suppressed(t, s); n != 9 {
		t.Errorf("undone: %d suppressed", n)
	}
	takeBack(t, s, p, 2, now+2)
	if n := suppressed(t, s); n != 0 {
		t.Errorf("discarded again: %d suppressed", n)
	}
	takeBack(t, s, p, 1, now+3)
	if n := suppressed(t, s); n != 9 {
		t.Errorf("undone again: %d suppressed", n)
	}
}

func TestUndoingABatchWhoseRedoWasInterruptedUndoesIt(t *testing.T) {
	step := store.SmallSteps(t)
	s, p := crowdOf(t, step+40)
	now, ctx := storetest.Start.Add(hygiene.Day), context.Background()
	if _, err := strikeAll(t, ctx, s, p, hygiene.Instruction{From: storetest.Start, To: now}, now, nil); err != nil {
		t.Fatal(err)
	}
	takeBack(t, s, p, 1, now+1)
	back, err := s.PlanUndo(2)
	if err != nil {
		t.Fatal(err)
	}
	cut, cancel := context.WithCancel(ctx)
	if _, err := s.Undo(cut, p, back, store.Batch{}, now+2, func(int64) { cancel() }, nil); err == nil {
		t.Fatal("not cut short")
	}
	if did := takeBack(t, s, p, 1, now+3); did.Batch != 4 {
		t.Errorf("undone by %+v", did)
	}
	if n := suppressed(t, s); n != step+40 {
		t.Errorf("batch 1 is undone, and %d of %d are suppressed", n, step+40)
	}
}
