package pagedata

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/store"
	"winnow/store/storetest"
)

func TestTheBeginningOfSeveralHashesIsNoFailure(t *testing.T) {
	s, ops := sourceOf(t)
	for _, hash := range []string{"aaaa00000001", "aaaa00000002"} {
		if err := ops.Store.SavePolicy(hash, []byte("future: 1\n"), storetest.Start); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Policy(t.Context(), "aaaa")
	if refusal := (*console.APIError)(nil); !errors.As(err, &refusal) || refusal.Status != http.StatusNotFound || !strings.Contains(err.Error(), "give more of the hash") {
		t.Errorf("%v", err)
	}
}

func TestThatAPolicyOfAnotherVersionCanNotBeReadIsSaid(t *testing.T) {
	s, ops := sourceOf(t)
	if err := ops.SavePolicy(storetest.Start); err != nil {
		t.Fatal(err)
	}
	if err := ops.Store.SavePolicy("aaaa00000001", []byte("future: {thing: 1}\n"), storetest.Start); err != nil {
		t.Fatal(err)
	}
	d, err := s.Diff(t.Context(), "aaaa00000001", ops.Config.Hash)
	if err != nil || len(d.Lines) == 0 || !slices.Equal(d.Unreadable, []string{"aaaa00000001"}) {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestADifferenceKeepsTextThatLooksLikeALinesEnd(t *testing.T) {
	d := diffOf("a: 1\r\n", "a: '\\r'\r\n")
	if got := d.Lines[len(d.Lines)-1].Text; got != `a: '\r'` {
		t.Errorf("the line is %q", got)
	}
}

func TestAHeldRuleNamesTheSurgeToReview(t *testing.T) {
	rule := &hygiene.Rule{Name: "bounced", When: &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(hygiene.HardBounce)}}}
	trips := []store.BreakerTrip{{ID: 7, State: store.TripHeld, Rule: "bounced", Share: .5}, {ID: 8, State: store.TripHeld, Source: "twilio", Outcome: hygiene.HardBounce},
		{ID: 9, State: store.TripHeld, Rule: "other"}, {ID: 5, State: store.TripHeld, Rule: "bounced", Digest: 1}, {ID: 6, State: store.TripReleased, Rule: "bounced"}}
	want := []view.RuleHold{{Surge: 7, Why: "it only proposes, because 50% of what it suppressed was followed by a delivery"},
		{Surge: 8, Why: "what it says of a surge of hard_bounce at twilio waits for a verdict"},
		{Surge: 5, Why: "what it said before it was changed waits for a verdict"}}
	if got := heldBy(rule, trips); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}
