package segments

import (
	"encoding/json"

	"winnow/hygiene"
)

// Pin puts a contact in a segment, or out of it, by hand: whatever the segment's
// condition or list says, but never a suppressed contact in one that leaves
// suppressed contacts out.
type Pin struct {
	Segment string
	Contact string // its key
	Out     bool   // else in
	At      hygiene.Instant
	By      string
	Note    string // empty for none
}

// Pins tells who is pinned. Whoever tells who is on the lists may tell this too,
// and is then asked.
type Pins interface {
	// PinsOf gives the pins of the contact of that key: at most one for each
	// segment. They are good until the next call.
	PinsOf(key string) ([]Pin, error)
}

// Way is where the pin puts the contact: in or out.
func (p *Pin) Way() string {
	if p.Out {
		return "out"
	}
	return "in"
}

// MarshalJSON writes where the pin puts the contact as a word.
func (p Pin) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Segment string          `json:"segment"`
		Contact string          `json:"contact"`
		Pin     string          `json:"pin"`
		At      hygiene.Instant `json:"at"`
		By      string          `json:"by"`
		Note    string          `json:"note,omitempty"`
	}{p.Segment, p.Contact, p.Way(), p.At, p.By, p.Note})
}

// why tells who pinned the contact, and when.
func (p *Pin) why() string {
	text := "is pinned " + p.Way() + " by " + p.By + " since " + p.At.String()
	if p.Note != "" {
		text += ": " + p.Note
	}
	return text
}
