package pages

import (
	"winnow/internal/console/view"
	"winnow/internal/ui"
)

const rulesTab = "Rules"

var (
	rulesPage    = parsed("rules.html")
	policiesPage = parsed("policies.html")
	policyPage   = parsed("policy.html")
	diffPage     = parsed("diff.html", "parts.html")
	checkPage    = parsed("check.html", "parts.html")
)

// Rules makes the page of the policy in force.
func Rules(p Page, r view.PolicyRules) ([]byte, error) {
	p.Tab, p.At = rulesTab, r.AsOf
	return render(rulesPage, p, "Rules", r)
}

// Policies makes the page of the policies that were applied.
func Policies(p Page, list view.Policies) ([]byte, error) {
	p.Tab, p.At = rulesTab, list.AsOf
	return render(policiesPage, p, "Policies", list)
}

// AppliedPolicy makes the page of one policy.
func AppliedPolicy(p Page, text view.PolicyText) ([]byte, error) {
	p.Tab, p.At = rulesTab, text.AsOf
	return render(policyPage, p, "Policy "+text.Hash, text)
}

// Diff makes the page of the difference of two policies.
func Diff(p Page, d view.Diff) ([]byte, error) {
	p.Tab, p.At = rulesTab, d.AsOf
	return render(diffPage, p, "Policy "+d.From+" to "+d.To, d)
}

// Check makes the page on which a config is pasted; c is what was found about one, nil for
// none.
func Check(p Page, c *view.Checked) ([]byte, error) {
	p.Tab = rulesTab
	if c != nil {
		p.At = c.AsOf
	}
	return render(checkPage, p, "Check a config", checked{c})
}

// checked is what was found about a pasted config; its Checked is nil when none was.
type checked struct{ *view.Checked }

// Heading says how it looks.
func (c checked) Heading() string {
	switch {
	case len(c.Problems) > 0:
		return ui.Count(int64(len(c.Problems)+c.More), "problem")
	case c.Refused != "":
		return "It does not fit this store"
	case len(c.Warnings) > 0:
		return "No problems, " + ui.Count(int64(len(c.Warnings)+c.MoreWarnings), "warning")
	}
	return "No problems"
}

// Left says how many are left out.
func (c checked) Left(n int, noun string) string {
	return ui.CountVerb(int64(n), noun, "is", "are")
}
