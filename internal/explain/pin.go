package explain

import (
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/segments"
)

// How a contact is pinned, as [PinState] says it.
const (
	PinnedIn  = "in"
	PinnedOut = "out"
	NotPinned = "none"
)

// PinState is a contact after winnow pin: how it is pinned in a segment, and
// whether it is in the segment.
type PinState struct {
	Contact string `json:"contact"`
	Segment string `json:"segment"`
	Pin     string `json:"pin"` // in, out or none
	Is      bool   `json:"in_segment"`
	Why     string `json:"why"`

	hidden bool // suppressed, and pinned out of a segment of suppressed contacts
}

// PinStates asks the segment about each contact, as the next run will. pin is what
// was just done to all of them: [PinnedIn], [PinnedOut] or [NotPinned].
func PinStates(a *app.App, segment, pin string, keys []string, now hygiene.Instant) ([]PinState, error) {
	snapshot, err := a.Store.Snapshot()
	if err != nil {
		return nil, err
	}
	defer snapshot.Close()
	list := []PinState{}
	i := slices.IndexFunc(a.Config.Segments, func(s segments.Segment) bool { return s.Name == segment })
	m := segments.NewMembership(a.Config.Segments, snapshot, now)
	for _, key := range keys {
		p := PinState{Contact: key, Segment: segment, Pin: pin}
		contact, ok, err := a.Store.Contact(key)
		if err != nil {
			return nil, err
		}
		switch {
		case !ok:
			p.Why = "no contact has this key"
		case i < 0:
			p.Why = "the config no longer has this segment"
		default:
			m.Reset(contact)
			f, err := m.Explain(segment)
			if err != nil {
				return nil, err
			}
			p.Is, p.Why = f.Holds, f.Why.String()
			p.hidden = pin == PinnedOut && a.Config.Segments[i].Suppressed == segments.Only && contact.Status(now) == hygiene.IsSuppressed
		}
		list = append(list, p)
	}
	return list, nil
}

// Summary says in a sentence where the contact is now. It warns when a pin does
// not do what its author may expect: a suppressed contact stays out of most
// segments even when it is pinned in.
func (p *PinState) Summary() string {
	where := "out of"
	if p.Is {
		where = "in"
	}
	switch {
	case p.Pin == PinnedIn && !p.Is:
		return fmt.Sprintf("%s is pinned in but stays out of %s: it %s", p.Contact, p.Segment, p.Why)
	case p.Pin == NotPinned:
		return fmt.Sprintf("%s is not pinned in %s and is %s it: %s", p.Contact, p.Segment, where, p.Why)
	}
	text := fmt.Sprintf("%s is %s %s: it %s", p.Contact, where, p.Segment, p.Why)
	if p.hidden {
		text += fmt.Sprintf("; it is still suppressed, and readers of %s alone do not see that", p.Segment)
	}
	return text
}
