package pages

import (
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
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
