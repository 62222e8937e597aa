// Package store is where winnow keeps what it knows, and the only package with SQL text.
//
// A store has a log and everything else. The log takes in events: the path from
// a callback to its answer only ever appends there. The rest is about contacts:
// their histories and suppressions, the ledger of every change to them, the
// batches of manual changes, what breakers hold, policies, lists, pins and runs.
// No transaction spans both: each act across them can be repeated.
//
// A failed commit of the log is unknown, not undone. The caller says so (503),
// the provider sends it again, and the repeat rule drops it if it was stored.
//
// The files are named by their subject:
//
//   - log_: appending events (in store/appender), reading them, giving them other outcomes,
//     and what was pulled from other hosts (see store/lines);
//   - contact_: the one writer of contacts and the ledger, and all ways to read
//     contacts: by key FindContacts; all of them, in any order and in parallel,
//     ScanContacts; all by key, as of one moment, Snapshot. A long output is read
//     page by page, as OnList does, so that a slow reader holds no snapshot open.
//     Which contact a text from outside names is found in contact_name (Keys), which
//     one it nearly names in contact_near; contact_join merges those whose keys are
//     one by now;
//   - sweep_, review: applying the policy to new events, and to the time. Several processes
//     that share a store sweep it together: sweep_together;
//   - batch_: manual changes to many contacts, and undoing them;
//   - merge_: contacts that the CRM joined; name: which contact a key names;
//   - undo: undoing batches;
//   - remember: what stays of a contact that is forgotten, see store/forgotten; hold: contacts
//     that may not be forgotten;
//   - breaker_: counting surges, holding them, and reviewing what was held;
//   - message, unmatched: the send log, by source and message id. message registers,
//     message_find asks it, message_compare compares older events with it once more,
//     unmatched has the events that wait. The look-ups are in store/messages;
//   - list_, pin, policy_, job: the tables of these names; runs are in store/runs;
//   - run_changes: what has changed since a run;
//   - totals, counters: numbers of the whole; regret: what rules did, see store/regret;
//   - backup, place: copies of a store, and where its parts are.
//
// The database is in store/sqlite, behind store/engine; its schema/current-roster.sql
// shows the tables. Passes over the whole log are in store/logscan, sets of keys
// too large for memory in store/keyset.
// Tests open stores by store/storetest, and see private names by export_test.go.
package store

import (
	"crypto/rand"
	"errors"
	"sync/atomic"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/store/appender"
	"winnow/store/engine"
	"winnow/store/keyset"
	"winnow/store/lines"
	"winnow/store/location"
	"winnow/store/members"
	"winnow/store/postgres"
	"winnow/store/runs"
	"winnow/store/scratchfile"
	"winnow/store/sqlite"
)

// Store is an open store. It is safe for use by many goroutines.
type Store struct {
	*runs.Store // what was exported
	*lines.Log  // the log for other hosts, and theirs

	location string
	engine   engine.Engine
	appender *appender.Appender

	sweeper string // names this store among those of other processes, see sweep_together

	present bool // see InPresent
	args    atomic.Pointer[Args]

	windows *breakerWindows // of the breakers, after the last sweep; used within write only
}

// Open opens the store at a location, creating it when it is missing. That only a part
// of it is missing is an error.
func Open(at string) (*Store, error) { return opened(at, sqlite.Open, postgres.Open) }

// OpenExisting opens the store at a location. It is an error when there is none.
func OpenExisting(at string) (*Store, error) {
	return opened(at, sqlite.OpenExisting, postgres.OpenExisting)
}

// OpenNew opens the store at a location, and creates what is missing of it. A log that
// was lost begins where it ended.
func OpenNew(at string) (*Store, error) { return opened(at, sqlite.OpenNew, postgres.Open) }

func opened(at string, file func(string) (*sqlite.Engine, error), server func(string) (*postgres.Engine, error)) (*Store, error) {
	if location.IsServer(at) {
		e, err := server(location.URL(at))
		if err != nil {
			return nil, opening(at, err)
		}
		return of(e, at, members.Table{Engine: e}), nil
	}
	e, err := file(at)
	if err != nil {
		return nil, err
	}
	return of(e, at, members.Folder(location.Beside(at, "members"))), nil
}

func of(e engine.Engine, at string, lists members.Lists) *Store {
	return &Store{Store: runs.Of(e, lists), Log: lines.Of(e), location: at, engine: e, sweeper: rand.Text(), appender: appender.Start(e, func(err error) error { return nameHolder(e, err) })}
}

// Args reads what the sender attached to a message, see [logscan.ReportOptions].
type Args func(source string, body []byte) (args []byte, ok bool)

// ReadArgs says how what senders attached is read from bodies. Without it, it is read as
// [provider.UniqueArgs] does.
func (s *Store) ReadArgs(as Args) { s.args.Store(&as) }

// uniqueArgs is what the sender attached to the message of an event.
func (s *Store) uniqueArgs(e *hygiene.Event) []byte {
	if as := s.args.Load(); as != nil {
		if args, ok := (*as)(e.Source, e.Body); ok {
			return args
		}
	}
	return provider.UniqueArgs(e.Body)
}

// InPresent says that contacts are read in the present, as [hygiene.Contact.InPresent]
// does. It is called before anything is read. Without it they are read as of the times
// that are asked for.
func (s *Store) InPresent() { s.present = true }

// Location is where the store is; see package location.
func (s *Store) Location() string { return s.location }

// Path is a path on this host, beside which the store's files are: that of its main file,
// or one at which there is nothing, see [location.Files].
func (s *Store) Path() string { return location.Files(s.location) }

// String is where the store is, for people.
func (s *Store) String() string { return location.Shown(s.location) }

// Files are the files of the database, to watch their sizes.
func (s *Store) Files() []string { return s.engine.Files() }

// Folder is the folder of that name for what the store keeps on this host outside of its
// database: of winnow.db and outbox, winnow-outbox beside it.
func (s *Store) Folder(name string) string { return location.Beside(s.location, name) }

// ScratchFolder is where scratch files are made.
func (s *Store) ScratchFolder() string { return scratchfile.Folder(location.Folder(s.location)) }

// NewKeySet makes an empty set of keys, with its scratch files where the store has
// its own.
func (s *Store) NewKeySet() *keyset.Set { return keyset.New(s.ScratchFolder(), 0) }

// Close waits for what is under way and closes the store. What comes later is an
// error.
func (s *Store) Close() error { return errors.Join(s.appender.Close(), s.engine.Close()) }

// write runs do in one transaction on the contacts and what is about them.
func (s *Store) write(do func(c engine.Writer) error) error { return s.engine.Write(do) }

// read runs do on the contacts and what is about them, as of one moment.
func (s *Store) read(do func(c engine.Reader) error) error { return s.engine.Read(do) }

// readLog runs do on the log, as of one moment.
func (s *Store) readLog(do func(c engine.LogReader) error) error { return s.engine.ReadLog(do) }
