package hygiene

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"time"
)

// Rule is one entry of the policy. With When it is tried on each new event that
// triggers it; with Where alone it is one of the review's, which looks at
// everyone and at the time.
type Rule struct {
	Name  string
	When  *When     // nil for a rule of the review
	Where Condition // nil for none; beside When it must hold too
	Then  Action

	digest uint64 // of the content without the name
	index  int    // in the policy
}

// When is what triggers a rule and what it counts. It holds for an event when
// at least Count entries, the event included, lie within Within before it and
// after the last entry of Since.
type When struct{ Counting }

// Counting says which entries of a history are counted.
type Counting struct {
	Outcomes Outcomes
	Codes    []string      // only these codes; nil for any
	Source   string        // only this source; empty for any
	Count    int           // how many make it hold, 1 to [Kept]
	Within   time.Duration // an entry at exactly Within counts; 0 for no limit
	Since    Outcomes      // only after the last of these; 0 for none
	Apart    time.Duration // entries nearer than this to a counted one are not counted
}

// Action is what a rule does: at least one of its fields is set.
type Action struct {
	Suppress *SuppressAction
	Release  []string // reasons whose open suppressions by rules are lifted
	Retry    *RetryAction
	Tag      string
	Untag    string
}

// SuppressAction opens a suppression or renews the open one.
type SuppressAction struct {
	Reason string
	For    time.Duration // 0: for good
}

// RetryAction sets the retry.
type RetryAction struct {
	After []time.Duration // for the 1st, 2nd … bounce since the last delivery; past it: given up
	Lapse time.Duration   // a due retry is over after this; [DefaultLapse] when not said
}

// DefaultLapse is how long a due retry waits before it lapses.
const DefaultLapse = 7 * Day

// triggeredBy tells whether an entry of that outcome and kind triggers the rule.
func (q *Counting) triggeredBy(o Outcome, k Kind) bool {
	return q.Outcomes.Has(o) && q.narrows(k)
}

func (q *Counting) narrows(k Kind) bool {
	if q.Source != "" && q.Source != k.Source {
		return false
	}
	if q.Codes == nil {
		return true
	}
	for _, code := range q.Codes {
		if code == k.Code {
			return true
		}
	}
	return false
}

// always tells whether every event of the outcomes makes the counting hold.
func (q *Counting) always() bool {
	return q.Codes == nil && q.Source == "" && q.Count <= 1
}

// Policy is all rules, checked, in the order of the file.
type Policy struct {
	Rules []Rule
	Hash  string // of the text it was read from

	triggers [outcomeEnd][]int // indexes of the rules an event of that outcome may trigger
}

// NewPolicy makes a policy of checked rules. hash names the text they were read
// from; every ledger entry carries it.
func NewPolicy(rules []Rule, hash string) *Policy {
	p := &Policy{Rules: rules, Hash: hash}
	for i := range p.Rules {
		r := &p.Rules[i]
		r.digest, r.index = r.digestContent(), i
		if r.When == nil {
			continue
		}
		for o := range r.When.Outcomes.All() {
			p.triggers[o] = append(p.triggers[o], i)
		}
	}
	return p
}

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

// rule finds the rule of that name and content.
func (p *Policy) rule(name string, digest uint64) *Rule {
	for i := range p.Rules {
		if r := &p.Rules[i]; r.Name == name && r.digest == digest {
			return r
		}
	}
	return nil
}
