package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"syscall"

	"github.com/mattn/go-sqlite3"
)

// conn is one connection to one file. It calls the driver directly:
// database/sql would cost as much again as SQLite itself for each small row.
// A conn is used by one goroutine at a time.
type conn struct {
	db    *sqlite3.SQLiteConn
	stmts map[string]*statement
	args  []driver.NamedValue
}

// statement is a prepared statement with its answer under way, if any: both are
// reused, so that a row costs no memory of its own.
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

// pragmas are read back from every new connection: an option that the driver
// does not know is silently ignored, and a default of its own is not FULL.
var pragmas = map[mode]map[string]string{
	writing: {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "15000", "query_only": "0", "secure_delete": "1", "trusted_schema": "0", "cell_size_check": "1"},
	reading: {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "15000", "query_only": "1", "trusted_schema": "0", "cell_size_check": "1"},
}

// distrust is for a file that may come from elsewhere, as a backup does: what its
// schema says calls no function, and a damaged page is found when it is read.
const distrust = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"

// cacheDefault is the page cache of a connection, in KiB.
const cacheDefault = 8 << 10

func dsn(path string, m mode) string {
	q := url.Values{
		"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_foreign_keys": {"on"}, "_busy_timeout": {"15000"},
		"_cache_size": {fmt.Sprint(-cacheDefault)}, "_stmt_cache_size": {"0"},
	}
	if m == writing {
		q.Set("_secure_delete", "on") // what is deleted is overwritten
	} else {
		q.Set("_query_only", "true")
	}
	return "file:" + escaped(path) + "?" + q.Encode()
}

func escaped(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// connect opens a connection to a file of the store, which is made if it is
// missing, and verifies the pragmas.
func connect(path string, m mode) (*conn, error) {
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	c, err := openConn(dsn(path, m))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := c.script(distrust); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), c.close())
	}
	for name, want := range pragmas[m] {
		got, err := c.text("PRAGMA " + name)
		if err != nil || got != want {
			return nil, errors.Join(fmt.Errorf("open %s: %s is %q and must be %q; check that it is not on a network or read-only file system", path, name, got, want), err, c.close())
		}
	}
	return c, nil
}

func openConn(dsn string) (*conn, error) {
	db, err := (&sqlite3.SQLiteDriver{}).Open(dsn)
	if err != nil {
		return nil, friendlyError(err)
	}
	return &conn{db: db.(*sqlite3.SQLiteConn), stmts: map[string]*statement{}}, nil
}

// createPrivate creates a file that is missing so that only its owner can read
// it: there are phone numbers in it. SQLite gives the files beside it the same
// permissions. A file that everybody may read, such as a backup that was put back, is
// closed to them; a group that was given access keeps it.
func createPrivate(path string) error {
	if info, err := os.Stat(path); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) == os.Geteuid() && info.Mode().Perm()&0o007 != 0 {
			return os.Chmod(path, info.Mode().Perm()&^0o007)
		}
		return nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("create the store: %w", err)
	}
	return f.Close()
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		s.s.Close()
	}
	return c.db.Close()
}

// prepared finds or prepares the statement; a connection keeps each of them.
func (c *conn) prepared(sql string) (*statement, error) {
	if s := c.stmts[sql]; s != nil {
		return s, nil
	}
	s, err := c.db.Prepare(sql)
	if err != nil {
		return nil, fmt.Errorf("%w in %s", friendlyError(err), sql)
	}
	c.stmts[sql] = &statement{s: s.(*sqlite3.SQLiteStmt)}
	return c.stmts[sql], nil
}

// rows is the answer of a statement. It implements engine.Rows.
type rows struct {
	r    driver.Rows
	dest []driver.Value
	err  error
	open *bool // set to false by Close, if not nil
}

// query runs a statement. One call into C binds, steps and reads the first row,
// so writes go this way too. The answer of the same statement before must be
// closed.
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
		return &rows{err: friendlyError(err)}
	}
	if s.rows.dest == nil {
		s.rows.dest = make([]driver.Value, len(r.Columns()))
	}
	s.rows = rows{r: r, dest: s.rows.dest}
	return &s.rows
}

func (r *rows) Next() bool {
	if r.err != nil {
		return false
	}
	if err := r.r.Next(r.dest); err != nil {
		if err != io.EOF {
			r.err = friendlyError(err)
		}
		return false
	}
	return true
}

func (r *rows) Int(i int) int64   { n, _ := r.dest[i].(int64); return n }
func (r *rows) Text(i int) string { s, _ := r.dest[i].(string); return s }
func (r *rows) Blob(i int) []byte { b, _ := r.dest[i].([]byte); return b }

func (r *rows) Close() error {
	if r.open != nil {
		*r.open = false
	}
	if r.r == nil {
		return r.err
	}
	return errors.Join(r.err, friendlyError(r.r.Close()))
}

// exec runs a statement that returns no rows.
func (c *conn) exec(sql string, args ...any) error {
	r := c.query(sql, args...)
	r.Next()
	return r.Close()
}

// number is the first column of the first row; 0 without a row.
func (c *conn) number(sql string, args ...any) (int64, error) {
	r := c.query(sql, args...)
	var n int64
	if r.Next() {
		n = r.Int(0)
	}
	return n, r.Close()
}

// text is the first column of the first row, whatever its type.
func (c *conn) text(sql string, args ...any) (string, error) {
	r := c.query(sql, args...)
	var s string
	if r.Next() && r.dest[0] != nil {
		s = fmt.Sprint(r.dest[0])
	}
	return s, r.Close()
}

// script runs statements without arguments, one after the other.
func (c *conn) script(sql string) error {
	_, err := c.db.Exec(sql, nil)
	return friendlyError(err)
}

// inTx runs do in one transaction: BEGIN for reading, BEGIN IMMEDIATE for
// writing, as a transaction that read first and wrote later would fail when
// another writer came between.
func (c *conn) inTx(begin string, do func() error) (err error) {
	if err := c.exec(begin); err != nil {
		return err
	}
	committed := false
	defer func() { // also when do panics: its lock would stay
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

// rollback undoes what is left of a transaction; after some errors SQLite has
// ended it itself.
func (c *conn) rollback() error {
	if c.db.AutoCommit() {
		return nil
	}
	return c.exec("ROLLBACK")
}
