package view

// Registered is what has become of a send log. Every message of it counts once:
// as new, known, in conflict or rejected. A refusal counts besides.
type Registered struct {
	New       int64      `json:"new"`
	Known     int64      `json:"known"`             // registered for the same contact and phone number before
	Matched   int64      `json:"matched"`           // events that found their contact
	Conflict  int64      `json:"conflict"`          // registered for another contact or phone number before, which stays
	Reject    int64      `json:"reject"`            // not registered
	Refused   int64      `json:"refused,omitempty"` // refusals of the provider, which became events
	Unnamed   int64      `json:"unnamed,omitempty"` // refusals that are about nobody
	Conflicts []Conflict `json:"conflicts"`         // the first of them
	Rejected  []Rejected `json:"rejected"`          // the first of them
}

// Conflict is a message that was registered for another contact or phone number before.
type Conflict struct {
	Line      int64  `json:"line"`
	MessageID string `json:"message_id"`
}

// Rejected is a line, or one message of a line, that was not registered.
type Rejected struct {
	Line  int64  `json:"line"`
	Error string `json:"error"`
}
