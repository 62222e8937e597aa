package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"
)

// conn is one connection to one file. It speaks to the driver directly:
// database/sql would cost as much again as SQLite itself for each small row.
// A conn is used by one goroutine at a time.
type conn struct {
	db    *sqlite3.SQLiteConn
	stmts map[string]*statement
	args  []driver.NamedValue
}

// statement is a prepared statement with the answer that is under way, if any:
// they are used again and again, so that a row costs no memory of its own.
type statement struct {
	s    *sqlite3.SQLiteStmt
	rows rows
}

// mode is what a connection is for.
type mode int

const (
	writing mode = iota
	reading
)

// pragmas are asked back from every new connection: an option that the driver
// does not know is ignored in silence, and a default of its own is not FULL.
var pragmas = map[mode]map[string]string{
	writing: {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "15000", "query_only": "0"},
	reading: {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "15000", "query_only": "1"},
}

// A provider that waits for an answer is told sooner that it can't be stored.
const appendPatience = "PRAGMA busy_timeout = 2000;"

// The page caches, in KiB. The roster's writer gets the most: a sweep goes all
// over the roster and its index. Together they stay well under the memory
// promised.
const (
	cacheSmall = 8 << 10
	cacheSweep = 64 << 10
)

func dsn(path string, m mode) string {
	q := url.Values{
		"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_foreign_keys": {"on"}, "_busy_timeout": {"15000"},
		"_cache_size": {fmt.Sprint(-cacheSmall)}, "_stmt_cache_size": {"0"},
	}
	if m == reading {
		q.Set("_query_only", "true")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// connect opens a connection and makes sure that it keeps the promises.
func connect(path string, m mode) (*conn, error) {
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	raw, err := (&sqlite3.SQLiteDriver{}).Open(dsn(path, m))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, plain(err))
	}
	c := &conn{db: raw.(*sqlite3.SQLiteConn), stmts: map[string]*statement{}}
	for name, want := range pragmas[m] {
		got, err := c.text("PRAGMA " + name)
		if err != nil || got != want {
			return nil, errors.Join(fmt.Errorf("open %s: %s is %q and must be %q: is it on a network or read-only file system?", path, name, got, want), plain(err), c.close())
		}
	}
	return c, nil
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		s.s.Close()
	}
	return c.db.Close()
}

// prepared finds or makes the statement; a connection keeps each for its life.
func (c *conn) prepared(sql string) (*statement, error) {
	if s := c.stmts[sql]; s != nil {
		return s, nil
	}
	s, err := c.db.Prepare(sql)
	if err != nil {
		return nil, fmt.Errorf("%w in %s", plain(err), sql)
	}
	c.stmts[sql] = &statement{s: s.(*sqlite3.SQLiteStmt)}
	return c.stmts[sql], nil
}

// rows is the answer of a statement under way.
type rows struct {
	r    driver.Rows
	dest []driver.Value
	err  error
}

// query runs a statement. One crossing into C binds, steps and reads the first
// row, so writes go this way too. The answer of the same statement before must
// be closed.
func (c *conn) query(sql string, args ...any) *rows {
	s, err := c.prepared(sql)
	if err != nil {
		return &rows{err: err}
	}
	c.args = c.args[:0]
	for i, a := range args {
		if n, ok := a.(int); ok {
			a = int64(n)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	r, err := s.s.QueryContext(context.Background(), c.args)
	if err != nil {
		return &rows{err: plain(err)}
	}
	if s.rows.dest == nil {
		s.rows.dest = make([]driver.Value, len(r.Columns()))
	}
	s.rows = rows{r: r, dest: s.rows.dest}
	return &s.rows
}

// next steps to the next row. After false, close tells whether it was the end.
func (r *rows) next() bool {
	if r.err != nil {
		return false
	}
	if err := r.r.Next(r.dest); err != nil {
		if err != io.EOF {
			r.err = plain(err)
		}
		return false
	}
	return true
}

func (r *rows) int(i int) int64   { n, _ := r.dest[i].(int64); return n }
func (r *rows) text(i int) string { s, _ := r.dest[i].(string); return s }
func (r *rows) blob(i int) []byte { b, _ := r.dest[i].([]byte); return b }

func (r *rows) close() error {
	if r.r == nil {
		return r.err
	}
	return errors.Join(r.err, plain(r.r.Close()))
}

// exec runs a statement that gives no rows.
func (c *conn) exec(sql string, args ...any) error {
	r := c.query(sql, args...)
	r.next()
	return r.close()
}

// number is the first column of the first row; 0 without a row.
func (c *conn) number(sql string, args ...any) (int64, error) {
	r := c.query(sql, args...)
	var n int64
	if r.next() {
		n = r.int(0)
	}
	return n, r.close()
}

func (c *conn) text(sql string, args ...any) (string, error) {
	r := c.query(sql, args...)
	var s string
	if r.next() {
		s = fmt.Sprint(r.dest[0])
	}
	return s, r.close()
}

// script runs statements without arguments, one after the other.
func (c *conn) script(sql string) error {
	_, err := c.db.Exec(sql, nil)
	return plain(err)
}

// within runs do in one transaction: immediate, as one that read first and
// wrote later would fail at once when another writer came between.
func (c *conn) within(do func() error) (err error) {
	if err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	committed := false
	defer func() { // also when do panics: its lock would stay for ever
		if !committed {
			err = errors.Join(err, c.rollback())
		}
	}()
	if err := do(); err != nil {
		return err
	}
	err = c.exec("COMMIT")
	committed = err == nil
	return err
}

// rollback undoes what is left of a transaction; SQLite has ended it itself
// after some errors.
func (c *conn) rollback() error {
	if c.db.AutoCommit() {
		return nil
	}
	return c.exec("ROLLBACK")
}

// plain says in a person's words what SQLite said, and keeps the cause.
func plain(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case sqlite3.ErrFull:
		return fmt.Errorf("the disk is full: %w", err)
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return fmt.Errorf("another process holds the store: %w", err)
	case sqlite3.ErrReadonly, sqlite3.ErrPerm, sqlite3.ErrCantOpen:
		return fmt.Errorf("the store can't be opened for writing, check its folder and permissions: %w", err)
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return fmt.Errorf("the store is damaged or no SQLite file, restore a backup: %w", err)
	}
	return err
}

// oldestSQLite is the first version without the race that could corrupt a file
// when its write-ahead log is reset.
const oldestSQLite = 3_051_003

func checkVersion() error {
	if name, n, _ := sqlite3.Version(); n < oldestSQLite {
		return fmt.Errorf("winnow was built with SQLite %s, which can damage a store: build it with 3.51.3 or later", name)
	}
	return nil
}

// makePrivate makes a file that is missing for its owner alone: there are phone
// numbers in it. SQLite gives the files beside it the same permissions.
func makePrivate(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("make the store: %w", err)
	}
	return f.Close()
}

// makeFolder makes the folder of a new store.
func makeFolder(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("make the store's folder: %w", err)
	}
	return nil
}
