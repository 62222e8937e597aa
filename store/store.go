// Package store is where winnow keeps what it knows, and the only room with SQL.
//
// A store is two SQLite files. The log, winnow-events.db, takes in events: the
// path from a callback to its answer only ever appends there, so it stays as
// quick with a hundred million rows as with none, and no sweep or export can
// hold it up. The roster, winnow.db, has everything else. No transaction spans
// both: each act across them can be repeated.
//
// Both are written with synchronous=FULL: what was answered is on the disk.
// Each file has one writing connection per process, behind a mutex, and readers
// of their own. SQLite's locks keep processes apart; every read-judge-write of
// the roster is one immediate transaction.
//
// A failed commit is unknown, not undone: an error of fsync may leave the rows
// there. The caller says so (503), and the provider's retry and the repeat rule
// settle it.
package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Store is an open store.
type Store struct {
	path     string // of the roster
	appender *appender

	roster, log, look access // writes the roster; reads the log; reads the roster

	surges *surges // what breakers know after the last sweep; used by who writes the roster
}

// access is a connection that one goroutine uses at a time, until it is closed.
type access struct {
	mu sync.Mutex
	c  *conn // nil when closed
}

func (a *access) use(do func(*conn) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.c == nil {
		return errClosed
	}
	return do(a.c)
}

// close waits for who uses the connection.
func (a *access) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.c == nil {
		return nil
	}
	c := a.c
	a.c = nil
	return c.close()
}

// errNoStore is the error of opening a store that is not there.
var errNoStore = errors.New("there is no store yet: start winnow serve, or import something")

// Open opens the store whose roster is at path, making it when it is missing.
func Open(path string) (*Store, error) {
	if err := checkVersion(); err != nil {
		return nil, err
	}
	if err := makeFolder(path); err != nil {
		return nil, err
	}
	s := &Store{path: path}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenExisting opens the store, or says that there is none.
func OpenExisting(path string) (*Store, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("open %s: %w", path, errNoStore)
	}
	return Open(path)
}

func (s *Store) open() (err error) {
	log, err := connect(s.LogPath(), writing)
	if err != nil {
		return err
	}
	commits := &sync.Mutex{}
	behind, err := newCheckpointer(s.LogPath(), commits)
	if err != nil {
		return errors.Join(err, log.close())
	}
	s.appender = newAppender(log, behind, commits)
	if err := migrate(log, "events"); err != nil {
		return err
	}
	if err := log.script("PRAGMA wal_autocheckpoint = 0;" + appendPatience); err != nil {
		return err
	}
	if s.roster.c, err = connect(s.path, writing); err != nil {
		return err
	}
	if err := migrate(s.roster.c, "roster"); err != nil {
		return err
	}
	if err := s.roster.c.script(rosterTuning); err != nil {
		return err
	}
	if s.log.c, err = connect(s.LogPath(), reading); err != nil {
		return err
	}
	if s.look.c, err = connect(s.path, reading); err != nil {
		return err
	}
	s.appender.start()
	return nil
}

// The roster's writer has a larger cache, and moves the write-ahead log into the
// file less often: a page that a sweep writes again and again goes there once.
var rosterTuning = fmt.Sprintf("PRAGMA cache_size = -%d; PRAGMA wal_autocheckpoint = %d;", cacheSweep, 16_384)

// Path is where the roster is.
func (s *Store) Path() string { return s.path }

// LogPath is where the log is: beside the roster.
func (s *Store) LogPath() string { return s.Beside("-events") + filepath.Ext(s.path) }

// Beside is the path of what lies beside the roster and is named like it, with
// this at the end: of winnow.db and -outbox, winnow-outbox.
func (s *Store) Beside(end string) string {
	return strings.TrimSuffix(s.path, filepath.Ext(s.path)) + end
}

// Close waits for what is under way and closes the store. What comes later is
// told that the store is closing.
func (s *Store) Close() error {
	var errs []error
	if s.appender != nil {
		errs = append(errs, s.appender.close())
	}
	return errors.Join(append(errs, s.roster.close(), s.log.close(), s.look.close())...)
}

// write runs do in one transaction on the roster.
func (s *Store) write(do func(c *conn) error) error {
	return s.roster.use(func(c *conn) error {
		return c.within(func() error { return do(c) })
	})
}

// read runs do on the connection that reads the roster.
func (s *Store) read(do func(c *conn) error) error {
	return s.look.use(do)
}

// readLog runs do on the connection that reads the log.
func (s *Store) readLog(do func(c *conn) error) error {
	return s.log.use(do)
}
