package engine

import "winnow/hygiene"

// Pruning is what one commit deletes from the log because it is too old.
type Pruning struct {
	Events []SeqRange // that are deleted
	Bodies []SeqRange // of events whose bodies are emptied
	Bytes  int        // that the rows have, about
	// Quarantine are the ids of bodies in quarantine.
	Quarantine []int64
	// Pruned is what that is in all.
	Pruned []Pruned
	// Piece is what is left of a piece, once all of it was looked at; nil before.
	Piece *Piece
}

// SeqRange is the events from one seq to another, included.
type SeqRange struct{ From, To int64 }

// PrunedKind is a kind of what retention deletes.
type PrunedKind string

// The kinds. They are stored as these words.
const (
	PrunedEvents     PrunedKind = "events"
	PrunedBodies     PrunedKind = "bodies"
	PrunedQuarantine PrunedKind = "quarantine"
	PrunedUnmatched  PrunedKind = "unmatched"
)

// Pruned is how much of a kind was deleted of a source.
type Pruned struct {
	Kind    PrunedKind
	Source  string
	N       int64
	Through hygiene.Instant // receipt of the latest one
}

// PieceSeqs is how many seqs a piece of the log has.
const PieceSeqs = 8192

// Piece is a piece of the log, as retention saw it last. So a pass finds what has become
// old enough without reading the log.
type Piece struct {
	Number     int64           // seq / PieceSeqs
	Through    int64           // seq up to which it was looked at
	Oldest     hygiene.Instant // receipt of the oldest event that waits for its age; 0 for none
	OldestBody hygiene.Instant // of the oldest such event that has a body; 0 for none
	Kept       int64           // events that are old enough, and were needed
	LookedAt   hygiene.Instant
}

// LogSpace is how much room the log takes on the disk.
type LogSpace struct {
	Bytes, Free int64 // of the file; unused in it
	PageBytes   int64
	// GivesBack reports whether unused pages can be given back; else they are reused.
	GivesBack bool
}
