// Package engine declares what a database must do for winnow's store.
//
// The store says in SQL what it wants; an engine runs it: store/sqlite for a store on
// this host, store/postgres for one on a server. The SQL is the common subset of SQLite and
// PostgreSQL:
//
//   - a placeholder is ?, and stands for one argument: an int, an int64, a string,
//     a []byte or nil;
//   - an upsert names its conflict columns, and its SET qualifies the old value
//     with the table;
//   - a subquery in FROM has an alias; LIMIT is never negative;
//   - text compares in the byte order of its UTF-8 (COLLATE "C") and holds no
//     U+0000;
//   - one answer is open at a time: a query begins after the Rows of the one
//     before were closed.
//
// What that subset can't say, or what takes one exchange with the database for
// each row where thousands of rows are wanted, is a method. So an engine is:
// four ways in (read or write the log, read or write the contacts), snapshots of
// one moment, the log in the order of contacts, and locks.
//
// To support another database, implement [Engine], choose it in store.Open and
// in enginetest, and run the store's tests: they know no engine but through
// enginetest. To speed up a statement of the hot path, make it a method here.
//
// # What every engine promises
//
//   - The log's seq has no gaps, and nothing comes to be below one that was read: the
//     sweep's cursor, the lag and [LogReader.Size] rely on it. Several processes append
//     without waiting for each other all the same; store/postgres says how.
//   - One writer at a time: [Engine.Write] excludes all others, so ids follow
//     from the greatest there is, and what the store remembers between sweeps
//     (the counts of the breakers) is compared with the cursor before use.
//   - Imports, registrations, lists and pins write a row an exchange. They are
//     not on the way of a callback or of a sweep.
//
// Where a store is, and where on this host its files are, is in package location. An engine
// whose database is on a server is a [Server].
package engine

import (
	"cmp"
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"winnow/hygiene"
)

// Errors that every engine reports, so that the store can say what to do. They
// are found by errors.Is.
var (
	// ErrClosed is the error of using an engine after Close.
	ErrClosed = errors.New("the store is closing")
	// ErrBusy is the error of a write that another process kept waiting for too long.
	ErrBusy = errors.New("another process holds the store")
	// ErrFull is the error of a write for which there was no room.
	ErrFull = errors.New("the disk is full")
)

// Engine is one open database. It is safe for use by many goroutines. It has two
// parts, the log and the contacts with all that is about them; no transaction
// spans both.
type Engine interface {
	// ReadLog runs do on the log as of one moment.
	ReadLog(do func(LogReader) error) error
	// WriteLog runs do in one transaction on the log, whose effect is durable when
	// WriteLog returns nil. After an error it is unknown whether it took effect.
	WriteLog(do func(LogWriter) error) error
	// PurgeLog runs do in one transaction on the log. After that it removes from the
	// log's files what was deleted or overwritten, while nothing else is committed there.
	// It reports false if somebody who reads the log keeps that from being removed; do is
	// committed then all the same.
	PurgeLog(do func(LogReader, LogWriter) error) (clean bool, err error)
	// Purge is PurgeLog for the contacts and what is about them, of which it commits nothing.
	// texts are some that were deleted, by which it sees what is left.
	Purge(texts [][]byte) (clean bool, err error)
	// BetweenCommits runs do while this process commits nothing to the log, so that a
	// process that do suspends keeps no other from committing.
	BetweenCommits(do func())

	// Read runs do on the contacts as of one moment.
	Read(do func(Reader) error) error
	// Write runs do in one transaction on the contacts, while no other Write runs
	// in any process. do may read the log meanwhile. After an error nothing was written,
	// unless the error says that this is not known.
	Write(do func(Writer) error) error
	// Snapshots opens n readers of the contacts, all of the same moment.
	Snapshots(n int) ([]Snapshot, error)

	// Copy writes a copy of the database, as of one moment, to a location at which there
	// is none. What is written meanwhile is not in it, and does not make it take longer.
	// After an error, what was written so far is to be removed.
	Copy(ctx context.Context, to string, o CopyOptions) error

	// SortLog begins to read the log in the order of contacts.
	SortLog(ctx context.Context, o SortOptions) (SortedLog, error)

	// Lock is the lock of that name between all processes that use the database.
	// It is not locked yet.
	Lock(name string) Lock
	// InPlace is an error if the database is no longer where it was opened, so that
	// what is written is lost: its files were moved, removed or replaced.
	InPlace() error
	// Files are the paths of the files that the database keeps on this host, to
	// watch how large they are; none for a database elsewhere.
	Files() []string
	// Close waits for what is under way and closes the database.
	Close() error
}

// Querier runs SQL that changes nothing.
type Querier interface {
	// Query begins a query. Its error is that of Rows.Close.
	Query(sql string, args ...any) Rows
	// Number is the first column of the first row; 0 without a row or for NULL.
	Number(sql string, args ...any) (int64, error)
	// Text is the first column of the first row; "" without a row or for NULL.
	Text(sql string, args ...any) (string, error)
}

// Rows is the answer to a query. Columns are counted from 0. A NULL reads as the
// zero value, a truth value as 0 or 1, and any whole number as an int64.
type Rows interface {
	// Next goes to the next row. After false, Close says whether that was the end.
	Next() bool
	Int(column int) int64
	Text(column int) string
	// Blob is memory of its own, which the caller may keep.
	Blob(column int) []byte
	Close() error
}

// Reader reads contacts and all that is about them.
type Reader interface {
	Querier
	// FindContacts calls found for each key that a contact has, in the order of the
	// keys, with the place among them. The row holds until found returns; it may
	// lack the attributes unless they are asked for. Sorted keys are found faster.
	FindContacts(keys []string, attributes bool, found func(place int, row *Contact) error) error
	// FindContactsByPhone calls found for each contact that has one of the phone
	// numbers, in no order, with the place of the number. The row may lack the
	// attributes.
	FindContactsByPhone(phones []string, found func(place int, row *Contact) error) error
	// FindMessages calls found for each message that the send log has, in the order of the
	// keys, with the place of its key. The keys are different, and sorted by source and id.
	FindMessages(keys []MessageKey, found func(place int, m *Message)) error
	// FindNames calls found for each key that is a name of a merged contact, in the
	// order of the keys, with the place among them and the key of that contact. Where
	// nothing was merged it costs one query.
	FindNames(keys []string, found func(place int, contact string)) error
	// FindRetryMessages calls found for each contact, by its id, for whose retry a
	// message is stored.
	FindRetryMessages(contacts []int64, found func(place int, m *RetryMessage)) error
}

// Writer writes contacts and all that is about them, within one transaction. It
// reads what it wrote.
type Writer interface {
	Reader
	// Exec runs SQL that returns no rows. SQL that changes something and returns a
	// row goes through Number.
	Exec(sql string, args ...any) error
	// NewIDs reserves as many ids for contacts and for ledger entries. They count
	// up from those returned, which is what a chain of entries relies on. No id is
	// given out twice: that of a contact which was deleted is in the counter
	// [LastContact] if it was greater than all others.
	NewIDs(contacts, entries int) (firstContact, firstEntry int64, err error)
	// InsertContacts stores new contacts.
	InsertContacts(rows []*Contact) error
	// UpdateContacts writes Ledger and Facts of stored contacts.
	UpdateContacts(rows []*Contact) error
	// AppendLedger stores new entries.
	AppendLedger(entries []Entry) error
	// SaveRetryMessages stores the messages in place of those that their contacts
	// had.
	SaveRetryMessages(list []RetryMessage) error
	// DeleteRetryMessages deletes the messages of the contacts of these ids.
	DeleteRetryMessages(contacts []int64) error
}

// Snapshot reads the contacts as of one moment, until it is closed. It is used
// by one goroutine at a time.
type Snapshot interface {
	Reader
	Close() error
}

// LogReader reads the log.
type LogReader interface {
	Querier
	// Events calls found for each event that the log has, in the order of the seqs,
	// with the place among them; without their bodies unless they are asked for.
	// The event is memory of its own.
	Events(seqs []int64, bodies bool, found func(place int, e *hygiene.Event) error) error
	// EventsAfter reads the events after seq in the order of the log, without their
	// bodies, up to a number of events and a weight in bytes, but at least one.
	EventsAfter(seq int64, most, bytes int) ([]hygiene.Event, error)
	// Sequences are the places that were last given out, to an event and to a body in
	// quarantine, whether they are still there or not.
	Sequences() (events, quarantined int64, err error)
	// Size is how much is in the log. It reads neither events nor bodies.
	Size() (LogSize, error)
	// Space is how much room the log takes on the disk.
	Space() (LogSpace, error)
}

// LogSize is how much is in the log.
type LogSize struct {
	Events      int64           // ever stored: those that retention deleted count
	First, Last int64           // seqs; 0 for an empty log
	Received    hygiene.Instant // receipt of the last event; 0 for an empty log
	Quarantined int64           // bodies in quarantine
}

// LogWriter writes the log.
type LogWriter interface {
	// AppendEvents appends the events of all lists, in their order.
	AppendEvents(lists [][]hygiene.Event) error
	// Quarantine stores unreadable bodies, notes their place among the lines of the log, and
	// then lets the oldest go when there are more rows or bytes of bodies than are to be
	// kept. The events of the same commit come before it.
	Quarantine(list []hygiene.Unreadable, keepRows, keepBytes int64) error
	// Unquarantine deletes the bodies of these ids from the quarantine, those that are
	// there.
	Unquarantine(ids []int64) error
	// SetOutcomes writes other outcomes for stored events, whose rows have about so
	// many bytes: an outcome of another length moves the whole row.
	SetOutcomes(list []OutcomeUpdate, bytes int) error
	// EraseEvents erases from stored events what says which contact they are about. That they
	// happened stays, in their places.
	EraseEvents(list []Erasure) error
	// BeginWriter notes that what is appended from now on has that writer.
	BeginWriter(name string) error
	// Pull notes how far a log was pulled; false if it had been by somebody else, so that
	// nothing was noted.
	Pull(p *Pulled) (bool, error)
	// Probe writes the time in a place of its own, to see whether the log can be
	// written.
	Probe(at hygiene.Instant) error
	// Prune deletes what is too old, see [Pruning].
	Prune(p *Pruning) error
	// EndPruning notes that everything that was too old then is deleted.
	EndPruning(at hygiene.Instant) error
	// GiveBack gives so many unused pages back to the disk, or all that are left.
	GiveBack(pages int) error
}

// OutcomeUpdate is another outcome for a stored event.
type OutcomeUpdate struct {
	Seq     int64
	Outcome hygiene.Outcome
}

// Erasure is what is erased from a stored event.
type Erasure struct {
	Seq   int64
	Whole bool // message id and contact too, and not the body alone
	Words bool // the provider's word and code too
	Bytes int  // of its body
}

// Pulled is how far the lines of one writer were pulled from the log of a receiver.
type Pulled struct {
	Writer   string
	Receiver string
	From     int64           // the line up to which they had been; 0 for none
	Through  int64           // the line up to which they are
	Received hygiene.Instant // receipt of the last one
}

// LastContact is the name of the counter of the greatest id that a deleted contact had.
const LastContact = "last_contact"

// Contact is a contact as it is stored.
type Contact struct {
	ID         int64  // 0: not stored yet
	Key        string // unique
	Phone      string // E.164; "" for none
	Attributes []byte // packed, see [hygiene.Attributes.Pack]; nil for none
	Ledger     int64  // id of its latest ledger entry; 0 for none
	Facts      []byte // packed, see [hygiene.Contact.Pack]
}

// Entry is a ledger entry as it is stored.
type Entry struct {
	ID      int64
	Contact int64 // its id
	Prev    int64 // id of the contact's entry before; 0 for none
	Policy  int64 // id of the policy in force; 0 for none
	Batch   int64 // id of the batch that it belongs to; 0 for none
	Change  *hygiene.Change
}

// MessageKey names a message.
type MessageKey struct {
	Source string
	ID     string // as package contactkey gives it
}

// Compare orders keys by source and id.
func (k MessageKey) Compare(l MessageKey) int {
	return cmp.Or(strings.Compare(k.Source, l.Source), strings.Compare(k.ID, l.ID))
}

// Message is what the send log has of a message.
type Message struct {
	Contact string          // the contact's key; "" when not known
	Phone   string          // E.164; "" when not known
	SentAt  hygiene.Instant // 0 when not known
	// Unsourced reports whether the contact comes from a version that did not tell
	// sources apart, so that the message may be another source's.
	Unsourced bool
}

// RetryMessage is the message that a contact's retry follows.
type RetryMessage struct {
	Contact    int64 // its id
	MessageID  string
	UniqueArgs []byte // a JSON object; nil for none
}

// CopyOptions say what happens while a database is copied.
type CopyOptions struct {
	// Fixed is called once, when the moment of the copy is fixed and nothing is copied
	// yet. Its error ends the copy. It may be nil.
	Fixed func() error
	// Progress is called now and then with how much was copied, of how much; may be nil.
	Progress func(bytes, of int64)
}

// SortOptions say which events of the log are sorted, and where.
type SortOptions struct {
	Folder string          // for a scratch file, if the engine needs one
	Until  hygiene.Instant // events received later are left out
	// Sorted is called now and then with how many events have been sorted; it may be
	// nil.
	Sorted func(events int64)
	// RunEvents is how many events are sorted in memory at a time; 0 for as many as
	// the engine finds good.
	RunEvents int64
}

// SortedLog is the log in the order of contacts: by the key of the contact, the
// time and the seq. An event's contact is found as a sweep finds it: the event's
// own, or the one that the send log has by now for its message. Events without
// one come first.
type SortedLog interface {
	// Next reads the next event, without its name, body and time of receipt, which
	// is set to its time; false at the end.
	Next(e *hygiene.Event) (bool, error)
	// ScratchBytes is the size of the scratch file.
	ScratchBytes() int64
	Close() error
}

// Lock is a lock between processes. The database frees it when its process dies,
// however it dies, and keeps it for one that is merely stopped.
type Lock interface {
	// String names the lock, for a message to people.
	String() string
	// Lost says why the lock, which was taken, is held no more, for a message to people.
	Lost() string
	// TryLock takes the lock if it is free, and reports whether this Lock now holds
	// it. An error means that the lock could not be taken at all.
	TryLock() (bool, error)
	// Unlock frees the lock; it does nothing when the lock is not held.
	Unlock() error
	// Held reports whether this Lock holds the lock, and nothing has taken it away.
	Held() bool
	// Holder is the process that took the lock last, for a message to people. It may
	// have ended since.
	Holder() Holder
	// Taken reports whether anyone holds the lock, this Lock included, which
	// process that is, as Holder does, and since when.
	Taken() (holder Holder, since time.Time, taken bool)
}

// Holder is a process that holds a lock.
type Holder struct {
	Process int    // its id on its host; 0 if it is not known
	Host    string // empty for this one
}

// Self is this process.
func Self() Holder { return Holder{Process: os.Getpid()} }
