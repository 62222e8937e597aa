package store_test

import (
	"testing"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/storetest"
)

func TestOldBodiesInQuarantineAreDeletedByTheirAge(t *testing.T) {
	s := storetest.Open(t)
	for i := range hygiene.Instant(3) {
		bad := hygiene.Unreadable{ReceivedAt: far - (2-i)*hygiene.Instant(hygiene.Day.Microseconds()), Source: "insider", Why: "odd", Body: []byte{'0' + byte(i)}}
		must(t, s.Append(t.Context(), nil, []hygiene.Unreadable{bad}))
	}
	if did := retain(t, s, far); did.Quarantine != 2 {
		t.Errorf("%+v", did)
	}
	list, err := s.Quarantine(10)
	if err != nil || len(list) != 1 || string(list[0].Body) != "2" {
		t.Errorf("left are %+v, %v", list, err)
	}
	facts, err := s.Pruned()
	if n, through := facts.Of(engine.PrunedQuarantine, "insider"); err != nil || n != 2 || through != far.Add(-hygiene.Day) {
		t.Errorf("%+v, %v", facts, err)
	}
	if totals, err := s.Totals(); err != nil || totals.Quarantined != 1 {
		t.Errorf("the status says %d, %v", totals.Quarantined, err)
	}
}

func TestAPassNeverGoesPastWhatWasSwept(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	delivered := func(message string) hygiene.Event {
		return storetest.Event(storetest.Start, "ann", message, hygiene.Delivered)
	}
	storetest.Append(t, s, delivered("m1"), delivered("m2"))
	if did := retain(t, s, far); did.Events != 0 {
		t.Errorf("nothing was swept: %+v", did)
	}
	sweepAll(t, s, p, 0)
	storetest.Append(t, s, delivered("m3"), storetest.Event(storetest.Start, "bob", "m4", hygiene.HardBounce))
	if did := retain(t, s, far); did.Events != 1 || did.Bodies != 0 {
		t.Errorf("two events were not swept: %+v", did)
	}
	for seq := int64(2); seq <= 4; seq++ {
		if e, ok, err := s.Event(seq); !ok || len(e.Body) == 0 || err != nil {
			t.Errorf("event %d: %+v, %v", seq, e, err)
		}
	}
	sweepAll(t, s, p, 0)
	if bob, _, err := s.Contact("bob"); err != nil || len(bob.Suppressions) != 1 {
		t.Errorf("what came in beside the pass does not act: %+v, %v", bob, err)
	}
}

func TestTheEventsOfAHeldRunStayUntilItIsDecided(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	for i, message := range []string{"m1", "m2", "m3", "m4"} {
		storetest.Append(t, s, storetest.Event(storetest.Start.Add(hygiene.Day), "ann", message, hygiene.Delivered))
		sweepAll(t, s, p, 0)
		if i == 0 || i == 2 {
			run := segments.Run{Export: "nightly", Name: segments.RunName(far), ScheduledAt: hygiene.Instant(i + 1), Status: segments.Published, ThroughSeq: int64(i + 1)}
			if i == 2 {
				run.Status, run.Name = segments.Held, ""
			}
			must(t, s.EndRun(run))
		}
	}
	storetest.Append(t, s, storetest.Event(storetest.Start.Add(hygiene.Day), "ann", "m5", hygiene.Delivered))
	sweepAll(t, s, p, 0)
	left := func(s *store.Store) (left []bool) {
		for seq := int64(1); seq <= 5; seq++ {
			e, ok, err := s.Event(seq)
			must(t, err)
			left = append(left, ok && len(e.Body) > 0)
		}
		return left
	}
	retain(t, s, far)
	if got := left(s); got[0] || !got[1] || !got[2] || got[3] || !got[4] {
		t.Errorf("beside a held run of events 2 and 3 are left %v", got)
	}
	must(t, s.EndRun(segments.Run{Export: "nightly", Name: segments.RunName(far + 1), ScheduledAt: 9, Status: segments.Published, ThroughSeq: 5}))
	retain(t, s, far.Add(2*hygiene.Day))
	if got := left(s); got[1] || got[2] || !got[4] {
		t.Errorf("once the run is decided are left %v", got)
	}
}
