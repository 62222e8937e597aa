package hygiene

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// generator draws what a policy may be made of.
type generator struct {
	*rand.Rand
	protected []string // beside those that always are
}

func (d generator) one(in int) bool { return d.IntN(in) == 0 }

func (d generator) outcome() Outcome { return Sent + Outcome(d.IntN(int(Resubscribed-Sent)+1)) }

func (d generator) counting() Counting {
	q := Counting{Outcomes: OutcomesOf(d.outcome()), Count: 1}
	if d.one(2) {
		q.Outcomes |= OutcomesOf(SoftBounce)
	}
	if d.one(2) {
		q.Count = 1 + d.IntN(6)
	}
	if d.one(3) {
		q.Within = time.Duration(1+d.IntN(10)) * Day
	}
	if d.one(3) {
		q.Since = OutcomesOf(d.outcome())
	}
	if d.one(4) {
		q.Codes = []string{"1404"}
	}
	if d.one(4) {
		q.Source = "b"
	}
	if d.one(4) {
		q.Apart = time.Duration(1+d.IntN(30)) * time.Hour
	}
	return q
}

func (d generator) condition() Condition {
	var c Condition = OutcomeTest{d.counting()}
	if d.one(3) {
		c = SeenTest{First: d.one(2), OlderThan: time.Duration(1+d.IntN(10)) * Day}
	}
	if d.one(3) {
		c = Not{c}
	}
	if d.one(3) {
		c = Any{c, Not{OutcomeTest{d.counting()}}}
	}
	return c
}

func (d generator) rule(name string) Rule {
	r := Rule{Name: name}
	if d.one(5) {
		r.Where = d.condition()
	} else {
		r.When = &When{d.counting()}
		if d.one(4) {
			r.Where = d.condition()
		}
	}
	r.Then = d.action(r.When == nil)
	if s := r.Then.Suppress; s != nil && NewPolicy(nil, "").Protect(d.protected...).Protects(s.Reason) && r.When != nil {
		// For others the order in which events arrive may show, and check warns of them.
		r.When.Count, r.When.Since, r.When.Apart, r.Where = 1, 0, 0, nil
	}
	return r
}

func (d generator) action(review bool) Action {
	reason, tag := []string{"a", "b", OptedOut, Complaint}[d.IntN(4)], []string{"t", "u"}[d.IntN(2)]
	switch d.IntN(6) {
	case 0, 1:
		return Action{Suppress: &SuppressAction{Reason: reason, For: time.Duration(d.IntN(10)) * Day}}
	case 2:
		return Action{Release: []string{reason}}
	case 3:
		if !review {
			return Action{Retry: &RetryAction{After: []time.Duration{time.Hour, Day, 2 * Day}[:1+d.IntN(3)], Lapse: 3 * Day}}
		}
		return Action{Tag: tag}
	case 4:
		return Action{Tag: tag}
	default:
		return Action{Untag: tag}
	}
}

// randomPolicy is up to eight rules of any kind that a config may hold, and reasons that
// it protects.
func randomPolicy(r *rand.Rand) *Policy {
	d := generator{Rand: r}
	for _, reason := range []string{"a", "b", "soft_bounce", "manual"} {
		if d.one(4) {
			d.protected = append(d.protected, reason)
		}
	}
	var rules []Rule
	for i := range 2 + d.IntN(7) {
		rules = append(rules, d.rule(fmt.Sprint("r", i)))
	}
	return NewPolicy(rules, "random").Protect(d.protected...)
}

// edited is the policy after a random edit of its file: a rule removed, added,
// rewritten, renamed or moved, or a reason protected.
func edited(r *rand.Rand, p *Policy) *Policy {
	d := generator{r, p.Protected()}
	rules := slices.Clone(p.Rules)
	i := r.IntN(len(rules))
	name := rules[i].Name
	switch r.IntN(7) {
	case 6:
		d.protected = append(d.protected, []string{"a", "b", "soft_bounce", "manual"}[r.IntN(4)])
	case 0:
		if len(rules) > 1 {
			rules = slices.Delete(rules, i, i+1)
		}
	case 1:
		rules = slices.Insert(rules, i, d.rule(fmt.Sprint("new", r.IntN(1000))))
	case 2:
		rules[i].Name = fmt.Sprint("renamed", r.IntN(1000))
	case 3:
		j := r.IntN(len(rules))
		rules[i], rules[j] = rules[j], rules[i]
	case 4:
		if rules[i].When != nil {
			rules[i].Where = AttributeTest{"country", Comparison{Op: Is, Values: []Value{ParseValue("TR")}}}
		}
	default:
		rules[i] = d.rule(name)
	}
	return NewPolicy(rules, fmt.Sprint(p.Hash, "+")).Protect(d.protected...)
}
