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
	appender *Appender

	rosterMu sync.Mutex
	roster   *conn // guarded by rosterMu

	logMu sync.Mutex
	log   *conn // reads the log; guarded by logMu

	lookMu sync.Mutex
	look   *conn // reads the roster; guarded by lookMu
}

// ErrNoStore is the error of opening a store that is not there.
var ErrNoStore = errors.New("there is no store yet: start winnow serve, or import something")

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
		return nil, fmt.Errorf("open %s: %w", path, ErrNoStore)
	}
	return Open(path)
}

func (s *Store) open() (err error) {
	log, err := connect(s.LogPath(), writing)
	if err != nil {
		return err
	}
	behind, err := newCheckpointer(s.LogPath())
	if err != nil {
		return errors.Join(err, log.close())
	}
	s.appender = newAppender(log, behind)
	if err := migrate(log, "events"); err != nil {
		return err
	}
	if err := log.script("PRAGMA wal_autocheckpoint = 0"); err != nil {
		return err
	}
	if s.roster, err = connect(s.path, writing); err != nil {
		return err
	}
	if err := migrate(s.roster, "roster"); err != nil {
		return err
	}
	if err := s.roster.script(rosterTuning); err != nil {
		return err
	}
	if s.log, err = connect(s.LogPath(), reading); err != nil {
		return err
	}
	if s.look, err = connect(s.path, reading); err != nil {
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
func (s *Store) LogPath() string {
	ext := filepath.Ext(s.path)
	return strings.TrimSuffix(s.path, ext) + "-events" + ext
}

// Close waits for what is being written and closes the store.
func (s *Store) Close() error {
	var errs []error
	if s.appender != nil {
		errs = append(errs, s.appender.close())
	}
	for _, c := range []*conn{s.roster, s.log, s.look} {
		if c != nil {
			errs = append(errs, c.close())
		}
	}
	return errors.Join(errs...)
}

// write runs do in one transaction on the roster.
func (s *Store) write(do func(c *conn) error) error {
	s.rosterMu.Lock()
	defer s.rosterMu.Unlock()
	return s.roster.within(func() error { return do(s.roster) })
}

// read runs do on the connection that reads the roster.
func (s *Store) read(do func(c *conn) error) error {
	s.lookMu.Lock()
	defer s.lookMu.Unlock()
	return do(s.look)
}

// readLog runs do on the connection that reads the log.
func (s *Store) readLog(do func(c *conn) error) error {
	s.logMu.Lock()
	defer s.logMu.Unlock()
	return do(s.log)
}
