package hygiene

import (
	"slices"
	"strings"
)

// The tests in this file look at what is derived from the history or kept beside it.
// It may change at any time, so the next change is the next instant.

// StatusTest holds when the contact's status is one of these.
type StatusTest []Status

// Holds implements [Condition].
func (c StatusTest) Holds(s *Subject) bool {
	status := s.Status(s.At.At)
	if s.finding != nil {
		s.finding.Why = Phrase{"is ", status}
	}
	return slices.Contains(c, status)
}

// String implements [Condition].
func (c StatusTest) String() string {
	var names []string
	for _, s := range c {
		names = append(names, s.String())
	}
	return "{status: " + oneOrList(names) + "}"
}

func (StatusTest) parts() []Condition                       { return nil }
func (StatusTest) addInputs(*Inputs)                        {}
func (StatusTest) nextChange(_ *History, t Instant) Instant { return t + 1 }

// ReasonTest holds when a suppression of one of these reasons is open, also one that does
// not count for the purpose, see [Contact.Except].
type ReasonTest []string

// Holds implements [Condition].
func (c ReasonTest) Holds(s *Subject) bool {
	if s.finding != nil {
		s.finding.Why = Phrase{"no suppression is open"}
		all := *s.Contact
		all.Except(nil)
		if open := all.Reasons(s.At.At); open != nil {
			s.finding.Why = Phrase{"suppressed for ", strings.Join(open, ", ")}
		}
	}
	has := func(list []Suppression) bool {
		return slices.ContainsFunc(list, func(p Suppression) bool { return slices.Contains(c, p.Reason) && s.isOpen(&p, s.At.At) })
	}
	return has(s.Suppressions) || has(s.OnNumber)
}

// String implements [Condition].
func (c ReasonTest) String() string { return "{reason: " + oneOrList(c) + "}" }

func (ReasonTest) parts() []Condition                       { return nil }
func (c ReasonTest) addInputs(in *Inputs)                   { in.Reasons = append(in.Reasons, c...) }
func (ReasonTest) nextChange(_ *History, t Instant) Instant { return t + 1 }

// TagTest holds when the contact has the tag.
type TagTest string

// Holds implements [Condition].
func (c TagTest) Holds(s *Subject) bool {
	i := s.tag(string(c))
	switch {
	case s.finding == nil:
	case i < 0:
		s.finding.Why = Phrase{"not tagged ", string(c)}
	default:
		s.finding.Why = Phrase{"tagged ", string(c), " since ", s.Tags[i].Since.At}
	}
	return i >= 0
}

// String implements [Condition].
func (c TagTest) String() string { return "{tag: " + string(c) + "}" }

func (TagTest) parts() []Condition                       { return nil }
func (TagTest) addInputs(*Inputs)                        {}
func (TagTest) nextChange(_ *History, t Instant) Instant { return t + 1 }

// ListTest holds when the contact is on the static list.
type ListTest string

// Holds implements [Condition].
func (c ListTest) Holds(s *Subject) bool {
	on := s.InList(string(c))
	if s.finding != nil {
		s.finding.Why = Phrase{isOrIsNot(on), "on list ", string(c)}
	}
	return on
}

// String implements [Condition].
func (c ListTest) String() string { return "{list: " + string(c) + "}" }

func (ListTest) parts() []Condition                       { return nil }
func (c ListTest) addInputs(in *Inputs)                   { in.Lists = append(in.Lists, string(c)) }
func (ListTest) nextChange(_ *History, t Instant) Instant { return t + 1 }

// SegmentTest holds when the contact is in the other segment.
type SegmentTest string

// Holds implements [Condition].
func (c SegmentTest) Holds(s *Subject) bool {
	in := s.InSegment(string(c))
	if s.finding != nil {
		s.finding.Why = Phrase{isOrIsNot(in), "in ", string(c)}
	}
	return in
}

// String implements [Condition].
func (c SegmentTest) String() string { return "{segment: " + string(c) + "}" }

func (SegmentTest) parts() []Condition                       { return nil }
func (c SegmentTest) addInputs(in *Inputs)                   { in.Segments = append(in.Segments, string(c)) }
func (SegmentTest) nextChange(_ *History, t Instant) Instant { return t + 1 }

func isOrIsNot(holds bool) string {
	if holds {
		return "is "
	}
	return "is not "
}
