package view

import "winnow/hygiene"

// Rules is what the rules that suppress did, in the 90 days that end with the present.
type Rules struct {
	Policy string           `json:"policy"`
	Since  *hygiene.Instant `json:"since,omitempty"` // when the store began to count, if that is within the 90 days
	Rules  []RuleRegret     `json:"rules"`
}

// RuleRegret is how often suppressions of a rule proved right and wrong. What is neither is
// unmeasured: acted less unmeasured is how much of it is covered.
type RuleRegret struct {
	Rule       string   `json:"rule"`
	Acted      int64    `json:"acted"`
	Right      int64    `json:"right"`
	Regretted  int64    `json:"regretted"`
	Unmeasured int64    `json:"unmeasured"`
	Share      *float64 `json:"share"`            // of what it acted on, regretted, 0 to 1; null when it did not act
	Former     bool     `json:"former,omitempty"` // the policy has no such rule, or it reads otherwise now
}
