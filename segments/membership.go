package segments

import (
	"fmt"

	"winnow/hygiene"
)

// Lists tells who is on the static lists.
type Lists interface {
	// InList tells whether the contact of that key is on the list.
	InList(list, key string) (bool, error)
}

// Membership answers which segments a contact is in, one contact after the
// other. A condition may name other segments: each is answered once for a
// contact, however many ask. What can't be answered is an error of the segment
// that asks, and of those that ask it, never a yes or a no.
type Membership struct {
	segments []Segment
	index    map[string]int
	lists    Lists
	pinning  Pins // nil when nobody tells who is pinned
	subject  hygiene.Subject

	suppressed bool
	pins       []Pin // of the present contact, once asked for
	pinsAsked  bool
	pinsFailed error
	verdicts   []verdict // of the present contact
	reasons    []error   // why a verdict is broken
	unanswered error     // set by what a condition asked, read when it returns
}

// verdict is how the question whether the contact is in a segment stands.
type verdict uint8

const (
	unasked verdict = iota
	asking          // being answered: whoever asks now asks in a circle
	in
	out
	broken
)

// NewMembership prepares to answer for these segments; conditions may name only
// them. asOf is what conditions call now. Lists that are [Pins] too are asked
// who is pinned.
func NewMembership(all []Segment, lists Lists, asOf hygiene.Instant) *Membership {
	m := &Membership{
		segments: all,
		index:    make(map[string]int, len(all)),
		lists:    lists,
		verdicts: make([]verdict, len(all)),
		reasons:  make([]error, len(all)),
	}
	m.pinning, _ = lists.(Pins)
	for i := range all {
		m.index[all[i].Name] = i
	}
	m.subject = hygiene.Subject{At: hygiene.EndOf(asOf), InList: m.inList, InSegment: m.inSegment}
	return m
}

// Turn makes c the contact that is asked about.
func (m *Membership) Turn(c *hygiene.Contact) {
	m.subject.Contact = c
	m.suppressed = c.Status(m.subject.At.At) == hygiene.IsSuppressed
	m.pins, m.pinsAsked, m.pinsFailed = nil, false, nil
	clear(m.verdicts)
}

// In tells whether the contact is in the segment of that name.
func (m *Membership) In(segment string) (bool, error) {
	i, ok := m.index[segment]
	if !ok {
		return false, fmt.Errorf("there is no segment %q", segment)
	}
	return m.in(i)
}

func (m *Membership) in(i int) (bool, error) {
	switch m.verdicts[i] {
	case unasked:
		m.decide(i)
	case asking:
		return false, fmt.Errorf("segment %q asks about itself", m.segments[i].Name)
	}
	return m.verdicts[i] == in, m.reason(i)
}

func (m *Membership) reason(i int) error {
	if m.verdicts[i] != broken {
		return nil
	}
	return m.reasons[i]
}

func (m *Membership) decide(i int) {
	m.verdicts[i] = asking
	outer := m.unanswered
	m.unanswered = nil
	holds := m.holds(&m.segments[i])
	switch {
	case m.unanswered != nil:
		m.verdicts[i], m.reasons[i] = broken, m.unanswered
	case holds:
		m.verdicts[i] = in
	default:
		m.verdicts[i] = out
	}
	m.unanswered = outer
}

// holds asks about suppression first: it is the rule that no condition and no pin
// bends, and for most segments the cheapest way to a no.
func (m *Membership) holds(s *Segment) bool {
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

// admits tells whether the segment takes contacts that are suppressed, or not, as
// the present one is.
func (m *Membership) admits(s *Segment) bool {
	return s.Suppressed == Include || m.suppressed == (s.Suppressed == Only)
}

// pin is the present contact's pin in the segment of that name, nil for none. The
// pins of a contact are asked for once.
func (m *Membership) pin(segment string) *Pin {
	if m.pinning == nil {
		return nil
	}
	if !m.pinsAsked {
		m.pinsAsked = true
		m.pins, m.pinsFailed = m.pinning.PinsOf(m.subject.Key)
	}
	if m.pinsFailed != nil && m.unanswered == nil {
		m.unanswered = fmt.Errorf("reading the pins of a contact: %w", m.pinsFailed)
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
