package hygiene

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Condition is a question about a contact. Rules, segments, plans,
// explanations and rule tests all ask it with this code.
type Condition interface {
	// Holds tells whether the condition is true of the subject.
	Holds(s *Subject) bool
	// String is the condition as it is written, on one line.
	String() string
}

// Subject is the contact that conditions are asked about, and when.
type Subject struct {
	*Contact
	At Moment // what conditions call now
	// InList and InSegment tell the membership in static lists and other
	// segments; conditions of rules ask for neither.
	InList    func(list string) bool
	InSegment func(segment string) bool
	// struck tells which entries no longer count; nil for none.
	struck func(*Entry) bool
}

// All holds when each of its conditions does.
type All []Condition

// Any holds when at least one of its conditions does.
type Any []Condition

// Not holds when its condition does not.
type Not struct{ Of Condition }

// Holds implements [Condition].
func (c All) Holds(s *Subject) bool {
	for _, d := range c {
		if !d.Holds(s) {
			return false
		}
	}
	return true
}

// Holds implements [Condition].
func (c Any) Holds(s *Subject) bool {
	for _, d := range c {
		if d.Holds(s) {
			return true
		}
	}
	return false
}

// Holds implements [Condition].
func (c Not) Holds(s *Subject) bool { return !c.Of.Holds(s) }

// OutcomeTest holds when enough entries are counted up to now.
type OutcomeTest struct{ Counting }

// Holds implements [Condition].
func (c OutcomeTest) Holds(s *Subject) bool {
	return c.reaches(&s.History, s.At, s.struck)
}

// StatusTest holds when the contact's status is one of these.
type StatusTest []Status

// Holds implements [Condition].
func (c StatusTest) Holds(s *Subject) bool { return slices.Contains(c, s.Status(s.At.At)) }

// ReasonTest holds when a suppression of one of these reasons is open.
type ReasonTest []string

// Holds implements [Condition].
func (c ReasonTest) Holds(s *Subject) bool {
	for i := range s.Suppressions {
		if p := &s.Suppressions[i]; p.OpenAt(s.At.At) && slices.Contains(c, p.Reason) {
			return true
		}
	}
	return false
}

// TagTest holds when the contact has the tag.
type TagTest string

// Holds implements [Condition].
func (c TagTest) Holds(s *Subject) bool { return s.HasTag(string(c)) }

// ListTest holds when the contact is on the static list.
type ListTest string

// Holds implements [Condition].
func (c ListTest) Holds(s *Subject) bool { return s.InList(string(c)) }

// SegmentTest holds when the contact is in the other segment.
type SegmentTest string

// Holds implements [Condition].
func (c SegmentTest) Holds(s *Subject) bool { return s.InSegment(string(c)) }

// AttributeTest compares one attribute. An absent one matches only exists: false.
type AttributeTest struct {
	Name string
	Comparison
}

// Holds implements [Condition].
func (c AttributeTest) Holds(s *Subject) bool {
	v, ok := s.Attributes.Get(c.Name)
	if !ok {
		return c.Op == Exists && !c.Exists
	}
	return c.Comparison.holds(v)
}

// ContactTest compares the contact's key.
type ContactTest struct{ Comparison }

// Holds implements [Condition].
func (c ContactTest) Holds(s *Subject) bool { return c.Comparison.holds(ParseValue(s.Key)) }

// SeenTest asks how long ago the contact's first or latest event was.
type SeenTest struct {
	First     bool // first_seen rather than last_seen
	OlderThan time.Duration
	Within    time.Duration // exactly one of the two is set
}

// Holds implements [Condition]. A contact without events was never seen: it is
// neither older than nor within.
func (c SeenTest) Holds(s *Subject) bool {
	seen := s.History.Latest().At
	if c.First {
		seen = s.History.FirstSeen()
	}
	if seen == 0 {
		return false
	}
	if c.Within > 0 {
		return s.At.At.Sub(seen) <= c.Within
	}
	return s.At.At.Sub(seen) > c.OlderThan
}

// Operator is how a value is compared.
type Operator string

// The operators, as they are written.
const (
	Is         Operator = "is"
	In         Operator = "in"
	Contains   Operator = "contains"
	StartsWith Operator = "starts_with"
	AtLeast    Operator = "at_least"
	AtMost     Operator = "at_most"
	Before     Operator = "before"
	After      Operator = "after"
	Exists     Operator = "exists"
)

// Operators lists the operators in the order of the documentation.
var Operators = []Operator{Is, In, Contains, StartsWith, AtLeast, AtMost, Before, After, Exists}

// Comparison compares a value with others: numbers as numbers, dates as dates.
type Comparison struct {
	Op     Operator
	Values []Value // one; for In any number; for Exists none
	Exists bool    // what Exists asks for
}

func (c *Comparison) holds(v Value) bool {
	switch c.Op {
	case Is, In:
		return slices.ContainsFunc(c.Values, v.equal)
	case Contains:
		return strings.Contains(v.Text, c.Values[0].Text)
	case StartsWith:
		return strings.HasPrefix(v.Text, c.Values[0].Text)
	case Exists:
		return c.Exists
	}
	order, ok := v.compare(c.Values[0])
	if !ok {
		return false
	}
	switch c.Op {
	case AtLeast:
		return order >= 0
	case AtMost:
		return order <= 0
	case Before:
		return order < 0
	default:
		return order > 0
	}
}

// String writes the condition as in YAML's flow style.
func (c All) String() string { return "{all: " + joined(c) + "}" }

// String writes the condition as in YAML's flow style.
func (c Any) String() string { return "{any: " + joined(c) + "}" }

func joined(list []Condition) string {
	texts := make([]string, len(list))
	for i, c := range list {
		texts[i] = c.String()
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// String writes the condition as in YAML's flow style.
func (c Not) String() string { return "{not: " + c.Of.String() + "}" }

// String writes the condition as in YAML's flow style.
func (c OutcomeTest) String() string { return "{" + c.Counting.String() + "}" }

// String writes what is counted, without braces, leaving out what is default.
func (q *Counting) String() string {
	b := "outcome: " + oneOrList(q.Outcomes.Names())
	if q.Codes != nil {
		b += ", codes: [" + strings.Join(q.Codes, ", ") + "]"
	}
	if q.Source != "" {
		b += ", source: " + q.Source
	}
	if q.Count > 1 {
		b += fmt.Sprintf(", count: %d", q.Count)
	}
	if q.Within > 0 {
		b += ", within: " + FormatDuration(q.Within)
	}
	if q.Since != 0 {
		b += ", since: " + oneOrList(q.Since.Names())
	}
	if q.Apart > 0 {
		b += ", apart: " + FormatDuration(q.Apart)
	}
	return b
}

func oneOrList(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return "[" + strings.Join(names, ", ") + "]"
}

// String writes the condition as in YAML's flow style.
func (c StatusTest) String() string {
	var names []string
	for _, s := range c {
		names = append(names, s.String())
	}
	return "{status: " + oneOrList(names) + "}"
}

// String writes the condition as in YAML's flow style.
func (c ReasonTest) String() string { return "{reason: " + oneOrList(c) + "}" }

// String writes the condition as in YAML's flow style.
func (c TagTest) String() string { return "{tag: " + string(c) + "}" }

// String writes the condition as in YAML's flow style.
func (c ListTest) String() string { return "{list: " + string(c) + "}" }

// String writes the condition as in YAML's flow style.
func (c SegmentTest) String() string { return "{segment: " + string(c) + "}" }

// String writes the condition as in YAML's flow style.
func (c AttributeTest) String() string {
	return "{attribute: " + c.Name + ", " + c.Comparison.String() + "}"
}

// String writes the condition as in YAML's flow style.
func (c ContactTest) String() string { return "{contact: {" + c.Comparison.String() + "}}" }

// String writes the comparison without braces.
func (c *Comparison) String() string {
	if c.Op == Exists {
		return fmt.Sprintf("exists: %t", c.Exists)
	}
	var texts []string
	for _, v := range c.Values {
		texts = append(texts, fmt.Sprintf("%q", v.Text))
	}
	if c.Op == In {
		return "in: [" + strings.Join(texts, ", ") + "]"
	}
	return string(c.Op) + ": " + strings.Join(texts, "")
}

// String writes the condition as in YAML's flow style.
func (c SeenTest) String() string {
	name, test := "last_seen", "older_than: "+FormatDuration(c.OlderThan)
	if c.First {
		name = "first_seen"
	}
	if c.Within > 0 {
		test = "within: " + FormatDuration(c.Within)
	}
	return "{" + name + ": {" + test + "}}"
}
