package pages

import (
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/segments"
)

func TestThePageOfAHeldRuleSaysSinceWhenAndLinksTheReview(t *testing.T) {
	at := hygiene.InstantOf(time.Date(2026, 12, 1, 0, 20, 3, 0, time.UTC))
	held := view.Surge{ID: 1, Rule: "soft", From: at, Until: at.Add(time.Second), Share: .5, Events: 6, Contacts: 6, State: "held"}
	page := made(t)(Surge(Page{Form: "f"}, view.SurgePage{At: at.Add(time.Hour), Of: held}, nil))
	wantWords(t, page, "What it says since 1 Dec 2026, 00:20 UTC is held.")
	held.State, held.ReviewedAt, held.By, held.Batch = "discarded", at.Add(time.Minute), "console:ali", 19
	page = made(t)(Surge(Page{Form: "f"}, view.SurgePage{At: at.Add(time.Hour), Of: held}, nil))
	wantWords(t, page, "What it said since 1 Dec 2026, 00:20 UTC, until the review, was held.", `<a href="/journal/19">batch 19</a>`)
	if when := (surge{held}).When(); strings.Contains(when, "–") {
		t.Errorf("one minute is shown as %s", when)
	}
}

func TestTheRulesPageLeadsToWhatHoldsARule(t *testing.T) {
	page := made(t)(Rules(Page{Form: "f"}, view.PolicyRules{Rules: []view.Rule{{Name: "soft", Held: []view.RuleHold{{Surge: 7, Why: "it <only> proposes"}}}}}))
	wantWords(t, page, "Held: it &lt;only&gt; proposes.", `<a href="/surges/7">`)
}

func TestWhatAPageSaysWillAppearAppearsWithAndWithoutScripts(t *testing.T) {
	running := &longState{By: "ali", Since: "00:20 UTC", Running: true}
	at := hygiene.Instant(3_000_000)
	run := segments.Run{Export: "nightly", Name: "2026-12-01T002000Z", Status: segments.Held}
	for name, page := range map[string]string{
		"reviewing": made(t)(Surge(Page{Form: "f"}, view.SurgePage{At: at, Of: view.Surge{ID: 1, State: "held"}, Counting: true}, running)),
		"releasing": made(t)(Run(Page{Form: "f"}, view.RunPage{At: at, RunSizes: view.RunSizes{Run: run}, Held: &view.HeldPage{Finding: true}}, running)),
	} {
		wantWords(t, page, `id="`+name+`" data-live="soon"`, `will appear here. <a href="">Reload</a>`)
	}
}
