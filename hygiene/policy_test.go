package hygiene

import (
	"testing"
	"time"
)

// everyTest is a rule with each type of condition and each action. The store has the
// digests of such rules, so a rule that is here never changes: a new type goes into a
// new rule, whose digest is the one that the failing test prints.
func everyTest() *Policy {
	text := func(s string) []Value { return []Value{ParseValue(s)} }
	return NewPolicy([]Rule{{Name: "every test", Where: Any{
		StatusTest{Active, Cooling}, ReasonTest{"dormant"}, TagTest("t"), ListTest("l"), SegmentTest("s"),
		AttributeTest{"country", Comparison{Op: In, Values: []Value{ParseValue("TR"), ParseValue("41")}}},
		AttributeTest{"vip", Comparison{Op: Exists, Exists: true}},
		ContactTest{Comparison{Op: StartsWith, Values: text("+90")}},
		SeenTest{First: true, Within: Day}, SeenTest{OlderThan: 36 * time.Hour},
		Not{OutcomeTest{Counting{Outcomes: OutcomesOf(Sent, Opened), Count: 2, Within: Day, Since: OutcomesOf(Delivered), Codes: []string{"1", "2"}, Source: "a", Apart: time.Hour}}},
	}, Then: Action{Suppress: &SuppressAction{Reason: "x", For: Day}, Release: []string{"y"}, Tag: "t", Untag: "u"}}}, "")
}

// The digest of a rule is stored with everything it did. If it changed, each rule would
// look edited after an upgrade. It is made of the text of conditions
// and of the names of the fields of When and Action.
func TestTheDigestOfARuleNeverChanges(t *testing.T) {
	stored := map[string]uint64{
		"suppress-hard-bounce": 0x6f38fad4223b48cc,
		"retry-soft-bounce":    0xb2b16923c53fab33,
		"rest":                 0xe82ddbb4abac91b,
		"give-up":              0x4631bb366867713f,
		"opt-out":              0x13c0234d574c9de,
		"forgive":              0x914064bde3a064e0,
		"opt-in":               0xc220081acb25a1c1,
		"watch":                0x7ffcbdec515ae2ef,
		"sunset":               0xae989dfba8a54f9f,
		"any-soft":             0x9dfec25c0da33b80,
		"narrow-release":       0x2fa8edf387d726df,
		"apart":                0x1ad084a884f1628d,
		"untag":                0xe0426b523c2058a4,
		"where":                0x689db901bafdb198,
		"retry":                0x598b08881e7aaf34,
		"both":                 0x592bf154818b2381,
		"lift":                 0x30af50270b88ed77,
		"review-release":       0x98f295a6ac8c6642,
		"review-tag":           0x10daefa1692538c3,
		"every test":           0xed6fed3e7a7d8879,
	}
	n := 0
	for _, p := range []*Policy{examplePolicy(), hardPolicy(), everyTest()} {
		for i := range p.Rules {
			r := &p.Rules[i]
			if n++; r.digest != stored[r.Name] {
				t.Errorf("the digest of %s is %#x, not %#x", r.Name, r.digest, stored[r.Name])
			}
		}
	}
	if n != len(stored) {
		t.Errorf("%d rules were checked, not %d", n, len(stored))
	}
}
