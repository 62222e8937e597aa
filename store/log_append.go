package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"winnow/hygiene"
)

// appender is the one writer of the log. Whoever appends waits; what waits is
// committed together, so that a commit's fsync is shared by all that came
// while the one before was under way.
type appender struct {
	c       *conn
	behind  *checkpointer
	commits *sync.Mutex // held while a commit is under way
	bytes   int         // appended since the checkpointer was woken

	mu      sync.Mutex
	waiting []*pending
	started bool
	closed  bool
	// committed is when the latest commit went well; zero when it did not.
	committed time.Time
	wake      chan struct{} // has a token when something waits
	full      chan struct{} // has a token when waiting has reached what the writer gathers for
	target    int           // what the writer gathers for; 0 when it does not
	done      chan struct{}
}

// pending is what one caller appends.
type pending struct {
	events []hygiene.Event
	bad    []hygiene.Unreadable
	probe  bool // only asks whether the log can be written
	anew   []rewording
	weight int // of the rows that anew rewrites, in bytes
	err    error
	ready  chan struct{}
}

func (p *pending) rows() int { return len(p.events) + len(p.bad) + len(p.anew) }

// Under load the writer waits this long for those it has just answered to come
// again: a larger commit makes the whole faster. Two milliseconds rather than
// one: at 256 connections a commit then serves so many more that the median
// answer comes sooner (8.6 ms, not 9.8), and 0.78 of the requests of a daemon
// that stores nothing are answered, not 0.74; with four it is 0.67. One commit
// takes at most maxCommit rows, so that no caller waits long behind an import.
const (
	gather    = 2 * time.Millisecond
	crowd     = 32 // callers
	maxCommit = 8192
)

// Quarantine is bounded: more rows or bytes than this, and the oldest go.
const (
	quarantineRows  = 100_000
	quarantineBytes = 256 << 20
)

var errClosed = errors.New("the store is closing")

func newAppender(c *conn, behind *checkpointer, commits *sync.Mutex) *appender {
	return &appender{c: c, behind: behind, commits: commits, wake: make(chan struct{}, 1), full: make(chan struct{}, 1), done: make(chan struct{})}
}

func (a *appender) start() {
	a.started = true
	go a.run()
	go a.behind.run()
}

// Append returns once the events and the unreadable bodies are on disk, all of
// them or none. It is safe for use by many. An error says that it is unknown
// whether they were stored; ctx ends the waiting, not the storing.
func (s *Store) Append(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable) error {
	return s.appender.append(ctx, events, bad)
}

func (a *appender) append(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable) error {
	if len(events) == 0 && len(bad) == 0 {
		return nil
	}
	return a.wait(ctx, &pending{events: events, bad: bad})
}

// wait lets p wait for the next commit, and for it to be done.
func (a *appender) wait(ctx context.Context, p *pending) error {
	p.ready = make(chan struct{})
	if !a.enqueue(p) {
		return errClosed
	}
	select {
	case <-p.ready:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enqueue lets p wait for the next commit; false when there will be none.
func (a *appender) enqueue(p *pending) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	a.waiting = append(a.waiting, p)
	if a.target > 0 && len(a.waiting) >= a.target {
		signal(a.full)
	}
	signal(a.wake)
	return true
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run commits what waits until the appender is closed and nothing waits.
func (a *appender) run() {
	defer close(a.done)
	last := 0 // callers in the commit before
	for {
		<-a.wake
		a.gather(last)
		batch, closed := a.take()
		last = len(batch)
		if last > 0 {
			a.commit(batch)
			signal(a.wake)
		} else if closed {
			return
		}
	}
}

// gather waits for more callers when several came together last time: until as
// many have come again, or, when they were a crowd, the whole moment. Each of a
// crowd is on its way at another time, and a larger commit serves more of them.
func (a *appender) gather(last int) {
	if last < 2 {
		return
	}
	if last >= crowd {
		time.Sleep(gather)
		return
	}
	a.mu.Lock()
	if len(a.waiting) >= last || len(a.waiting) == 0 || a.closed {
		a.mu.Unlock()
		return
	}
	a.target = last
	select {
	case <-a.full:
	default:
	}
	a.mu.Unlock()
	t := time.NewTimer(gather)
	select {
	case <-a.full:
	case <-t.C:
	}
	t.Stop()
	a.mu.Lock()
	a.target = 0
	a.mu.Unlock()
}

// take takes what waits, up to what one commit takes.
func (a *appender) take() (batch []*pending, closed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, rows := 0, 0
	for n < len(a.waiting) && (n == 0 || rows+a.waiting[n].rows() <= maxCommit) {
		rows += a.waiting[n].rows()
		n++
	}
	batch, a.waiting = a.waiting[:n:n], a.waiting[n:]
	if len(a.waiting) == 0 {
		a.waiting = nil
	}
	return batch, a.closed
}

// commit writes a batch in one transaction and answers everyone in it.
func (a *appender) commit(batch []*pending) {
	a.commits.Lock()
	err := a.c.within(func() error {
		quarantined := false
		for _, p := range batch {
			if err := a.insert(p); err != nil {
				return err
			}
			quarantined = quarantined || len(p.bad) > 0
		}
		if quarantined {
			return a.prune()
		}
		return nil
	})
	a.commits.Unlock()
	a.mu.Lock()
	if a.committed = time.Now(); err != nil {
		a.committed = time.Time{}
	}
	a.mu.Unlock()
	for _, p := range batch {
		p.err = err
		close(p.ready)
	}
	if a.bytes > checkpointBytes {
		a.bytes = 0
		signal(a.behind.wake)
	}
}

func (a *appender) insert(p *pending) error {
	if p.probe {
		return a.writeProbe()
	}
	for i := range p.events {
		e := &p.events[i]
		a.bytes += len(e.Body) + eventWeight
		var at any
		if e.At != e.ReceivedAt {
			at = int64(e.At)
		}
		if err := a.c.exec(`INSERT INTO events (received_at, at, source, message_id, event, code, outcome, contact, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			int64(e.ReceivedAt), at, e.Source, e.MessageID, e.Name, e.Code, e.Outcome.String(), e.Contact, e.Body); err != nil {
			return fmt.Errorf("append events: %w", err)
		}
	}
	if err := a.reword(p); err != nil {
		return err
	}
	for i := range p.bad {
		if err := a.quarantine(&p.bad[i]); err != nil {
			return fmt.Errorf("quarantine: %w", err)
		}
	}
	return nil
}

func (a *appender) quarantine(u *hygiene.Unreadable) error {
	body := u.Body
	if body == nil {
		body = []byte{}
	}
	return a.c.exec(`INSERT INTO quarantine (received_at, source, why, body, total)
		VALUES (?, ?, ?, ?, ? + coalesce((SELECT total FROM quarantine ORDER BY id DESC LIMIT 1), 0))`,
		int64(u.ReceivedAt), u.Source, u.Why, body, len(body))
}

// prune lets the oldest in quarantine go, when it has more than it may.
func (a *appender) prune() error {
	if err := a.c.exec(`DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?`, quarantineRows); err != nil {
		return err
	}
	return a.c.exec(`DELETE FROM quarantine WHERE id < (SELECT id FROM quarantine
		WHERE total > (SELECT total FROM quarantine ORDER BY id DESC LIMIT 1) - ? ORDER BY id LIMIT 1)`, quarantineBytes)
}

// close commits what waits and closes the log's writing connection. Closing it
// again does nothing.
func (a *appender) close() error {
	a.mu.Lock()
	wait, again := a.started, a.closed
	a.closed = true
	a.mu.Unlock()
	switch {
	case again:
		return nil
	case !wait:
		return errors.Join(a.c.close(), a.behind.c.close())
	}
	signal(a.wake)
	<-a.done
	return errors.Join(a.behind.close(), a.c.close())
}
