package hygiene

import (
	"fmt"
	"slices"
	"strings"
)

// AttributeTest compares one attribute. A missing attribute only matches exists:
// false.
type AttributeTest struct {
	Name string
	Comparison
}

// Holds implements [Condition].
func (c AttributeTest) Holds(s *Subject) bool {
	v, ok := s.Attributes.Get(c.Name)
	switch {
	case s.finding == nil:
	case !ok:
		s.finding.Why = Phrase{c.Name, " is not set"}
	default:
		s.finding.Why = c.Comparison.why(c.Name, v)
	}
	if !ok {
		return c.Op == Exists && !c.Exists
	}
	return c.Comparison.holds(v)
}

// String implements [Condition].
func (c AttributeTest) String() string {
	return "{attribute: " + c.Name + ", " + c.Comparison.String() + "}"
}

func (AttributeTest) parts() []Condition                   { return nil }
func (c AttributeTest) addInputs(in *Inputs)               { in.Attributes = append(in.Attributes, c.Name) }
func (AttributeTest) nextChange(*History, Instant) Instant { return 0 }

// ContactTest compares the contact's key.
type ContactTest struct{ Comparison }

// Holds implements [Condition].
func (c ContactTest) Holds(s *Subject) bool {
	key := ParseValue(s.Key)
	if s.finding != nil {
		s.finding.Why = c.Comparison.why("the key", key)
	}
	return c.Comparison.holds(key)
}

// String implements [Condition].
func (c ContactTest) String() string { return "{contact: {" + c.Comparison.String() + "}}" }

func (ContactTest) parts() []Condition                   { return nil }
func (ContactTest) addInputs(*Inputs)                    {}
func (ContactTest) nextChange(*History, Instant) Instant { return 0 }

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
	Values []Value // one; any number for In; none for Exists
	Exists bool    // for the operator Exists: whether the value must be there
}

func (c *Comparison) holds(v Value) bool {
	switch c.Op {
	case Is, In:
		return slices.ContainsFunc(c.Values, v.Equal)
	case Contains:
		return strings.Contains(v.Text, c.Values[0].Text)
	case StartsWith:
		return strings.HasPrefix(v.Text, c.Values[0].Text)
	case Exists:
		return c.Exists
	}
	order, ok := v.Compare(c.Values[0])
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

// why is the value of what has that name. If the two values have no order, the value
// alone does not explain the answer.
func (c *Comparison) why(name string, v Value) Phrase {
	why := Phrase{name, " is ", v.Quoted()}
	if !slices.Contains([]Operator{AtLeast, AtMost, Before, After}, c.Op) {
		return why
	}
	if _, ordered := v.Compare(c.Values[0]); !ordered {
		why = append(why, ", which can't be compared with ", c.Values[0].Text)
	}
	return why
}

// String is the comparison as it is written, without braces.
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
