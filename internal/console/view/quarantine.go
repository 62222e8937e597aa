package view

import "winnow/hygiene"

// Quarantine is what could not be read, and events whose contact is not known.
type Quarantine struct {
	AsOf    hygiene.Instant
	Bodies  int64              // in quarantine
	Among   int64              // the latest bodies, whose reasons are counted; all of them if there are fewer
	Reasons []QuarantineReason // the most common ones
	Latest  []QuarantinedBody

	Unmatched int64 // events
	Findings  []UnmatchedFinding
	Samples   []UnmatchedEvent // in order of message ids

	Conflicts       int64 // messages, ever
	LatestConflicts []ContactConflict
}

// QuarantineReason is why bodies of a source are in quarantine.
type QuarantineReason struct {
	Source, Why string
	Bodies      int64
	Latest      hygiene.Instant
}

// QuarantinedBody is a body that could not be read.
type QuarantinedBody struct {
	ID          int64
	ReceivedAt  hygiene.Instant
	Source, Why string
	Request     string // method and path of a callback that was not verified, printable; empty for others
	Begins      string // printable
	Bytes       int64
	Cut         bool // Begins is not all of it
}

// UnmatchedFinding says why events of a source name no contact.
type UnmatchedFinding struct{ Source, Sentence, Advice string }

// UnmatchedEvent is an event whose contact is not known.
type UnmatchedEvent struct {
	Source string
	Event
}

// ContactConflict is a message whose events name another contact than the send log.
type ContactConflict struct {
	Source, MessageID   string
	Contact, Registered string // that the body names, and that the send log has
	At                  hygiene.Instant
}

// Reread is what reading the bodies in quarantine again did.
type Reread struct {
	Bodies int64 // that were read again
	Read   int64 // of them, now
	Events int64 // in those
}
