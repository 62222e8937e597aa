package segments

import (
	"fmt"

	"winnow/hygiene"
)

// Lists knows what people decided for single contacts: the static lists that a
// contact is on, and its pins.
type Lists interface {
	// InList reports whether the contact with that key is on the list.
	InList(list, key string) (bool, error)
	// PinsOf returns the pins of the contact with that key, at most one for each
	// segment. They are valid until the next call.
	PinsOf(key string) ([]Pin, error)
}

// Membership answers which segments a contact is in, for one contact after the
// other. A condition may name other segments: each is answered once for a
// contact, however many ask. What can't be answered is an error of the segment
// that asks, and of the segments that depend on it, never a yes or a no.
type Membership struct {
	segments []Segment
	index    map[string]int
	lists    Lists
	subject  hygiene.Subject

	// Of the present contact:
	suppressed bool
	pins       []Pin
	pinsRead   bool
	pinsErr    error
	answers    []answer
	errs       []error // of the segments that can't be answered
	unanswered error   // of the condition that is being evaluated
}

// answer is the state of the question whether the contact is in a segment.
type answer uint8

const (
	notAsked answer = iota
	inProgress
	yes
	no
	failed
)

// NewMembership prepares to answer for these segments; conditions may name no
// others. asOf is the present time for conditions.
func NewMembership(all []Segment, lists Lists, asOf hygiene.Instant) *Membership {
	m := &Membership{
		segments: all,
		index:    make(map[string]int, len(all)),
		lists:    lists,
		answers:  make([]answer, len(all)),
		errs:     make([]error, len(all)),
	}
	for i := range all {
		m.index[all[i].Name] = i
	}
	m.subject = hygiene.Subject{At: hygiene.EndOf(asOf), InList: m.inList, InSegment: m.inSegment}
	return m
}

// Reset makes c the contact that is asked about.
func (m *Membership) Reset(c *hygiene.Contact) {
	m.subject.Contact = c
	m.suppressed = c.Status(m.subject.At.At) == hygiene.IsSuppressed
	m.pins, m.pinsRead, m.pinsErr = nil, false, nil
	clear(m.answers)
}

// In reports whether the contact is in the segment of that name.
func (m *Membership) In(segment string) (bool, error) {
	i, ok := m.index[segment]
	if !ok {
		return false, fmt.Errorf("there is no segment %q", segment)
	}
	return m.in(i)
}

func (m *Membership) in(i int) (bool, error) {
	switch m.answers[i] {
	case notAsked:
		m.decide(i)
	case inProgress:
		return false, fmt.Errorf("segment %q asks about itself", m.segments[i].Name)
	}
	if m.answers[i] == failed {
		return false, m.errs[i]
	}
	return m.answers[i] == yes, nil
}

func (m *Membership) decide(i int) {
	m.answers[i] = inProgress
	outer := m.unanswered
	m.unanswered = nil
	holds := m.holds(&m.segments[i])
	switch {
	case m.unanswered != nil:
		m.answers[i], m.errs[i] = failed, m.unanswered
	case holds:
		m.answers[i] = yes
	default:
		m.answers[i] = no
	}
	m.unanswered = outer
}

// holds asks about suppression first: no condition and no pin overrides it, and
// for most segments it is the cheapest way to a no.
func (m *Membership) holds(s *Segment) bool {
	defer m.subject.Except(m.subject.Except(s.Except))
	if !m.admits(s) {
		return false
	}
	if pin := m.pin(s.Name); pin != nil {
		return !pin.Out
	}
	if s.List != "" && !m.inList(s.List) {
		return false
	}
	return s.Where == nil || s.Where.Holds(&m.subject)
}

// admits reports whether the segment accepts the contact's being suppressed, or
// not suppressed, for reasons that count for it.
func (m *Membership) admits(s *Segment) bool {
	suppressed := m.suppressed
	if suppressed && s.Except != nil {
		suppressed = m.subject.Status(m.subject.At.At) == hygiene.IsSuppressed
	}
	return s.Suppressed == Include || suppressed == (s.Suppressed == Only)
}

// pin returns the contact's pin in the segment of that name, nil for none. The
// pins of a contact are read once.
func (m *Membership) pin(segment string) *Pin {
	if !m.pinsRead {
		m.pinsRead = true
		m.pins, m.pinsErr = m.lists.PinsOf(m.subject.Key)
	}
	if m.pinsErr != nil && m.unanswered == nil {
		m.unanswered = fmt.Errorf("reading the pins of a contact: %w", m.pinsErr)
	}
	for i := range m.pins {
		if m.pins[i].Segment == segment {
			return &m.pins[i]
		}
	}
	return nil
}

func (m *Membership) inList(list string) bool {
	on, err := m.lists.InList(list, m.subject.Key)
	if err != nil && m.unanswered == nil {
		m.unanswered = fmt.Errorf("reading list %q: %w", list, err)
	}
	return on
}

func (m *Membership) inSegment(name string) bool {
	is, err := m.In(name)
	if err != nil && m.unanswered == nil {
		m.unanswered = err
	}
	return is
}
