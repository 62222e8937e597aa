// Package sqlite is the store's engine on SQLite.
//
// A database is two files. The log, winnow-events.db, takes in events: the path
// from a callback to its answer only ever appends there, so it is as fast with a
// hundred million rows as with none, and no sweep or export can hold it up. The
// file that the path names, winnow.db, has the contacts and everything else.
//
// Both are written with synchronous=FULL: what was answered is on the disk.
// Each file has one writing connection per process, behind a mutex, and readers
// of its own. SQLite's locks keep processes apart; every transaction that writes
// is immediate. A failed commit is unknown, not undone: an error of fsync may
// leave the rows there.
//
// schema/current-roster.sql and schema/current-events.sql show the tables and who writes
// them. To change one, add a file to schema/ with the next number, and make the current
// one agree, which a test checks; files that were released stay as they are. How contacts and the log are
// read and written in bulk is in contacts.go and log.go.
package sqlite

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"winnow/internal/atomicfile"
	"winnow/store/engine"
)

// Engine is an open database.
type Engine struct {
	path string // of the contacts

	logWriter, logReader, writer, reader handle

	files, logFiles fileSet // as they were when they were opened

	checkpointer *checkpointer // of the log
	contactsWAL  int64         // pages of the contacts' write-ahead log after the last commit
	commits      sync.Mutex    // held while the log commits, or starts over

	raw *os.File // the file of the contacts, see inGaps; nil until it is needed
}

var _ engine.Engine = (*Engine)(nil)

// handle is a connection that one goroutine uses at a time, until it is closed.
type handle struct {
	mu sync.Mutex
	c  *conn // nil when closed
}

func (h *handle) use(do func(*conn) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.c == nil {
		return engine.ErrClosed
	}
	return do(h.c)
}

// close waits until the connection is not in use.
func (h *handle) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.c == nil {
		return nil
	}
	c := h.c
	h.c = nil
	return c.close()
}

// Open opens the database whose contacts are at the path. It creates it if neither of
// its files is there; that only one is missing is an error.
func Open(path string) (*Engine, error) { return openWith(path, createNone) }

// OpenExisting opens the database whose contacts are at the path. It creates no
// file of it.
func OpenExisting(path string) (*Engine, error) { return openWith(path, createNever) }

// OpenNew opens the database whose contacts are at the path, and creates what is
// missing of it, also if that is only the log.
func OpenNew(path string) (*Engine, error) { return openWith(path, createMissing) }

// creation says when the files of a database are created.
type creation int

const (
	createNever   creation = iota
	createNone             // if none is there
	createMissing          // those that are missing
)

func openWith(path string, create creation) (*Engine, error) {
	if err := checkVersion(); err != nil {
		return nil, err
	}
	e := &Engine{path: path}
	hasLog, hasContacts := Exists(e.logPath()), Exists(path)
	switch {
	case hasLog && hasContacts, create == createMissing:
	case create == createNever && !hasContacts:
		return nil, fmt.Errorf("open %s: %w", path, ErrMissing)
	case hasContacts:
		return nil, fmt.Errorf("%s is there, but its log %s is missing: put it back or restore a backup; winnow serve --new goes on with an empty log", path, e.logPath())
	case create == createNever:
		return nil, fmt.Errorf("open %s: %w", path, ErrMissing)
	}
	if !hasLog || !hasContacts {
		if err := atomicfile.MakeFolder(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("create the store's folder: %w", err)
		}
	}
	if err := e.open(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// ErrMissing is the error of opening a database that is not there.
var ErrMissing = errors.New("there is no store yet; start winnow serve or import data")

// Exists reports whether there is a database at the path. A file without any table is
// none: it was truncated, or copied without its write-ahead log.
func Exists(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	_, err = os.Stat(path + "-wal")
	return info.Size() > pageSize || err == nil || info.Size() > 0 && hasTables(path)
}

// pageSize is the size of a file whose tables are all in its write-ahead log.
const pageSize = 4096

// hasTables reports whether a file that no process has open has tables; nothing is
// written. One that can't be read counts as having some: opening it says why it can't.
func hasTables(path string) bool {
	c, err := openConn("file:" + escaped(path) + "?mode=ro&immutable=1")
	if err != nil {
		return true
	}
	defer c.close()
	tables, err := c.number("SELECT count(*) FROM sqlite_schema")
	return err != nil || tables > 0
}

// LogPath is where the log is of the database whose contacts are at the path.
func LogPath(path string) string { return (&Engine{path: path}).logPath() }

// HasEvents reports whether there are events in a log file. One that can't be read
// counts as having some, and one whose tables were not made yet, as the process that
// began was killed, has none.
func HasEvents(logPath string) bool {
	if !Exists(logPath) {
		return false
	}
	c, err := connect(logPath, reading)
	if err != nil {
		return true
	}
	defer c.close()
	if tables, err := c.number("SELECT count(*) FROM sqlite_schema"); err != nil || tables == 0 {
		return err != nil
	}
	events, err := c.number("SELECT count(*) FROM (SELECT 1 FROM events LIMIT 1)")
	return err != nil || events > 0
}

// continueLog lets a log that ends before what the sweep has read go on behind that:
// it is new, or older than the contacts. The sweep would skip its next events.
func (e *Engine) continueLog() error {
	cursor, err := e.writer.c.number("SELECT value FROM counters WHERE name = 'cursor'")
	if err != nil || cursor == 0 {
		return err
	}
	ended := func() (int64, error) {
		return e.logWriter.c.number("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
	}
	if last, err := ended(); err != nil || last >= cursor {
		return err
	}
	return e.logWriter.c.inTx("BEGIN IMMEDIATE", func() error {
		if last, err := ended(); err != nil || last >= cursor {
			return err
		}
		if err := e.logWriter.c.exec("DELETE FROM sqlite_sequence WHERE name = 'events'"); err != nil {
			return err
		}
		return e.logWriter.c.exec("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)", cursor)
	})
}

func (e *Engine) open() (err error) {
	if e.logWriter.c, err = openFile(e.logPath(), "events", logTuning); err != nil {
		return err
	}
	if e.writer.c, err = openFile(e.path, "roster", writerTuning); err != nil {
		return err
	}
	if err := e.continueLog(); err != nil {
		return err
	}
	if e.logReader.c, err = connect(e.logPath(), reading); err != nil {
		return err
	}
	if e.reader.c, err = connect(e.path, reading); err != nil {
		return err
	}
	if e.logFiles, err = openedFiles(e.logPath()); err != nil {
		return err
	}
	if e.files, err = openedFiles(e.path); err != nil {
		return err
	}
	e.checkpointer, err = startCheckpointer(e.logPath(), &e.commits)
	return err
}

// openFile opens a file for writing, and migrates it to the newest schema. On an error
// the connection, if any, is to be closed all the same.
func openFile(path, schema, tuning string) (*conn, error) {
	if schema == "events" { // retention deletes from it
		if err := prepareToShrink(path); err != nil {
			return nil, err
		}
	}
	c, err := connect(path, writing)
	if err != nil {
		return nil, err
	}
	if err := checkSchema(c, path, schema); err != nil {
		return c, err
	}
	if err := migrate(c, schema); err != nil {
		return c, err
	}
	return c, c.script(tuning)
}

// logTuning leaves checkpoints to the checkpointer. A provider that waits for an
// answer learns soon that its callback can't be stored. A write-ahead log that grew
// behind a reader gives the disk back when it starts over.
const logTuning = "PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 2000; PRAGMA journal_size_limit = 67108864;"

// writerTuning gives the writer of contacts a larger cache, in KiB, as a sweep
// goes all over the contacts and their index. It leaves checkpoints to
// [Engine.moveContacts].
const writerTuning = "PRAGMA cache_size = -49152; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;"

// logPath is where the log is: beside the contacts.
func (e *Engine) logPath() string {
	ext := filepath.Ext(e.path)
	return strings.TrimSuffix(e.path, ext) + "-events" + ext
}

// InPlace implements engine.Engine.
func (e *Engine) InPlace() error { return cmp.Or(e.logFiles.check(), e.files.check()) }

// Files are the two files and their write-ahead logs.
func (e *Engine) Files() []string {
	return []string{e.path, e.path + "-wal", e.logPath(), e.logPath() + "-wal"}
}

// Lock is a lock on a file beside the contacts, named like them and the lock.
func (e *Engine) Lock(name string) engine.Lock { return NewLock(e.path + "." + name) }

// Close waits for what is under way and closes the files. What comes later gets
// [engine.ErrClosed].
func (e *Engine) Close() error {
	err := errors.Join(e.logWriter.close(), e.checkpointer.close(), e.writer.close(), e.logReader.close(), e.reader.close())
	if e.raw != nil {
		err = errors.Join(err, e.raw.Close())
		e.raw = nil
	}
	return err
}

// Read implements engine.Engine.
func (e *Engine) Read(do func(engine.Reader) error) error {
	return e.reader.use(func(c *conn) error {
		return c.inTx("BEGIN", func() error { return do(&reader{querier{c: c}}) })
	})
}

// Write implements engine.Engine.
func (e *Engine) Write(do func(engine.Writer) error) error {
	return e.writer.use(func(c *conn) error {
		err := c.inTx("BEGIN IMMEDIATE", func() error { return do(&writer{reader: reader{querier{c: c}}}) })
		if err == nil {
			e.moveContacts(c)
		}
		return cmp.Or(err, e.files.check())
	})
}

// ReadLog implements engine.Engine.
func (e *Engine) ReadLog(do func(engine.LogReader) error) error {
	return e.logReader.use(func(c *conn) error {
		return c.inTx("BEGIN", func() error { return do(&logReader{querier{c: c}}) })
	})
}

// WriteLog implements engine.Engine.
func (e *Engine) WriteLog(do func(engine.LogWriter) error) error {
	return e.logWriter.use(func(c *conn) error {
		w := &logWriter{c: c}
		e.commits.Lock()
		err := c.inTx("BEGIN IMMEDIATE", func() error { return do(w) })
		e.commits.Unlock()
		e.checkpointer.appended(w.bytes)
		return cmp.Or(err, e.logFiles.check())
	})
}

// BetweenCommits implements engine.Engine.
func (e *Engine) BetweenCommits(do func()) {
	e.commits.Lock()
	defer e.commits.Unlock()
	do()
}

// querier runs the store's SQL on a connection. It implements engine.Querier.
type querier struct {
	c    *conn
	open bool // an answer is open
}

// errOpen is the error of a query before the answer of another one was closed.
// SQLite would run it; not every engine can.
var errOpen = errors.New("a query was begun before the answer to another one was closed")

func (q *querier) Query(sql string, args ...any) engine.Rows {
	if q.open {
		return &rows{err: fmt.Errorf("%w: %s", errOpen, sql)}
	}
	r := q.c.query(sql, args...)
	q.open, r.open = true, &q.open
	return r
}

func (q *querier) Number(sql string, args ...any) (n int64, err error) {
	r := q.Query(sql, args...)
	if r.Next() {
		n = r.Int(0)
	}
	return n, r.Close()
}

func (q *querier) Text(sql string, args ...any) (s string, err error) {
	r := q.Query(sql, args...)
	if r.Next() {
		s = r.Text(0)
	}
	return s, r.Close()
}

// Exec is part of engine.Writer.
func (q *querier) Exec(sql string, args ...any) error {
	r := q.Query(sql, args...)
	r.Next()
	return r.Close()
}
