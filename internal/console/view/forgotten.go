package view

// Forgotten is the answer to forgetting a contact.
type Forgotten struct {
	// Forgotten is false while something is still being erased, which is finished without
	// another request.
	Forgotten bool `json:"forgotten"`
	// Receivers are hosts that may have callbacks about the person, until they delete them by
	// age.
	Receivers []string `json:"receivers,omitempty"`
}
