// Package postgres is the store's engine on PostgreSQL, for a store that survives a host,
// and that several daemons share.
//
// Contacts and all that is about them are the tables that SQLite has. One transaction
// at a time writes them, in all processes together: it holds a lock of the database, as
// the one writer of SQLite does, so that what the store assumes of it holds here too.
//
// The log is another matter, since callbacks are appended by many processes, and none of
// them may wait for another. Each is an appender with a number of its own, counts its lines
// without a gap, and commits them to the table arrivals: that is what is answered. Lines get
// their places in the log, the seq of an event, by the function settle, which takes of each
// appender what is committed, in its order. So a seq is behind all that were read before, as
// the sweep's cursor needs, although nobody waits for a commit of another process; a process
// that hangs between an insert and its commit delays its own lines alone. Who reads the log
// settles first, so that it sees what was answered.
//
// A commit whose fate is not known, as the connection was lost, is looked up by the next
// connection, and sent again under the same numbers if it is not there: it is stored once,
// and its callers are answered. What an asynchronous standby lost when it was promoted is put
// back, as far as it is remembered.
//
// Locks between processes are leases (lease.go): a process that was stopped for longer than
// one lasts finds that another one has taken over, and writes nothing more.
//
// schema/ shows the tables and functions. A database is updated by the files it lacks, which
// stay as they are once released.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"winnow/store/engine"
)

// Engine is an open database.
type Engine struct {
	config *pgxpool.Config
	ctx    context.Context // ends when the engine is closed and nothing is under way
	cancel context.CancelFunc

	reads, logReads *pgxpool.Pool
	writer          handle
	process         process // of this process in the log
	writes          writes
	leases          leases
	settler         settler
	servers         servers
	settings        string      // see settingsBeside
	opened          atomic.Bool // what is not there from now on was lost
	closing         atomic.Bool // a lost connection is not waited for
}

var _ engine.Sharing = (*Engine)(nil)

// ErrMissing is the error of opening a database that has no store.
var ErrMissing = errors.New("there is no store yet; start winnow serve or import data")

// Open opens the database that the URL names. It makes the tables if there are none.
func Open(url string) (*Engine, error) { return openWith(url, opening{create: true}) }

// OpenExisting opens the database that the URL names. It is an error when it has no store.
func OpenExisting(url string) (*Engine, error) { return openWith(url, opening{}) }

// opening says what a database may lack when it is opened.
type opening struct {
	create     bool // the tables, which are made
	incomplete bool // what winnow migrate has not copied yet
}

func openWith(url string, o opening) (*Engine, error) {
	e, err := newEngine(url)
	if err != nil {
		return nil, err
	}
	if err := e.open(o); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// newEngine is an engine without connections.
func newEngine(url string) (*Engine, error) {
	config, err := configOf(url)
	if err != nil {
		return nil, err
	}
	e := &Engine{config: config, settings: settingsBeside(config.ConnConfig.RuntimeParams)}
	config.ConnConfig.ValidateConnect = e.admit
	e.servers.read(config.ConnConfig)
	config.BeforeConnect = func(_ context.Context, of *pgx.ConnConfig) error {
		e.servers.arrange(of)
		return nil
	}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.leases.handle.begin = leaseCommits
	e.leases.engine, e.process.engine, e.settler.engine = e, e, e
	return e, nil
}

func (e *Engine) open(o opening) (err error) {
	err = e.writer.use(e, func(c *conn) error {
		err := migrate(c, o.create)
		if err == nil && !o.incomplete {
			err = checkComplete(c)
		}
		return err
	})
	if err != nil {
		return err
	}
	if e.reads, err = pgxpool.NewWithConfig(e.ctx, e.config.Copy()); err != nil {
		return err
	}
	if e.logReads, err = pgxpool.NewWithConfig(e.ctx, e.config.Copy()); err != nil {
		return err
	}
	if err := e.connectTwice(); err != nil {
		return err
	}
	e.opened.Store(true)
	e.settler.start()
	return nil
}

// handle is a connection that one goroutine uses at a time. It is opened again when it was
// lost.
type handle struct {
	begin  string // a statement that a new connection begins with; "" for none
	mu     sync.Mutex
	pg     *pgx.Conn
	closed bool
}

// use runs do on the connection. If it was lost before do did anything, as do reports by
// errUnused, it is opened again.
func (h *handle) use(e *Engine, do func(*conn) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for began := time.Now(); ; {
		if h.closed {
			return engine.ErrClosed
		}
		err := h.connected(e)
		if err == nil {
			err = do(connOf(e.ctx, h.pg))
		}
		if !isUnused(err) || time.Since(began) > e.patience() || e.closing.Load() {
			return err
		}
		time.Sleep(reconnectPause)
	}
}

const reconnectPause = 100 * time.Millisecond

// connected opens the connection if there is none.
func (h *handle) connected(e *Engine) (err error) {
	if h.pg != nil && !h.pg.IsClosed() {
		return nil
	}
	if h.pg, err = e.connect(); err == nil && h.begin != "" {
		_, err = h.pg.Exec(e.ctx, h.begin)
	}
	if err == nil || refuses(err) {
		return err
	}
	return errUnused{err}
}

func (h *handle) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	if h.pg == nil {
		return nil
	}
	pg := h.pg
	h.pg = nil
	return pg.Close(context.Background())
}

// errUnused is an error by which nothing was done, and trying again may help.
type errUnused struct{ error }

func (e errUnused) Unwrap() error { return e.error }

func isUnused(err error) bool { var u errUnused; return errors.As(err, &u) }

// began is the error of what begins a transaction: a connection that was lost since it was
// used last has done nothing.
func (c *conn) began(err error) error {
	if err == nil {
		err = c.flush()
	}
	if err != nil && c.pg.IsClosed() {
		return errUnused{fmt.Errorf("%w: %w", errLost, err)}
	}
	return err
}

const beginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

// read runs do in a transaction that reads, on a connection of the pool.
func (e *Engine) read(pool *pgxpool.Pool, before func(*conn) error, do func(*conn) error) error {
	for began := time.Now(); ; {
		err := e.readOnce(pool, before, do)
		if !isUnused(err) || time.Since(began) > reconnectFor {
			return err
		}
		time.Sleep(reconnectPause)
	}
}

func (e *Engine) readOnce(pool *pgxpool.Pool, before func(*conn) error, do func(*conn) error) error {
	if e.ctx.Err() != nil {
		return engine.ErrClosed
	}
	held, err := pool.Acquire(e.ctx)
	if err != nil {
		if e.ctx.Err() != nil {
			return engine.ErrClosed
		}
		if err = e.notPooled(err); refuses(err) {
			return err
		}
		return errUnused{err}
	}
	defer held.Release()
	c := connOf(e.ctx, held.Conn())
	if before != nil {
		if err := c.began(before(c)); err != nil {
			return err
		}
	}
	return c.inTx(beginReading, func() error {
		if err := c.began(nil); err != nil {
			return err
		}
		return do(c)
	}, nil)
}

// Read implements engine.Engine.
func (e *Engine) Read(do func(engine.Reader) error) error {
	return e.read(e.reads, nil, func(c *conn) error { return do(&reader{c}) })
}

// ReadLog implements engine.Engine. What has arrived gets its place first.
func (e *Engine) ReadLog(do func(engine.LogReader) error) error {
	return e.read(e.logReads, settle, func(c *conn) error { return do(&logReader{c}) })
}

// BetweenCommits implements engine.Engine.
func (e *Engine) BetweenCommits(do func()) {
	e.process.mu.Lock()
	defer e.process.mu.Unlock()
	do()
}

// errElsewhere says what does in PostgreSQL's way what winnow does with files.
var errElsewhere = errors.New("the store is in PostgreSQL: copy it by pg_dump or pg_basebackup, or whatever backs up that server")

// Copy implements engine.Engine.
func (e *Engine) Copy(context.Context, string, engine.CopyOptions) error { return errElsewhere }

// InPlace implements engine.Engine.
func (e *Engine) InPlace() error { return nil }

// Files implements engine.Engine. None is on this host.
func (e *Engine) Files() []string { return nil }

// Close waits for what is under way and closes all connections. The leases that are still
// held are freed.
func (e *Engine) Close() error {
	e.closing.Store(true)
	e.settler.stop()
	e.forgetWrites()
	err := errors.Join(e.leases.close(), e.process.close(), e.writer.close())
	for _, pool := range []*pgxpool.Pool{e.reads, e.logReads} {
		if pool != nil {
			pool.Close()
		}
	}
	e.cancel()
	return err
}
