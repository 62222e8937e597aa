package hygiene

// RegretLimit doubts a rule: one of whose suppressions too many are regretted only
// proposes, until someone looks at it.
type RegretLimit struct {
	Max float64 // the share of its suppressions that may be regretted, 0 to 1
	Min int     // with fewer suppressions in [RegretFor], a rule is not doubted
}

// Exceeded reports whether so many regretted of so many suppressions are too many. A nil
// limit is never exceeded.
func (l *RegretLimit) Exceeded(acted, regretted int64) bool {
	return l != nil && acted >= int64(l.Min) && float64(regretted) > l.Max*float64(acted)
}

// RuleHold holds what one rule, reading the same, suppresses from a place in the log on.
type RuleHold struct {
	Rule   string
	Digest uint64
	Trip   int64 // what it waits for; see [Suppression.Held]
	From   int64 // seq of the first event whose verdict is held
}
