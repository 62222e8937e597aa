package view

import "winnow/hygiene"

// Batch is a manual change to contacts, shown and undone as one.
type Batch struct {
	ID       int64
	At       hygiene.Instant
	Kind     string
	By, Note string
	About    string // what was asked for, in words
	Undoes   int64  // the batch that this one undoes; 0 for none
	UndoneBy int64  // the batch because of which this one is not in force; 0 while it is
	Contacts int64  // changed
	Changes  int64  // ledger entries
	Done     bool   // false: under way, or interrupted
}

// Journal is a page of manual changes, the latest first.
type Journal struct {
	AsOf    hygiene.Instant
	Batches []Batch
	Older   bool // there are older ones
	Kinds   []string
}

// JournalQuery says which manual changes are shown.
type JournalQuery struct {
	Before int64  // only those with a smaller number; 0 for all
	Kind   string // empty for any
	By     string // empty for anybody
}

// JournalEntry is one manual change, with what it did and what undoing it would do.
type JournalEntry struct {
	AsOf hygiene.Instant
	Batch
	Entries []LedgerEntry // the first
	More    bool          // there are more entries
	Why     string        // why it can't be undone; empty if it can

	Counting *Counting // while what undoing does is counted; nil before and after
	Undo     *Undo     // what undoing would do; nil while it is counted
	Problem  string    // why that could not be counted; empty for nothing
}

// LedgerEntry is what one manual change did to one contact.
type LedgerEntry struct {
	Key     string // of the contact, or the phone number; empty for a contact that was merged into another
	At      hygiene.Instant
	Act     string
	Reason  string          // or the name of a tag
	Until   hygiene.Instant // 0 for permanent
	Rule    string
	ByWhose string // rule, operator or import
}

// Undo is what undoing a batch would do.
type Undo struct {
	AsOf          hygiene.Instant
	Again         bool // it undoes an undo: what was undone is done again
	Contacts      int64
	Numbers       int64 // without a contact
	Unswept       int64 // events that wait for the next sweep and are not in the numbers
	Effects       []Effect
	Rules         []RuleEffect
	MustBeNamed   []string // protected reasons that it lifts
	MustBeNamedOf int64    // contacts
}

// Effect is what happens to some contacts.
type Effect struct {
	What    string
	N       int64
	Meaning string
	Sample  []string // keys
}

// RuleEffect is what happens to the suppressions of one rule for one reason.
type RuleEffect struct {
	Rule           string // empty for manual changes
	Reason         string
	Lifted, Opened int64
	Sample         []string // keys, or numbers
}

// UndoRequest asks for a batch to be undone.
type UndoRequest struct {
	Batch    int64
	Named    []string // the protected reasons that may be lifted
	By, Note string
}

// Undone is what undoing a batch did.
type Undone struct {
	Batch    int64 // the new one; 0 if nothing was to be changed
	Contacts int64
	Released int64
	Changes  int64 // ledger entries
}
