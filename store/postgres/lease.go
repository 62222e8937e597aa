package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

// A lease lasts so long, and its process renews it so often.
const (
	leaseFor   = 10 * time.Second
	renewAfter = 3 * time.Second
)

// codeLeaseLost is the error of winnow_hold and winnow_renew in schema/.
const codeLeaseLost = "WN002"

// lease is a lock between processes: a row that names who holds it, until a time, by the
// clock of the server. Its process renews it. One that does not, because it has died, or
// was stopped, or can't reach the server, loses it to the next one that wants it, and can't
// write any more: every transaction that writes contacts, or changes what is in the log, locks
// the rows of the leases that its process holds, and looks whether they are still its own. So
// clocks decide who works, never what is written. Where the server's clock was set back, who
// waits for a lease takes it that was not renewed for as long as one lasts by its own clock.
// It implements engine.Lock.
type lease struct {
	engine *Engine
	name   string
	owner  string

	taking  sync.Mutex // held while it is taken
	seen    seenLease  // when it was last another's
	mu      sync.Mutex // not held while the server is asked: renewing it waits for that
	epoch   int64      // 0 while not held
	lost    bool       // another process has taken it over
	renewed time.Time
	stop    chan struct{} // closed to end its renewal
}

// Lock implements engine.Engine.
func (e *Engine) Lock(name string) engine.Lock {
	return &lease{engine: e, name: name, owner: rand.Text()}
}

// seenLease is a lease of another process as it was when it was wanted.
type seenLease struct {
	epoch, until int64
	since        time.Time // it was not renewed since
}

// over is what of it says that it is over; nothing if it may still be renewed.
func (s seenLease) over() (epoch, until int64) {
	if time.Since(s.since) > leaseFor {
		return s.epoch, s.until
	}
	return 0, 0
}

// String names the lock for people.
func (l *lease) String() string { return "lease " + l.name }

// Lost implements engine.Lock.
func (l *lease) Lost() string { return lostLease(l.name) }

func lostLease(name string) string {
	return fmt.Sprintf("another process may have taken over the lease %s, as this one did not renew it for %v: it was stopped, or could not reach PostgreSQL", name, leaseFor)
}

// TryLock implements engine.Lock.
func (l *lease) TryLock() (bool, error) {
	l.taking.Lock()
	defer l.taking.Unlock()
	if l.isTaken() {
		return true, nil
	}
	host, _ := os.Hostname()
	var epoch int64
	began := time.Now()
	var was seenLease
	overEpoch, overUntil := l.seen.over()
	err := l.engine.leases.ask(func(c *conn) error {
		// A holder that is writing has locked the row: that is not waited for.
		r := c.query(`SELECT winnow_take($1, $2, $3, $4, $5, $6, $7), l.epoch, l.until FROM (SELECT 1) AS one LEFT JOIN leases l ON l.name = $1`,
			l.name, l.owner, host, int64(os.Getpid()), leaseFor.Microseconds(), overEpoch, overUntil)
		if r.Next() {
			epoch, was.epoch, was.until = r.Int(0), r.Int(1), r.Int(2)
		}
		return r.Close()
	})
	if err != nil || epoch == 0 {
		if err == nil && (was.epoch != l.seen.epoch || was.until != l.seen.until) {
			was.since = time.Now()
			l.seen = was
		}
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.epoch, l.lost, l.renewed, l.stop = epoch, false, began, make(chan struct{})
	l.engine.leases.add(l)
	go l.renew(l.stop)
	return true, nil
}

func (l *lease) isTaken() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch != 0
}

// renew renews the lease until it is freed or lost.
func (l *lease) renew(stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(renewAfter):
		}
		if !l.renewOnce() {
			return
		}
	}
}

// renewOnce reports whether the lease may still be renewed. While the server can't be
// reached it may.
func (l *lease) renewOnce() bool {
	began := time.Now()
	var h heldLease
	err := l.engine.leases.ask(func(c *conn) error {
		l.mu.Lock()
		h = heldLease{l.name, l.owner, l.epoch}
		l.mu.Unlock()
		if h.epoch == 0 {
			return nil
		}
		return errors.Join(c.exec("SELECT winnow_renew($1, $2, $3, $4)", h.name, h.owner, h.epoch, leaseFor.Microseconds()), c.flush())
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.epoch != h.epoch: // freed meanwhile, and maybe taken again
	case isCode(err, codeLeaseLost):
		l.lost = true
		return false
	case err == nil:
		l.renewed = began
	}
	return l.epoch != 0
}

// Unlock implements engine.Lock.
func (l *lease) Unlock() error {
	l.engine.leases.freeing.RLock()
	defer l.engine.leases.freeing.RUnlock()
	l.mu.Lock()
	epoch, lost := l.epoch, l.lost
	l.epoch = 0
	if epoch != 0 {
		close(l.stop)
		l.engine.leases.remove(l)
	}
	l.mu.Unlock()
	if epoch == 0 || lost {
		return nil
	}
	return l.engine.leases.run(func(c *conn) error {
		return errors.Join(c.exec("UPDATE leases SET until = 0 WHERE name = $1 AND owner = $2 AND epoch = $3", l.name, l.owner, epoch), c.flush())
	})
}

// Held implements engine.Lock.
func (l *lease) Held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch != 0 && !l.lost && time.Since(l.renewed) < leaseFor
}

// Holder implements engine.Lock.
func (l *lease) Holder() engine.Holder {
	holder, _, _ := l.read()
	return holder
}

// Taken implements engine.Lock.
func (l *lease) Taken() (holder engine.Holder, since time.Time, taken bool) { return l.read() }

func (l *lease) read() (holder engine.Holder, since time.Time, taken bool) {
	err := l.engine.leases.ask(func(c *conn) error {
		r := c.query("SELECT pid, since, until > winnow_now(), host FROM leases WHERE name = $1", l.name)
		if r.Next() {
			holder = engine.Holder{Process: int(r.Int(0)), Host: r.Text(3)}
			since, taken = hygiene.Instant(r.Int(1)).Time(), r.Int(2) != 0
		}
		return r.Close()
	})
	if here, _ := os.Hostname(); holder.Host == here {
		holder.Host = ""
	}
	return holder, since, taken && err == nil
}

// heldLease is a lease as it was when its process took it.
type heldLease struct {
	name, owner string
	epoch       int64
}

// prolong locks the lease's row and prolongs it. It fails if it is another's by now.
func (h heldLease) prolong(c *conn) error {
	return c.exec("SELECT winnow_hold($1, $2, $3, $4)", h.name, h.owner, h.epoch, leaseFor.Microseconds())
}

// fence looks whether the lease is still its process's, and keeps it that until the
// transaction ends.
func (h heldLease) fence(c *conn) error {
	return c.exec("SELECT winnow_fence($1, $2, $3)", h.name, h.owner, h.epoch)
}

// heldLeases are those that a process holds.
type heldLeases []heldLease

func (h heldLeases) prolong(c *conn) error {
	for _, l := range h {
		if err := l.prolong(c); err != nil {
			return err
		}
	}
	return nil
}

func (h heldLeases) fence(c *conn) error {
	for _, l := range h {
		if err := l.fence(c); err != nil {
			return err
		}
	}
	return nil
}

// lost is what an error means by which a lease was lost. If it was one that has been freed
// meanwhile, the transaction has waited for its turn, and can be tried again.
func (h heldLeases) lost(s *leases, err error) error {
	switch {
	case !isCode(err, codeLeaseLost):
		return err
	case !slices.Equal(h, s.held()):
		return errUnused{err}
	}
	return fmt.Errorf("nothing was written: another process has taken over, as this one did not renew its leases for %v: it was stopped, or could not reach PostgreSQL", leaseFor)
}

// leases are those of this process, with the connection that asks about them.
type leases struct {
	engine  *Engine
	handle  handle
	mu      sync.Mutex
	list    []*lease
	freeing sync.RWMutex // read while one is freed, which closing waits for
}

// leaseCommits says that leases are taken and renewed without waiting for a disk or a standby,
// of which the last may be away while all else waits for it. A server that loses the last
// commits has the lease as it was: its holder finds another owner, or none, when it writes.
const leaseCommits = "SET synchronous_commit = off"

// askedFor is how long the server may take to answer who has a lease. Else the connection is
// given up, and there is time to renew a lease by another one.
const askedFor = leaseFor / 4

// ask runs do, which waits for no lock, on the connection.
func (s *leases) ask(do func(*conn) error) error {
	return s.run(func(c *conn) error {
		ctx, cancel := context.WithTimeout(s.engine.ctx, askedFor)
		defer cancel()
		c.ctx = ctx
		return do(c)
	})
}

// run runs do, which is one statement, on the connection.
func (s *leases) run(do func(*conn) error) error {
	return s.handle.use(s.engine, func(c *conn) error {
		err := do(c)
		if err != nil {
			c.rollback()
			if c.pg.IsClosed() {
				return errUnused{fmt.Errorf("%w: %w", errLost, err)} // each of them can be repeated
			}
		}
		return err
	})
}

func (s *leases) add(l *lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, l)
}

func (s *leases) remove(l *lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.list {
		if s.list[i] == l {
			s.list = append(s.list[:i], s.list[i+1:]...)
			return
		}
	}
}

// held are the leases of this process, those too that it has lost and not freed: what it
// writes in the belief that it has them is refused.
func (s *leases) held() (held heldLeases) {
	s.mu.Lock()
	list := append([]*lease(nil), s.list...)
	s.mu.Unlock()
	for _, l := range list {
		l.mu.Lock()
		if l.epoch != 0 {
			held = append(held, heldLease{l.name, l.owner, l.epoch})
		}
		l.mu.Unlock()
	}
	return held
}

// close frees the leases that are still held.
func (s *leases) close() error {
	s.mu.Lock()
	list := append([]*lease(nil), s.list...)
	s.mu.Unlock()
	var err error
	for _, l := range list {
		err = errors.Join(err, l.Unlock())
	}
	s.freeing.Lock()
	defer s.freeing.Unlock()
	return errors.Join(err, s.handle.close())
}
