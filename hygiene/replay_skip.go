package hygiene

import "slices"

// steady is what has stayed the same in all policies that ever judged the
// contacts and in the one they would be judged by. A contact whose life touched
// nothing else stands as judging it again would leave it: it lived under these
// rules alone, and re-judging under the rules one lived under changes nothing.
//
// The policy in force does not suffice. Rules act on what comes, so what came
// before the last edit was judged by the policy of its day.
type steady struct {
	rules map[ruleID]bool // the steady ones; true when others may raise their floor
	moved Outcomes        // an event of these triggered a rule that is not steady, or would
	leans Outcomes        // an event of these triggered a rule whose floor may be raised
}

// ruleID is a rule as it reads.
type ruleID struct {
	name   string
	digest uint64
}

func (r *Rule) id() ruleID { return ruleID{r.Name, r.digest} }

func newSteady(given *Policy, judged []*Policy) *steady {
	s := &steady{rules: map[ruleID]bool{}}
	for i := range given.Rules {
		// What an attribute was when a rule was asked is not kept: a replay asks it
		// with today's.
		if r := &given.Rules[i]; r.When == nil || !asksAttributes(r.Where) {
			s.rules[r.id()] = false
		}
	}
	for _, p := range judged {
		s.keepCommon(given, p)
	}
	for _, p := range append(slices.Clip(judged), given) {
		for i := range p.Rules {
			s.unsettle(&p.Rules[i], given)
		}
	}
	return s
}

// keepCommon leaves those that the other policy has too, in the same order
// among each other.
func (s *steady) keepCommon(given, other *Policy) {
	place := map[ruleID]int{}
	for i := range other.Rules {
		place[other.Rules[i].id()] = i
	}
	for id := range s.rules {
		if _, ok := place[id]; !ok {
			delete(s.rules, id)
		}
	}
	var common []*Rule
	for i := range given.Rules {
		if _, ok := s.rules[given.Rules[i].id()]; ok {
			common = append(common, &given.Rules[i])
		}
	}
	inOrder := func(a, b *Rule) int { return place[a.id()] - place[b.id()] }
	if slices.IsSortedFunc(common, inOrder) {
		return
	}
	for i, a := range common {
		for _, b := range common[i+1:] {
			if inOrder(a, b) > 0 {
				delete(s.rules, a.id())
				delete(s.rules, b.id())
			}
		}
	}
}

// unsettle notes whose life a rule that is not steady may have touched: who had
// an event that triggers it, and, as it raises floors, who had one that triggers
// a rule it may undo, or a retry that a suppression may have kept away.
func (s *steady) unsettle(r *Rule, given *Policy) {
	if _, ok := s.rules[r.id()]; ok || r.When == nil {
		return
	}
	s.moved |= r.When.Outcomes
	if r.alwaysLifts() && r.Then.Suppress == nil {
		return
	}
	for i := range given.Rules {
		of := &given.Rules[i]
		if _, ok := s.rules[of.id()]; !ok || of.When == nil {
			continue
		}
		keptAway := of.Then.Retry != nil && (r.Then.Suppress != nil || r.Then.Release != nil)
		if keptAway || undoes(r, of) {
			s.rules[of.id()] = true
			s.leans |= of.When.Outcomes
		}
	}
}

// keeps tells whether judging the contact again leaves it as it stands. A nil
// steady does not know of any.
func (s *steady) keeps(c *Contact) bool {
	if s == nil {
		return false
	}
	overflowed := false
	for o := Scheduled; o < outcomeEnd; o++ {
		overflowed = overflowed || c.History.trails[o].Dropped
	}
	touched := s.moved
	if overflowed {
		touched |= s.leans
	}
	for o := range touched.All() {
		if t := &c.History.trails[o]; len(t.Entries) > 0 || t.Dropped {
			return false
		}
	}
	return s.carries(c, overflowed)
}

// carries tells whether all that stands, and all that reviews told, is of
// steady rules.
func (s *steady) carries(c *Contact, overflowed bool) bool {
	firm := func(rule string, digest uint64) bool {
		raised, ok := s.rules[ruleID{rule, digest}]
		return rule == "" || ok && !(raised && overflowed)
	}
	for i := range c.Suppressions {
		if s := &c.Suppressions[i]; !firm(s.Rule, s.Digest) || !firm(s.Renewal.Rule, s.Renewal.Digest) {
			return false
		}
	}
	for i := range c.Tags {
		if t := &c.Tags[i]; !firm(t.Rule, t.Digest) {
			return false
		}
	}
	for i := range c.Instructions {
		if in := &c.Instructions[i]; !firm(in.Rule, in.Digest) {
			return false
		}
	}
	return c.Retry == nil || firm(c.Retry.Rule, c.Retry.Digest)
}

// asksAttributes tells whether the condition looks at attributes.
func asksAttributes(c Condition) bool {
	switch c := c.(type) {
	case All:
		return slices.ContainsFunc(c, asksAttributes)
	case Any:
		return slices.ContainsFunc(c, asksAttributes)
	case Not:
		return asksAttributes(c.Of)
	case AttributeTest:
		return true
	}
	return false
}
