package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/yamldoc"
)

// The conditions of segments, and those of rules, which have fewer tests.
var (
	segmentCondition = newCondition("condition", "One test of a contact, or several joined with all, any and not.", false)
	ruleCondition    = newCondition("ruleCondition", "One test that rules may make of a contact, or several joined with all, any and not.", true)
)

// test is the keys of a test. The first identifies it.
type test struct {
	segmentsOnly bool // not in the conditions of rules
	shape        *yamldoc.Shape
}

// testsOf is all tests that a condition can be. To add one, add a line here and a
// case in readCondition.
func testsOf(condition *yamldoc.Shape) []test {
	conditions := listOf(1, condition, "a list of conditions")
	return []test{
		{shape: testOf(yamldoc.Field{Key: "all", Shape: conditions, Doc: "True when each of these is true."})},
		{shape: testOf(yamldoc.Field{Key: "any", Shape: conditions, Doc: "True when at least one of these is true."})},
		{shape: testOf(yamldoc.Field{Key: "not", Shape: condition, Doc: "True when this is not true."})},
		{shape: testOf(append(counting[:len(counting):len(counting)], silent)...)},
		{segmentsOnly: true, shape: testOf(yamldoc.Field{Key: "status", Shape: yamldoc.Several(StatusShape), Doc: "True for contacts with this status."})},
		{segmentsOnly: true, shape: testOf(yamldoc.Field{Key: "reason", Shape: yamldoc.Several(NameShape), Doc: "True for contacts suppressed for this reason."})},
		{segmentsOnly: true, shape: testOf(yamldoc.Field{Key: "tag", Shape: NameShape, Doc: "True for contacts with this tag."})},
		{segmentsOnly: true, shape: testOf(yamldoc.Field{Key: "list", Shape: NameShape, Doc: "True for contacts on this static list."})},
		{segmentsOnly: true, shape: testOf(yamldoc.Field{Key: "segment", Shape: NameShape, Doc: "True for contacts in this other segment."})},
		{shape: comparing(yamldoc.Field{Key: "attribute", Shape: TextShape, Required: true, Doc: "Compares this attribute of the contact."})},
		{shape: testOf(yamldoc.Field{Key: "contact", Shape: comparing(), Doc: "Compares the contact's key."})},
		{shape: testOf(yamldoc.Field{Key: "first_seen", Shape: age, Doc: "Tests how long ago the contact's first event was."})},
		{shape: testOf(yamldoc.Field{Key: "last_seen", Shape: age, Doc: "Tests how long ago the contact's last event was."})},
	}
}

func newCondition(name, doc string, ofRules bool) *yamldoc.Shape {
	c := &yamldoc.Shape{Kind: yamldoc.OneOf, Expect: "a condition like {status: active}", Hints: yamldoc.Hints{List: "join several with all: […] or any: […]"}}
	c.Union = &yamldoc.Union{Noun: "condition", Each: "test", Join: "all", Name: name, Doc: doc, Misplaced: map[string]yamldoc.Misplaced{
		"attribute.within":     ageOfAttribute,
		"attribute.older_than": ageOfAttribute,
		"apart":                {Text: `a condition cannot have "apart"`, Hint: `only a rule's "when" can`},
	}}
	var misplaced []string
	for _, t := range testsOf(c) {
		if ofRules && t.segmentsOnly {
			misplaced = append(misplaced, t.shape.Fields[0].Key)
		} else {
			c.Union.Variants = append(c.Union.Variants, t.shape)
		}
	}
	for _, key := range misplaced {
		c.Union.Misplaced[key] = yamldoc.Misplaced{Text: fmt.Sprintf("a rule cannot test %q", key), Hint: "a rule's where can test " + strings.Join(c.Union.Keys(), ", ")}
	}
	return c
}

// ageOfAttribute is the problem of an attribute that is compared with the present.
var ageOfAttribute = yamldoc.Misplaced{Text: "an attribute cannot be compared with the present", Hint: "compare it with a fixed date, like {attribute: …, after: 2026-01-02}; for the time of events, test last_seen or an outcome"}

// testOf is a test with these keys. The first is required.
func testOf(keys ...yamldoc.Field) *yamldoc.Shape {
	keys = slices.Clone(keys)
	keys[0].Required = true
	return &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: keys}
}

// comparing is an object of these keys and one operator.
func comparing(keys ...yamldoc.Field) *yamldoc.Shape {
	return &yamldoc.Shape{Kind: yamldoc.Object, Min: len(keys) + 1, MaxKeys: len(keys) + 1, Fields: append(keys, operators...)}
}

// operators are the ways to compare an attribute or a key. A test has one.
var operators = []yamldoc.Field{
	{Key: string(hygiene.Is), Shape: oneValue, Doc: "Equal to this."},
	{Key: string(hygiene.In), Shape: listOf(1, ValueShape, "a list of values"), Doc: "Equal to one of these."},
	{Key: string(hygiene.Contains), Shape: ValueShape, Doc: "Contains this text."},
	{Key: string(hygiene.StartsWith), Shape: ValueShape, Doc: "Starts with this text."},
	{Key: string(hygiene.AtLeast), Shape: ValueShape, Doc: "This number or date, or more."},
	{Key: string(hygiene.AtMost), Shape: ValueShape, Doc: "This number or date, or less."},
	{Key: string(hygiene.Before), Shape: ValueShape, Doc: "Before this date."},
	{Key: string(hygiene.After), Shape: ValueShape, Doc: "After this date."},
	{Key: string(hygiene.Exists), Shape: BoolShape, Doc: "true: has a value. false: has none."},
}

var (
	oneValue = &yamldoc.Shape{Kind: yamldoc.Scalar, Expect: ValueShape.Expect, Hints: yamldoc.Hints{List: "for one of several values, write in: […]"}}
	age      = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, MaxKeys: 1, Fields: []yamldoc.Field{
		{Key: "older_than", Shape: span, Doc: "Longer ago than this."},
		{Key: "within", Shape: span, Doc: "At most this long ago."},
	}}
)

// readCondition reads a condition and everything in it. Invalid parts are left out,
// since a file with problems is not used.
func (r *reader) readCondition(e *yamldoc.Entry) hygiene.Condition {
	switch of := e.Get(e.Variant()); e.Variant() {
	case "all":
		return hygiene.All(r.readConditions(of))
	case "any":
		return hygiene.Any(r.readConditions(of))
	case "not":
		if of == nil {
			return hygiene.Not{Of: hygiene.All(nil)}
		}
		return hygiene.Not{Of: r.readCondition(of)}
	case "outcome":
		return hygiene.OutcomeTest{Counting: r.readSilent(e)}
	case "status":
		return readStatuses(of)
	case "reason":
		var test hygiene.ReasonTest
		for _, item := range of.Items() {
			test = append(test, r.mentionReason(item))
		}
		return test
	case "tag":
		return hygiene.TagTest(r.tags.Refer(of, "tag"))
	case "list":
		return hygiene.ListTest(of.Text())
	case "segment":
		if of != nil {
			r.references = append(r.references, of)
		}
		return hygiene.SegmentTest(r.segments.Refer(of, "segment"))
	case "attribute":
		return hygiene.AttributeTest{Name: of.Text(), Comparison: readComparison(e)}
	case "contact":
		test := hygiene.ContactTest{Comparison: readComparison(of)}
		for i, v := range test.Values { // keys are normalized
			if part := r.keys.Part(v.Text); part != v.Text {
				test.Values[i] = hygiene.ParseValue(part)
			}
		}
		return test
	case "first_seen", "last_seen":
		return readAge(of, e.Variant() == "first_seen")
	}
	panic("testsOf has " + e.Variant() + ", and readCondition does not read it")
}

func (r *reader) readConditions(list *yamldoc.Entry) []hygiene.Condition {
	var conditions []hygiene.Condition
	for _, item := range list.Items() {
		conditions = append(conditions, r.readCondition(item))
	}
	return conditions
}

// silent is the key of a test that counts only messages without a terminal event.
var silent = yamldoc.Field{Key: "silent", Shape: span, Doc: "Count only messages that were sent at least this long ago and had no terminal event, such as a delivery or a bounce."}

// readSilence reads after how long messages are silent.
func (r *reader) readSilence(e *yamldoc.Entry) time.Duration {
	after := e.Get("silence").Duration()
	if after > hygiene.SilentFor {
		e.ReportKey("silence", "messages are looked at for "+instant.FormatDuration(hygiene.SilentFor)+" only", "write at most that")
	}
	return after
}

// readSilent reads a counting that may be one of silent messages.
func (r *reader) readSilent(e *yamldoc.Entry) hygiene.Counting {
	q := r.readCounting(e)
	if q.Silent = e.Get("silent").Duration(); q.Silent == 0 {
		return q
	}
	r.silent = append(r.silent, e)
	switch {
	case q.Outcomes != hygiene.OutcomesOf(hygiene.Sent) && e.Valid():
		e.ReportKey("silent", "only messages that were sent can be silent", "write {outcome: sent, silent: "+instant.FormatDuration(q.Silent)+"}")
	case q.Silent > hygiene.SilentFor:
		e.ReportKey("silent", "messages are looked at for "+instant.FormatDuration(hygiene.SilentFor)+" only", "write at most that")
	case q.Within > 0 && q.Within <= q.Silent:
		e.ReportKey("silent", "no message is silent for "+instant.FormatDuration(q.Silent)+" and was sent within "+instant.FormatDuration(q.Within), "make within longer, or silent shorter")
	}
	return q
}

func readStatuses(e *yamldoc.Entry) hygiene.StatusTest {
	var test hygiene.StatusTest
	for _, item := range e.Items() {
		if s, err := hygiene.ParseStatus(item.Text()); err == nil {
			test = append(test, s)
		}
	}
	return test
}

// readAge reads older_than or within.
func readAge(e *yamldoc.Entry, first bool) hygiene.SeenTest {
	t := hygiene.SeenTest{First: first, OlderThan: e.Get("older_than").Duration(), Within: e.Get("within").Duration()}
	if t.OlderThan > 0 && t.Within > 0 {
		e.ReportKey("within", `"older_than" and "within" are both set`, "keep one of them")
	}
	return t
}

// readComparison reads the operator among the keys of a test.
func readComparison(e *yamldoc.Entry) hygiene.Comparison {
	var c hygiene.Comparison
	for _, op := range hygiene.Operators {
		switch {
		case !e.Has(string(op)):
		case c.Op != "":
			e.ReportKey(string(op), fmt.Sprintf("%q and %q are two operators", c.Op, op), "write two conditions, joined with all")
			return c
		default:
			c.Op = op
			readOperand(&c, e.Get(string(op)))
		}
	}
	if c.Op == "" && e.Valid() {
		e.ReportWhole("no operator is set", "write one of "+strings.Join(comparing().Keys(), ", "))
	}
	return c
}

// readOperand reads the value to compare with, which must suit the operator.
func readOperand(c *hygiene.Comparison, e *yamldoc.Entry) {
	if e == nil {
		return
	}
	v := e.Value()
	_, notDate := instant.ParseDate(v.Text)
	switch c.Op {
	case hygiene.Exists:
		c.Exists = e.Bool()
		return
	case hygiene.In:
		for _, item := range e.Items() {
			c.Values = append(c.Values, item.Value())
		}
		return
	case hygiene.Contains, hygiene.StartsWith:
		if v.Text == "" || v.Type == hygiene.Bool {
			e.Report(fmt.Sprintf("%q needs text", c.Op), "")
		}
	case hygiene.AtLeast, hygiene.AtMost:
		if _, err := instant.ParseDuration(v.Text); err == nil {
			e.Report(fmt.Sprintf("%q needs a number or a date, and %s is a duration: an attribute cannot be compared with the present", c.Op, yamldoc.Quote(v.Text)), "write a number like 18, or a date like 2026-01-02")
		} else if v.Type != hygiene.Number && notDate != nil {
			e.Report(fmt.Sprintf("%q needs a number or a date, not %s", c.Op, yamldoc.Quote(v.Text)), "write a number without quotes, like 18, or a date, like 2026-01-02")
		}
	case hygiene.Before, hygiene.After:
		if _, err := instant.ParseDuration(v.Text); err == nil {
			e.Report(fmt.Sprintf("%q needs a fixed date, and %s is a duration: an attribute cannot be compared with the present", c.Op, yamldoc.Quote(v.Text)), "write a date like 2026-01-02; for the time of events, test last_seen or an outcome")
		} else if notDate != nil {
			e.Report(fmt.Sprintf("%q needs a date, not %s", c.Op, yamldoc.Quote(v.Text)), "write it like 2026-01-02 or 2026-01-02T03:04:05Z")
		}
	}
	c.Values = []hygiene.Value{v}
}
