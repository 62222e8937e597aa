package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"winnow/store/engine"
)

// conn runs the store's SQL on one connection, which one goroutine uses at a time. It
// implements engine.Querier and Exec of engine.Writer.
//
// What Exec is given waits, and goes to the server together with the next query or the
// end of the transaction: thousands of statements cost one exchange. So the error of one
// may be that of a later call, and never gets lost, as the end of the transaction is one.
type conn struct {
	pg      *pgx.Conn
	ctx     context.Context
	waiting pgx.Batch
	bytes   int  // of the arguments that wait
	open    bool // an answer is open
	failed  error
}

func connOf(ctx context.Context, pg *pgx.Conn) *conn { return &conn{pg: pg, ctx: ctx} }

// Statements wait until there are so many of them, or so many bytes of arguments, and no
// answer is open.
const (
	mostWaiting  = 512
	bytesWaiting = 1 << 20
)

// errOpen is the error of a query before the answer of another one was closed.
var errOpen = errors.New("a query was begun before the answer to another one was closed")

// flush sends the statements that wait.
func (c *conn) flush() error {
	if c.failed != nil || c.waiting.Len() == 0 {
		return c.failed
	}
	batch := c.waiting
	c.waiting, c.bytes = pgx.Batch{}, 0
	if err := c.pg.SendBatch(c.ctx, &batch).Close(); err != nil {
		c.failed = friendly(err)
	}
	return c.failed
}

// exec lets a statement in PostgreSQL's own SQL wait.
func (c *conn) exec(sql string, args ...any) error {
	if c.failed != nil {
		return c.failed
	}
	c.waiting.Queue(sql, args...)
	for _, a := range args {
		switch a := a.(type) {
		case string:
			c.bytes += len(a)
		case []byte:
			c.bytes += len(a)
		}
	}
	if !c.open && (c.waiting.Len() >= mostWaiting || c.bytes >= bytesWaiting) {
		return c.flush()
	}
	return nil
}

// query runs a query in PostgreSQL's own SQL, after what waits.
func (c *conn) query(sql string, args ...any) *rows {
	if c.open {
		return &rows{err: fmt.Errorf("%w: %s", errOpen, sql)}
	}
	if err := c.flush(); err != nil {
		return &rows{err: err}
	}
	r, err := c.pg.Query(c.ctx, sql, args...)
	if err != nil {
		c.failed = friendly(err)
		return &rows{err: fmt.Errorf("%w in %s", c.failed, sql)}
	}
	c.open = true
	return &rows{r: r, c: c, sql: sql}
}

// number is the first column of the first row; 0 without a row or for NULL.
func (c *conn) number(sql string, args ...any) (n int64, err error) {
	r := c.query(sql, args...)
	if r.Next() {
		n = r.Int(0)
	}
	return n, r.Close()
}

// Exec is part of engine.Writer. Its caller may use the memory of the arguments again.
func (c *conn) Exec(sql string, args ...any) error {
	for i, a := range args {
		if b, ok := a.([]byte); ok && b != nil {
			args[i] = append([]byte{}, b...)
		}
	}
	return c.exec(numbered(sql), args...)
}

// Query implements engine.Querier.
func (c *conn) Query(sql string, args ...any) engine.Rows { return c.query(numbered(sql), args...) }

// Number implements engine.Querier.
func (c *conn) Number(sql string, args ...any) (int64, error) {
	return c.number(numbered(sql), args...)
}

// Text implements engine.Querier.
func (c *conn) Text(sql string, args ...any) (s string, err error) {
	r := c.query(numbered(sql), args...)
	if r.Next() {
		s = r.Text(0)
	}
	return s, r.Close()
}

var numberedTexts sync.Map // of each text of the store the one with $1, $2 and so on

// numbered is the store's SQL with $1, $2 and so on for its placeholders.
func numbered(sql string) string {
	if known, ok := numberedTexts.Load(sql); ok {
		return known.(string)
	}
	var b strings.Builder
	n, quoted := 0, false
	for _, r := range sql {
		if r == '\'' {
			quoted = !quoted
		}
		if r != '?' || quoted {
			b.WriteRune(r)
			continue
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
	}
	numberedTexts.Store(sql, b.String())
	return b.String()
}

// rows is the answer to a query. It implements engine.Rows.
type rows struct {
	r      pgx.Rows
	c      *conn
	sql    string
	raw    [][]byte
	fields []pgconn.FieldDescription
	err    error
}

func (r *rows) Next() bool {
	if r.err != nil || r.r == nil || !r.r.Next() {
		return false
	}
	if r.fields == nil {
		r.fields = r.r.FieldDescriptions()
	}
	r.raw = r.r.RawValues()
	return true
}

// Int reads whole numbers and truth values, which are binary. Other numbers, such as the
// sum of some, are read by the driver.
func (r *rows) Int(i int) int64 {
	raw := r.raw[i]
	if raw == nil {
		return 0
	}
	switch r.fields[i].DataTypeOID {
	case pgtype.Int8OID:
		return int64(binary.BigEndian.Uint64(raw))
	case pgtype.Int4OID:
		return int64(int32(binary.BigEndian.Uint32(raw)))
	case pgtype.Int2OID:
		return int64(int16(binary.BigEndian.Uint16(raw)))
	case pgtype.BoolOID:
		return int64(raw[0])
	}
	var n pgtype.Int8
	if err := r.c.pg.TypeMap().Scan(r.fields[i].DataTypeOID, r.fields[i].Format, raw, &n); err != nil {
		r.err = errors.Join(r.err, fmt.Errorf("read column %d of %s: %w", i, r.sql, err))
	}
	return n.Int64
}

func (r *rows) Text(i int) string { return string(r.raw[i]) }

func (r *rows) Blob(i int) []byte {
	if r.raw[i] == nil {
		return nil
	}
	return append([]byte{}, r.raw[i]...)
}

func (r *rows) Close() error {
	if r.r == nil {
		return r.err
	}
	r.c.open = false
	r.r.Close()
	if err := r.r.Err(); err != nil {
		r.c.failed = friendly(err)
		r.err = errors.Join(r.err, fmt.Errorf("%w in %s", r.c.failed, r.sql))
	}
	return r.err
}

// inTx runs do in one transaction. begin begins it; before its end, atEnd runs, if it is
// not nil. A transaction that fails leaves nothing, unless the connection was lost while it
// was committed: then its fate is not known.
func (c *conn) inTx(begin string, do func() error, atEnd func() error) (err error) {
	if err := c.exec(begin); err != nil {
		return err
	}
	committed := false
	defer func() { // also when do panics: its locks would stay
		if !committed {
			c.rollback()
		}
	}()
	if err := do(); err != nil {
		return errors.Join(err, c.lost())
	}
	if atEnd != nil {
		if err := atEnd(); err != nil {
			return err
		}
	}
	if err := c.exec("COMMIT"); err != nil {
		return err
	}
	err = c.flush()
	committed = err == nil
	return err
}

// lost is the error by which the connection is no longer of use, if it is.
func (c *conn) lost() error {
	if c.pg.IsClosed() {
		return errLost
	}
	return nil
}

// errLost is in the error of whatever a lost connection ended.
var errLost = errors.New("the connection to PostgreSQL was lost")

// rollback undoes a transaction, and forgets what waits. Where that fails the connection is
// closed.
func (c *conn) rollback() {
	c.waiting, c.bytes, c.failed, c.open = pgx.Batch{}, 0, nil, false
	if c.pg.IsClosed() || c.pg.PgConn().TxStatus() == 'I' {
		return
	}
	if _, err := c.pg.Exec(c.ctx, "ROLLBACK"); err != nil {
		c.pg.Close(c.ctx)
	}
}
