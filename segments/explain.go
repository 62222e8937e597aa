package segments

import (
	"strings"

	"winnow/hygiene"
)

// Explain reports whether the contact is in the segment of that name, with the
// answer of [Membership.In], and why. The parts of the finding must all hold: what
// the segment does with suppressed contacts first, then its pin, or else its list
// or its condition in full.
func (m *Membership) Explain(segment string) (hygiene.Finding, error) {
	is, err := m.In(segment)
	if err != nil {
		return hygiene.Finding{}, err
	}
	s := &m.segments[m.index[segment]]
	f := hygiene.Finding{Test: hygiene.SegmentTest(segment).String(), Holds: is, Parts: m.parts(s)}
	f.Why = whyInOrOut(&f)
	err, m.unanswered = m.unanswered, nil // a part may ask what the answer did not need
	return f, err
}

// parts explains each demand of the segment. It asks the same methods as
// [Membership.holds], so that both agree.
func (m *Membership) parts(s *Segment) []hygiene.Finding {
	defer m.subject.Except(m.subject.Except(s.Except))
	var parts []hygiene.Finding
	if s.Suppressed != Include {
		parts = append(parts, m.suppression(s))
	}
	if pin := m.pin(s.Name); pin != nil {
		test := "{pin: " + pin.Way() + "}"
		return append(parts, hygiene.Finding{Test: test, Holds: !pin.Out, Why: hygiene.Phrase{pin.why()}})
	}
	if s.List != "" {
		parts = append(parts, hygiene.Explain(hygiene.ListTest(s.List), &m.subject))
	}
	if s.Where != nil {
		parts = append(parts, hygiene.Explain(s.Where, &m.subject))
	}
	return parts
}

func (m *Membership) suppression(s *Segment) hygiene.Finding {
	f := hygiene.Explain(hygiene.StatusTest{m.subject.Status(m.subject.At.At)}, &m.subject)
	f.Test = "{suppressed: " + s.SuppressedText() + "}"
	f.Holds = m.admits(s)
	switch {
	case f.Holds && s.Except != nil && m.suppressed:
		f.Why = hygiene.Phrase{f.Why, ", since ", strings.Join(s.Except, " and "), " does not count for ", s.Name}
	case f.Holds:
	case s.Suppressed == Only:
		f.Why = hygiene.Phrase{f.Why, ", and ", s.Name, " takes only suppressed contacts"}
	default:
		f.Why = hygiene.Phrase{f.Why, ", and ", s.Name, " leaves suppressed contacts out"}
	}
	return f
}

// whyInOrOut is the reason of the first part that keeps the contact out, or, for
// a member, that of the last part: it is what the segment is about.
func whyInOrOut(f *hygiene.Finding) hygiene.Phrase {
	why := hygiene.Phrase{"everyone is in it"}
	for i := range f.Parts {
		if why = f.Parts[i].Why; !f.Parts[i].Holds {
			break
		}
	}
	return why
}
