package pagedata

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/segments"
	"winnow/store"
	"winnow/store/storetest"
)

var noon = hygiene.InstantOf(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))

func emptySource(t *testing.T) *Source {
	t.Helper()
	return &Source{Store: storetest.Open(t)}
}

// add stores events of a day, with a campaign.
func (s *Source) add(t *testing.T, ago int, campaign string, outcomes ...hygiene.Outcome) {
	t.Helper()
	var events []hygiene.Event
	for i, o := range outcomes {
		events = append(events, hygiene.Event{ReceivedAt: noon.Add(-time.Duration(ago) * hygiene.Day), Source: "insider", MessageID: fmt.Sprint(campaign, ago, i), Name: o.String(), Outcome: o, Contact: "ann",
			Body: []byte(`{"uniqueArgs":{"campaign":"` + campaign + `"}}`)})
	}
	if err := s.Store.Append(context.Background(), events, nil); err != nil {
		t.Fatal(err)
	}
}

func TestDaysAreCountedByTimeOfReceipt(t *testing.T) {
	s := emptySource(t)
	s.add(t, 0, "a", hygiene.Delivered, hygiene.HardBounce, hygiene.UnknownDelivery, hygiene.Sent)
	s.add(t, 2, "a", hygiene.Delivered)
	s.add(t, view.ShownDays, "a", hygiene.Delivered)
	days, err := s.countDays(t.Context(), noon)
	if err != nil || len(days) != view.ShownDays {
		t.Fatalf("%d days, %v", len(days), err)
	}
	total := int64(0)
	for _, day := range days {
		for _, n := range day.Outcomes {
			total += n
		}
	}
	today := days[view.ShownDays-1]
	if total != 5 || today.Tried != 2 || today.Delivered != 1 || today.Outcomes["unknown_delivery"] != 1 || days[view.ShownDays-3].Delivered != 1 {
		t.Errorf("%d events, %+v", total, days[view.ShownDays-3:])
	}
}

func TestTheCampaignsWithMostMessagesAreKeptAndTheOthersCounted(t *testing.T) {
	s := emptySource(t)
	for i := range shownGroups + 3 {
		outcomes := []hygiene.Outcome{hygiene.HardBounce}
		for range i {
			outcomes = append(outcomes, hygiene.Delivered)
		}
		s.add(t, 1, fmt.Sprintf("c%02d", i), outcomes...)
	}
	s.add(t, 1, "nothing tried", hygiene.Sent)
	s.add(t, 8, "too old", hygiene.Delivered)
	g, err := s.countGroups(t.Context(), view.OverviewQuery{Days: 7, By: "campaign"}, noon)
	if err != nil || len(g.Rows) != shownGroups || g.More != 3 {
		t.Fatalf("%d rows and %d more, %v", len(g.Rows), g.More, err)
	}
	if first, last := g.Rows[0], g.Rows[shownGroups-1]; first.Name != "c14" || first.Tried != 15 || first.Outcomes["hard_bounce"] != 1 || last.Name != "c03" {
		t.Errorf("from %+v to %+v", first, last)
	}
	if g, err = s.countGroups(t.Context(), view.OverviewQuery{Days: 30, By: "source"}, noon); err != nil || len(g.Rows) != 1 || g.Rows[0].Name != "insider" {
		t.Errorf("by source: %+v, %v", g, err)
	}
}

func TestNightsThatWereHeldInARowAreOneMark(t *testing.T) {
	run := func(ago int, status segments.Status) segments.Run {
		return segments.Run{Export: "nightly", AsOf: noon.Add(-time.Duration(ago) * hygiene.Day), Status: status}
	}
	marks := heldMarks([]segments.Run{run(1, segments.Held), run(2, segments.Held), run(6, segments.Released), run(7, segments.Discarded), run(40, segments.Held)}, noon.Add(-30*hygiene.Day))
	var texts []string
	for _, m := range marks {
		texts = append(texts, fmt.Sprintf("%s to %s: %s", m.At.Time().Format("2"), m.Until.Time().Format("2"), m.Text))
	}
	if got := strings.Join(texts, "; "); got != "16 to 17: 2 runs of nightly held, then released; 21 to 22: 2 runs of nightly held" {
		t.Error(got)
	}
}

func TestASurgeIsMarkedWithItsVerdict(t *testing.T) {
	for want, trip := range map[string]store.BreakerTrip{
		"surge of hard bounce, held":             {Outcome: hygiene.HardBounce, State: store.TripHeld},
		"surge of hard bounce, discarded by ali": {Outcome: hygiene.HardBounce, State: store.TripDiscarded, By: "ali"},
		"surge of dropped, reported":             {Outcome: hygiene.Dropped, State: store.TripTold},
	} {
		if m := surgeMark(&trip); m.Text != want {
			t.Errorf("%q, want %q", m.Text, want)
		}
	}
}

func TestTheFirstPolicyOfAStoreIsNotMarkedAsAChange(t *testing.T) {
	s, ops := sourceOf(t) // opening the store has saved the policy of its config
	if err := ops.Store.SavePolicy("bbbbbbbbbbbb", []byte("b"), noon); err != nil {
		t.Fatal(err)
	}
	marks, err := s.marks(noon)
	if err != nil || len(marks) != 1 || marks[0].Text != "new policy bbbbbbbb" {
		t.Errorf("%+v, %v", marks, err)
	}
}
