package explain

import (
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/segments"
)

// Which way a contact is pinned.
const (
	PinnedIn  = "in"
	PinnedOut = "out"
	NotPinned = "none"
)

// PinState is where a pin leaves a contact, as pin prints it.
type PinState struct {
	Contact string `json:"contact"`
	Segment string `json:"segment"`
	Pin     string `json:"pin"` // in, out or none
	Is      bool   `json:"in_segment"`
	Why     string `json:"why"`

	missed bool // suppressed, and pinned out of a segment of suppressed contacts
}

// PinStates asks for each contact what the next run will ask.
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
			p.Why = "no contact of this key is known"
		case i < 0:
			p.Why = "the config has no such segment any more"
		default:
			m.Turn(contact)
			f, err := m.Explain(segment)
			if err != nil {
				return nil, err
			}
			p.Is, p.Why = f.Holds, f.Why
			p.missed = pin == PinnedOut && a.Config.Segments[i].Suppressed == segments.Only && contact.Status(now) == hygiene.IsSuppressed
		}
		list = append(list, p)
	}
	return list, nil
}

// Summary says what the pin comes to. A contact that is suppressed stays out of
// most segments all the same, and whoever pinned it in must know.
func (p *PinState) Summary() string {
	is := "out of"
	if p.Is {
		is = "in"
	}
	switch {
	case p.Pin == PinnedIn && !p.Is:
		return fmt.Sprintf("%s is pinned in and stays out of %s all the same: it %s", p.Contact, p.Segment, p.Why)
	case p.Pin == NotPinned:
		return fmt.Sprintf("%s is not pinned in %s, and is %s it: %s", p.Contact, p.Segment, is, p.Why)
	}
	text := fmt.Sprintf("%s is %s %s: it %s", p.Contact, is, p.Segment, p.Why)
	if p.missed {
		text += fmt.Sprintf("; it is suppressed all the same, and who asks %s alone whom not to text is not told", p.Segment)
	}
	return text
}
