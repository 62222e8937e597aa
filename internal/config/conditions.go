package config

import (
	"fmt"
	"strings"

	"winnow/hygiene"
)

// readCondition reads one condition and all below it. What could not be read
// is left out: a file with problems is used by nobody.
func (r *reader) readCondition(e *entry) hygiene.Condition {
	switch of := e.get(e.test); e.test {
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
		return hygiene.OutcomeTest{Counting: r.readCounting(e)}
	case "status":
		return statuses(of)
	case "reason":
		var test hygiene.ReasonTest
		for _, item := range of.each() {
			test = append(test, r.reason(item))
		}
		return test
	case "tag":
		return hygiene.TagTest(r.refer(of, "tag", &r.tags))
	case "list":
		return hygiene.ListTest(of.words())
	case "segment":
		return hygiene.SegmentTest(r.refer(of, "segment", &r.segments))
	case "attribute":
		return hygiene.AttributeTest{Name: of.words(), Comparison: r.readComparison(e)}
	case "contact":
		return hygiene.ContactTest{Comparison: r.readComparison(of)}
	default: // first_seen, last_seen
		return r.readSeen(of, e.test == "first_seen")
	}
}

func (r *reader) readConditions(list *entry) []hygiene.Condition {
	var conditions []hygiene.Condition
	for _, item := range list.each() {
		conditions = append(conditions, r.readCondition(item))
	}
	return conditions
}

func statuses(e *entry) hygiene.StatusTest {
	var test hygiene.StatusTest
	for _, item := range e.each() {
		if s, err := hygiene.ParseStatus(item.text); err == nil {
			test = append(test, s)
		}
	}
	return test
}

// readSeen reads one of the two lengths of time.
func (r *reader) readSeen(e *entry, first bool) hygiene.SeenTest {
	t := hygiene.SeenTest{First: first, OlderThan: e.get("older_than").duration(), Within: e.get("within").duration()}
	if t.OlderThan > 0 && t.Within > 0 {
		r.tellKey(e, "within", `"older_than" and "within" are both written`, "keep one of them")
	}
	return t
}

// readComparison reads the one operator among the keys of a test.
func (r *reader) readComparison(e *entry) hygiene.Comparison {
	var c hygiene.Comparison
	for _, op := range hygiene.Operators {
		switch {
		case !e.has(string(op)):
		case c.Op != "":
			r.tellKey(e, string(op), fmt.Sprintf("%q and %q are two operators", c.Op, op), "write two conditions below all")
			return c
		default:
			c.Op = op
			r.readOperand(&c, e.get(string(op)))
		}
	}
	if c.Op == "" && e.sound() {
		r.at(e.place.at, e.place, "nothing is compared", "write one of "+strings.Join(keysOf(0, operators...).names(), ", "))
	}
	return c
}

// readOperand reads what is compared with, which must suit the operator.
func (r *reader) readOperand(c *hygiene.Comparison, e *entry) {
	if e == nil {
		return
	}
	v := e.scalar
	_, notDate := hygiene.ParseDate(v.Text)
	switch c.Op {
	case hygiene.Exists:
		c.Exists = e.truth
		return
	case hygiene.In:
		for _, item := range e.items {
			c.Values = append(c.Values, item.scalar)
		}
		return
	case hygiene.Contains, hygiene.StartsWith:
		if v.Text == "" || v.Type == hygiene.Bool {
			r.tellAt(e, fmt.Sprintf("%q needs a text", c.Op), "")
		}
	case hygiene.AtLeast, hygiene.AtMost:
		if v.Type != hygiene.Number && notDate != nil {
			r.tellAt(e, fmt.Sprintf("%q needs a number or a date, not %s", c.Op, quote(v.Text)), "write 18 or 2026-01-02, a number without quotes")
		}
	case hygiene.Before, hygiene.After:
		if notDate != nil {
			r.tellAt(e, fmt.Sprintf("%q needs a date, not %s", c.Op, quote(v.Text)), "write 2026-01-02 or 2026-01-02T03:04:05Z")
		}
	}
	c.Values = []hygiene.Value{v}
}
