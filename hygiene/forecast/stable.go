package forecast

import (
	"slices"

	"winnow/hygiene"
)

// stableRules are the rules that read the same, in the same order, in all policies
// that ever judged the contacts and in the one that would judge them now. A contact
// that only stable rules ever concerned is as a replay would leave it: a replay under
// the rules that it was judged by changes nothing. So a plan may skip it.
//
// The policy in force alone is not enough. Rules act on what comes, so what came
// before the last edit was judged by the policy of its day.
type stableRules struct {
	rules map[ruleID]stability
	// touched are the outcomes whose events triggered a rule that is not stable, or
	// would.
	touched hygiene.Outcomes
	// touchedIfOverflowed are the outcomes whose events triggered a rule of which
	// the horizon may be raised.
	touchedIfOverflowed hygiene.Outcomes
}

// stability is what is known of a stable rule.
type stability struct {
	// raised: rules that are not stable may raise its horizon, so it is only stable
	// for contacts of which no outcome overflowed.
	raised bool
}

// ruleID is a rule as it reads.
type ruleID struct {
	name   string
	digest uint64
}

func idOf(r *hygiene.Rule) ruleID { return ruleID{r.Name, r.Digest()} }

func newStableRules(given *hygiene.Policy, judged []*hygiene.Policy) *stableRules {
	for _, p := range judged {
		if !slices.Equal(p.Protected(), given.Protected()) {
			return nil // a replay may keep what they let go
		}
	}
	s := &stableRules{rules: map[ruleID]stability{}}
	for i := range given.Rules {
		// A replay uses today's attributes; those of the time when the rule was evaluated
		// are not kept.
		if r := &given.Rules[i]; r.When == nil || len(hygiene.InputsOf(r.Where).Attributes) == 0 {
			s.rules[idOf(r)] = stability{}
		}
	}
	for _, p := range judged {
		s.keepCommon(given, p)
	}
	for _, p := range append(slices.Clip(judged), given) {
		for i := range p.Rules {
			s.markTouched(&p.Rules[i], given)
		}
	}
	return s
}

// keepCommon keeps the rules that the other policy has too, in the same order among
// each other.
func (s *stableRules) keepCommon(given, other *hygiene.Policy) {
	place := map[ruleID]int{}
	for i := range other.Rules {
		place[idOf(&other.Rules[i])] = i
	}
	for id := range s.rules {
		if _, ok := place[id]; !ok {
			delete(s.rules, id)
		}
	}
	var common []*hygiene.Rule
	for i := range given.Rules {
		if _, ok := s.rules[idOf(&given.Rules[i])]; ok {
			common = append(common, &given.Rules[i])
		}
	}
	inOrder := func(a, b *hygiene.Rule) int { return place[idOf(a)] - place[idOf(b)] }
	if slices.IsSortedFunc(common, inOrder) {
		return
	}
	for i, a := range common {
		for _, b := range common[i+1:] {
			if inOrder(a, b) > 0 {
				delete(s.rules, idOf(a))
				delete(s.rules, idOf(b))
			}
		}
	}
}

// markTouched notes which contacts a rule that is not stable may have touched: those
// with an event that triggers it, and, because it raises horizons, those with an
// event that triggers a rule it may undo, or a retry that a suppression may have
// kept away.
func (s *stableRules) markTouched(r *hygiene.Rule, given *hygiene.Policy) {
	if _, ok := s.rules[idOf(r)]; ok || r.When == nil {
		return
	}
	s.touched |= r.When.Outcomes
	if r.AlwaysTriggers() && r.Then.Suppress == nil {
		return
	}
	for i := range given.Rules {
		stable := &given.Rules[i]
		if _, ok := s.rules[idOf(stable)]; !ok || stable.When == nil {
			continue
		}
		keptAway := stable.Then.Retry != nil && (r.Then.Suppress != nil || r.Then.Release != nil)
		if keptAway || r.Undoes(stable) {
			s.rules[idOf(stable)] = stability{raised: true}
			s.touchedIfOverflowed |= stable.When.Outcomes
		}
	}
}

// unchanged reports whether a replay leaves the contact as it is. On nil, without
// knowledge, it never does.
func (s *stableRules) unchanged(c *hygiene.Contact) bool {
	if s == nil {
		return false
	}
	overflowed := false
	for o := range hygiene.AllOutcomes().All() {
		overflowed = overflowed || c.History.Outcome(o).Dropped
	}
	touched := s.touched
	if overflowed {
		touched |= s.touchedIfOverflowed
	}
	for o := range touched.All() {
		if t := c.History.Outcome(o); len(t.Entries) > 0 || t.Dropped {
			return false
		}
	}
	return s.onlyStable(c, overflowed)
}

// onlyStable reports whether everything that is open, and every instruction of a
// review, is of a stable rule.
func (s *stableRules) onlyStable(c *hygiene.Contact, overflowed bool) bool {
	stable := func(rule string, digest uint64) bool {
		is, ok := s.rules[ruleID{rule, digest}]
		return rule == "" || ok && !(is.raised && overflowed)
	}
	for i := range c.Suppressions {
		if s := &c.Suppressions[i]; !stable(s.Rule, s.Digest) || !stable(s.Renewal.Rule, s.Renewal.Digest) {
			return false
		}
	}
	for i := range c.Tags {
		if t := &c.Tags[i]; !stable(t.Rule, t.Digest) {
			return false
		}
	}
	for i := range c.Instructions {
		if in := &c.Instructions[i]; !stable(in.Rule, in.Digest) {
			return false
		}
	}
	return c.Retry == nil || stable(c.Retry.Rule, c.Retry.Digest)
}
