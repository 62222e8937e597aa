package store_test

import (
	"context"
	"fmt"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

func TestABreakerHoldsWhatWouldStandOnNumbers(t *testing.T) {
	now := storetest.Start.Add(hygiene.Day)
	for _, c := range []struct {
		review     func(*store.Store, context.Context, store.TripReview) (store.BreakerTrip, store.BatchResult, error)
		suppressed int64
	}{{(*store.Store).ReleaseTrip, 32}, {(*store.Store).DiscardTrip, 0}} {
		s := storetest.Open(t)
		p := storetest.Policy(t, s)
		p.UseNumbers([]string{"hard_bounce"})
		profiles := []store.Profile{{Key: "of c4", HasPhone: true, Phone: "+905550000004"}, {Key: "of c20", HasPhone: true, Phone: "+905550000020"}}
		for i := range 30 {
			profiles = append(profiles, store.Profile{Key: fmt.Sprint("c", i), HasPhone: true, Phone: fmt.Sprintf("+9055500000%02d", i)})
		}
		if _, err := s.SaveProfiles(profiles, storetest.Start); err != nil {
			t.Fatal(err)
		}
		storetest.Append(t, s, received(storetest.Start, "insider", mixed(30, 30)...)...)
		if did := sweepHeld(t, s, p, 0, bounces); did.Held != 21 {
			t.Fatalf("swept %+v", did)
		}
		if totals, err := s.Totals(); err != nil || totals.Statuses["suppressed"] != 10 || totals.Statuses["active"] != 22 {
			t.Errorf("with what is held counted are %v, %v", totals.Statuses, err)
		}
		before, err := s.PriorSuppressions(t.Context(), tripsOf(t, s), now, nil)
		if err != nil || before[0].Contacts != 10 {
			t.Errorf("suppressed before: %+v, %v", before, err)
		}
		review(t, s, p, now, c.review)
		if totals, err := s.Totals(); err != nil || totals.Statuses["suppressed"] != c.suppressed {
			t.Errorf("after the review counted are %v, %v; want %d suppressed", totals.Statuses, err, c.suppressed)
		}
		checkCounts(t, s, p, now)
	}
}
