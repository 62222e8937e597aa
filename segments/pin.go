package segments

import (
	"encoding/json"

	"winnow/hygiene"
)

// Pin is a manual decision that a contact is in a segment, or out of it. It
// overrides the segment's condition and list, but never puts a suppressed contact
// in a segment that excludes suppressed contacts.
type Pin struct {
	Segment string
	Contact string          // its key
	Out     bool            // else in
	At      hygiene.Instant // when it was set
	By      string
	Note    string // empty for none
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

// why says who pinned the contact, and when.
func (p *Pin) why() string {
	text := "is pinned " + p.Way() + " by " + p.By + " since " + p.At.String()
	if p.Note != "" {
		text += ": " + p.Note
	}
	return text
}
