package hygiene

import "strings"

// Condition is a statement about a contact that holds or does not. Rules, segments,
// plans, explanations and rule tests all evaluate it with this code.
//
// Each type of condition is in one of the condition_ files, with all that is
// specific to it: how it is decided and explained, what it looks at, and when its
// answer may change by time alone. The methods that are not exported keep the set
// closed, so the compiler names what a new type lacks.
type Condition interface {
	// Holds reports whether the condition is true of the subject. For [Explain] it
	// also records what it saw.
	Holds(s *Subject) bool
	// String is the condition as it is written, on one line in YAML's flow style.
	String() string
	// parts are the conditions that this one joins; nil for a test.
	parts() []Condition
	// addInputs adds what the test itself looks at, without its parts.
	addInputs(in *Inputs)
	// nextChange is the earliest time after t at which the test may hold otherwise
	// though nothing happens to the contact; 0 for never.
	nextChange(h *History, t Instant) Instant
}

// Subject is the contact that a condition is evaluated for, and when.
type Subject struct {
	*Contact
	At Moment // what conditions call now
	// InList and InSegment report membership in static lists and in other segments.
	// Conditions of rules use neither.
	InList    func(list string) bool
	InSegment func(segment string) bool
	// struck reports whether an entry no longer counts against the contact; nil when
	// all count. What speaks for it, under a Not, always counts; there it is in spared.
	struck, spared func(*Entry) bool
	// finding is where a condition records what it saw; nil for nowhere.
	finding *Finding
}

// Walk calls visit for the condition and then for everything inside it, from
// outside to inside. It does not go into a condition of which visit returns false.
// A nil condition has nothing to visit.
func Walk(c Condition, visit func(Condition) bool) {
	if c == nil || !visit(c) {
		return
	}
	for _, part := range c.parts() {
		Walk(part, visit)
	}
}

// Inputs is what a condition looks at, in the order in which it is written. A name
// that is written twice is there twice.
type Inputs struct {
	Outcomes   Outcomes // counted, or counted since
	Codes      []string
	Reasons    []string
	Lists      []string
	Segments   []string
	Attributes []string
}

// InputsOf is what the condition and everything inside it look at.
func InputsOf(c Condition) Inputs {
	var in Inputs
	Walk(c, func(c Condition) bool {
		c.addInputs(&in)
		return true
	})
	return in
}

// nextChangeOf is the earliest time after t at which the condition or anything
// inside it may hold otherwise though nothing happens; 0 for never.
func nextChangeOf(c Condition, h *History, t Instant) Instant {
	var next Instant
	Walk(c, func(c Condition) bool {
		next = earliest(next, c.nextChange(h, t))
		return true
	})
	return next
}

// All holds when each of its conditions holds.
type All []Condition

// Holds implements [Condition].
func (c All) Holds(s *Subject) bool { return !anyIs(false, c, "all", s) }

// String implements [Condition].
func (c All) String() string { return "{all: " + joined(c) + "}" }

func (c All) parts() []Condition                 { return c }
func (All) addInputs(*Inputs)                    {}
func (All) nextChange(*History, Instant) Instant { return 0 }

// Any holds when at least one of its conditions holds.
type Any []Condition

// Holds implements [Condition].
func (c Any) Holds(s *Subject) bool { return anyIs(true, c, "any", s) }

// String implements [Condition].
func (c Any) String() string { return "{any: " + joined(c) + "}" }

func (c Any) parts() []Condition                 { return c }
func (Any) addInputs(*Inputs)                    {}
func (Any) nextChange(*History, Instant) Instant { return 0 }

// Not holds when its condition does not.
type Not struct{ Of Condition }

// Holds implements [Condition].
func (c Not) Holds(s *Subject) bool {
	s.struck, s.spared = s.spared, s.struck
	defer func() { s.struck, s.spared = s.spared, s.struck }()
	if s.finding == nil {
		return !c.Of.Holds(s)
	}
	part := Explain(c.Of, s)
	s.finding.Operator, s.finding.Parts, s.finding.Why = "not", []Finding{part}, part.Why
	return !part.Holds
}

// String implements [Condition].
func (c Not) String() string { return "{not: " + c.Of.String() + "}" }

func (c Not) parts() []Condition                 { return []Condition{c.Of} }
func (Not) addInputs(*Inputs)                    {}
func (Not) nextChange(*History, Instant) Instant { return 0 }

// anyIs reports whether one of the parts has the verdict, which decides. A finding
// gets every part, also those after the one that decides.
func anyIs(verdict bool, parts []Condition, operator string, s *Subject) bool {
	if s.finding == nil {
		for _, part := range parts {
			if part.Holds(s) == verdict {
				return true
			}
		}
		return false
	}
	s.finding.Operator = operator
	for _, part := range parts {
		s.finding.Parts = append(s.finding.Parts, Explain(part, s))
	}
	return s.finding.join(verdict)
}

func joined(list []Condition) string {
	texts := make([]string, len(list))
	for i, c := range list {
		texts[i] = c.String()
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func oneOrList(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return "[" + strings.Join(names, ", ") + "]"
}
