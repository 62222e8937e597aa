package view

import "winnow/hygiene"

// Instruction is a manual suppress or allow.
type Instruction struct {
	Contact string                  // its key, or a phone number
	Kind    hygiene.InstructionKind // Suppress or Allow
	Reason  string                  // may be empty for Allow
	Note    string
	Until   hygiene.Instant // of a Suppress; 0: permanent
	By      string          // the name of the token
	New     bool            // of a Suppress: an unknown contact is new, although its key is nearly that of a known one
}

// Merge says which contact is merged into which other one.
type Merge struct {
	Contact, Into string
	Note          string
	By            string // the name of the token
	New           bool   // unknown contacts are new, although their keys are nearly those of known ones
}
