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

	protected []string          // sorted; see Protects
	triggers  [outcomeEnd][]int // by outcome, the indexes of the rules that its events may trigger

	// See UseNumbers.
	numbers bool
	faults  []string
	given   Outcomes // that rules about numbers look at
	opening Outcomes // of them, those that may open something on a number

	holds []RuleHold // see WithHolds
}

// NewPolicy makes a policy of checked rules. hash names what they were read
// from; every ledger entry carries it.
func NewPolicy(rules []Rule, hash string) *Policy {
	p := &Policy{Rules: rules, Hash: hash, protected: alwaysProtected}
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

// UseNumbers makes numbers subjects of their own. faults are the reasons that lie on
// them alone. Without it, all lies on contacts. It comes after Protect.
func (p *Policy) UseNumbers(faults []string) {
	p.numbers, p.faults = true, nil
	for _, reason := range faults {
		if !p.Protects(reason) {
			p.faults = append(p.faults, reason)
		}
	}
	p.given, p.opening = 0, 0
	for i := range p.Rules {
		r := &p.Rules[i]
		s := r.Then.Suppress
		r.asksContact = r.AsksContact()
		r.onNumbers = s != nil && p.liesOnNumbers(s.Reason) && !r.asksContact || slices.ContainsFunc(r.Then.Release, p.liesOnNumbers)
		if !r.onNumbers && !p.opensWordOnContact(r) {
			continue
		}
		p.given |= r.outcomes()
		switch {
		case s == nil || !p.liesOnNumbers(s.Reason) || r.asksContact:
		case r.When != nil:
			p.opening |= r.When.Outcomes
		default:
			p.opening |= r.whereOf
		}
	}
}

// HasNumbers reports whether numbers are subjects of their own.
func (p *Policy) HasNumbers() bool { return p != nil && p.numbers }

// IsFault reports whether the reason is one that lies on numbers alone.
func (p *Policy) IsFault(reason string) bool { return slices.Contains(p.faults, reason) }

// liesOnNumbers reports whether the reason lies on numbers, a word or a fault.
func (p *Policy) liesOnNumbers(reason string) bool {
	return p.numbers && (p.Protects(reason) || p.IsFault(reason))
}

// GivesOutcome reports whether an event of that outcome may matter to a number.
func (p *Policy) GivesOutcome(o Outcome) bool { return p.HasNumbers() && p.given.Has(o) }

// hasFaultsElsewhere reports whether what is a number's fault lies on a number, and not
// on the contact. A merged contact has those on it that came by a key without a number.
func (p *Policy) hasFaultsElsewhere(c *Contact) bool {
	return p.numbers && c.Phone != "" && !c.IsNumber() && !slices.ContainsFunc(c.Parts, func(part Part) bool { return part.Phone == "" })
}

// isElsewhere reports whether the reason is a fault that lies on the contact's number.
func (p *Policy) isElsewhere(c *Contact, reason string) bool {
	return p.hasFaultsElsewhere(c) && p.IsFault(reason)
}

// opensElsewhere is isElsewhere for what a rule opened or opens: one that asks for what a
// number does not have opens on the contact.
func (p *Policy) opensElsewhere(c *Contact, reason string, r *Rule) bool {
	return p.isElsewhere(c, reason) && (r == nil || !r.asksContact)
}

// AsksTooMuch reports whether the rule suppresses for what lies on numbers, and asks for
// what a number does not have. The config refuses such rules; what they open under one of
// an earlier version lies on the contact and, if it is a person's word, is given to its
// number.
func (p *Policy) AsksTooMuch(r *Rule) bool {
	return r.Then.Suppress != nil && p.liesOnNumbers(r.Then.Suppress.Reason) && r.asksContact
}

// opensWordOnContact reports whether the rule opens a person's word that its number has
// only from the contact: a number can't answer what the rule asks.
func (p *Policy) opensWordOnContact(r *Rule) bool {
	return p.AsksTooMuch(r) && p.Protects(r.Then.Suppress.Reason)
}

// liesElsewhere is isElsewhere for what an entry of the contact opens.
func (p *Policy) liesElsewhere(c *Contact, reason string, e *Entry) bool {
	return p.numbers && !c.IsNumber() && p.IsFault(reason) && c.NumberOf(e) != ""
}

// skips reports whether the rule does nothing to the subject: on a number only rules
// act that open or lift what lies on numbers.
func (p *Policy) skips(c *Contact, r *Rule) bool { return !r.onNumbers && c.IsNumber() }

// WithHolds is the policy with what rules hold. What is protected is never held.
func (p *Policy) WithHolds(holds []RuleHold) *Policy {
	if p == nil || len(holds)+len(p.holds) == 0 {
		return p
	}
	held := *p
	held.holds = holds
	return &held
}

// heldBy is what holds a suppression by the rule that an event at that place opens; 0 for
// nothing.
func (p *Policy) heldBy(r *Rule, seq int64) int64 {
	for i := range p.holds {
		if h := &p.holds[i]; h.Rule == r.Name && h.Digest == r.digest && seq >= h.From && !p.Protects(r.Then.Suppress.Reason) {
			return h.Trip
		}
	}
	return 0
}

// IsHold reports whether the trip holds a rule.
func (p *Policy) IsHold(trip int64) bool {
	if p == nil {
		return false
	}
	for i := range p.holds {
		if p.holds[i].Trip == trip {
			return true
		}
	}
	return false
}
