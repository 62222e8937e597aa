package hygiene

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
)

// Policy is all rules, checked, in the order of the file.
type Policy struct {
	Rules []Rule
	Hash  string // of all that can change its verdicts

	triggers [outcomeEnd][]int // by outcome, the indexes of the rules that its events may trigger
}

// NewPolicy makes a policy of checked rules. hash names what they were read
// from; every ledger entry carries it.
func NewPolicy(rules []Rule, hash string) *Policy {
	p := &Policy{Rules: rules, Hash: hash}
	for i := range p.Rules {
		r := &p.Rules[i]
		r.digest, r.index, r.whereOf, r.against = r.digestContent(), i, InputsOf(r.Where).Outcomes, countedAgainst(r.Where, false)
		if r.When == nil {
			continue
		}
		for o := range r.When.Outcomes.All() {
			p.triggers[o] = append(p.triggers[o], i)
		}
	}
	return p
}

// digestContent is stored with everything that the rule does, so its input must never
// change: the text of conditions, and the names of the fields of When and Action.
func (r *Rule) digestContent() uint64 {
	where := ""
	if r.Where != nil {
		where = r.Where.String()
	}
	text, err := json.Marshal(struct {
		When  *When
		Where string
		Then  Action
	}{r.When, where, r.Then})
	if err != nil {
		panic(err) // plain data always marshals
	}
	sum := sha256.Sum256(text)
	return binary.LittleEndian.Uint64(sum[:8])
}

// rule finds the rule of that name and content; nil for none.
func (p *Policy) rule(name string, digest uint64) *Rule {
	for i := range p.Rules {
		if r := &p.Rules[i]; r.Name == name && r.digest == digest {
			return r
		}
	}
	return nil
}

// RuleOf is the rule that the cause names, if it still reads as it did when it
// acted. It is nil when the rule was edited or removed since, or when no rule
// acted.
func (p *Policy) RuleOf(g *Cause) *Rule { return p.rule(g.Rule, g.Digest) }

// HasSameRule reports whether both policies have the rule of that name, reading the
// same. A nil policy has no rules.
func (p *Policy) HasSameRule(with *Policy, rule string) bool {
	if p == nil || with == nil {
		return false
	}
	i := slices.IndexFunc(p.Rules, func(r Rule) bool { return r.Name == rule })
	return i >= 0 && with.rule(rule, p.Rules[i].digest) != nil
}
