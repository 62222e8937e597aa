package postgres

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"winnow/store/engine"
)

// writeLock is the lock of those who write contacts, of the database: of one, or of several
// that share it.
const writeLock = 0x77696e6e6f77 // winnow

// writes are those of this process. Each commits its number, so that the fate of one is known
// whose answer was lost.
type writes struct {
	name string // random
	n    int64  // of the last one that was begun
}

// Write implements engine.Engine. The leases that this process holds are locked and
// prolonged: if another one has taken one over, nothing is written.
func (e *Engine) Write(do func(engine.Writer) error) error {
	return e.write("SELECT pg_advisory_xact_lock($1)", func(c *conn) error { return do(&writer{reader: reader{c}}) })
}

// WriteBeside implements engine.Sharing.
func (e *Engine) WriteBeside(do func(engine.Writer) error) error {
	err := e.write("SELECT pg_advisory_xact_lock_shared($1)", func(c *conn) error { return do(&writer{reader: reader{c}, beside: true}) })
	if isCode(err, codeDeadlock) {
		return fmt.Errorf("%w: %w", engine.ErrClash, err)
	}
	return err
}

// write runs do in a transaction that begins with the lock.
func (e *Engine) write(lock string, do func(*conn) error) error {
	return e.writer.use(e, func(c *conn) error {
		held := e.leases.held()
		sent := false
		err := c.inTx("BEGIN", func() error {
			if err := c.exec(lock, int64(writeLock)); err != nil {
				return err
			}
			if err := held.prolong(c); err != nil {
				return err
			}
			if err := held.lost(&e.leases, c.began(nil)); err != nil {
				return err
			}
			return do(c)
		}, func() error {
			err := errors.Join(held.prolong(c), e.writes.number(c), c.flush())
			sent = err == nil
			return err
		})
		if err == nil || !c.pg.IsClosed() || isUnused(err) {
			return err
		}
		return e.fateOf(err, sent)
	})
}

// number gives the transaction the next number.
func (w *writes) number(c *conn) error {
	if w.name == "" {
		w.name = rand.Text()
		if err := c.exec("DELETE FROM written WHERE at < winnow_now() - $1", (24 * time.Hour).Microseconds()); err != nil { // of processes that were killed
			return err
		}
	}
	w.n++
	return c.exec("INSERT INTO written (writer, n, at) VALUES ($1, $2, winnow_now()) ON CONFLICT (writer) DO UPDATE SET n = excluded.n, at = excluded.at", w.name, w.n)
}

// fateOf is the error of a write whose connection was lost: none if it was committed.
func (e *Engine) fateOf(lost error, sent bool) error {
	if !sent {
		return fmt.Errorf("nothing was written: %w: %w", errLost, lost)
	}
	for began := time.Now(); ; {
		written, err := e.isWritten(e.writes.n)
		switch {
		case err == nil && written:
			return nil
		case err == nil:
			return fmt.Errorf("nothing was written: %w: %w", errLost, lost)
		case time.Since(began) > reconnectFor || e.closing.Load():
			return fmt.Errorf("it is not known whether it was written; look before you repeat it: %w", err)
		}
		time.Sleep(reconnectPause)
	}
}

// isWritten reports whether the write of that number was committed. If the server does not
// know yet that its connection was lost, its end is waited for.
func (e *Engine) isWritten(n int64) (written bool, err error) {
	pg, err := e.connect()
	if err != nil {
		return false, err
	}
	c := connOf(e.ctx, pg)
	defer pg.Close(e.ctx)
	err = c.inTx("BEGIN", func() error {
		if err := c.exec("SELECT pg_advisory_xact_lock($1)", int64(writeLock)); err != nil {
			return err
		}
		last, err := c.number("SELECT n FROM written WHERE writer = $1", e.writes.name)
		written = last == n
		return err
	}, nil)
	return written, err
}

// forgetWrites deletes what shows the fate of the last write, when there will be no more. If it
// can't, another process does, a day later.
func (e *Engine) forgetWrites() {
	e.writer.mu.Lock()
	name := e.writes.name
	e.writer.mu.Unlock()
	if name == "" {
		return
	}
	_ = e.writer.use(e, func(c *conn) error {
		return errors.Join(c.exec("DELETE FROM written WHERE writer = $1", name), c.flush())
	})
}
