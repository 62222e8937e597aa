package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

// appender is the one writer of the log in this process. What several callers
// append while a commit is under way is committed together next, so that they
// share its fsync.
type appender struct {
	engine engine.Engine

	mu      sync.Mutex
	waiting []*pending
	closed  bool
	callers int // in circulation, see circulate
	// committed is when the latest commit succeeded; zero after one that failed.
	committed time.Time
	// blocked is since when no commit succeeded because of another process; zero if
	// the latest commit had no such trouble.
	blocked time.Time
	queued  chan struct{} // has a token when something waits
	full    chan struct{} // has a token when waiting has reached target
	target  int           // how many callers the writer waits for; 0 when it does not wait
	done    chan struct{}
}

// pending is what one caller appends.
type pending struct {
	events   []hygiene.Event
	bad      []hygiene.Unreadable
	retried  []int64                // ids of bodies in quarantine that are among events and bad
	outcomes []engine.OutcomeUpdate // for stored events
	weight   int                    // of the rows of outcomes, in bytes
	erased   []engine.Erasure       // of stored events
	probe    bool                   // only whether the log can be written
	err      error
	ready    chan struct{} // closed when err is known
}

func (p *pending) rows() int {
	return len(p.events) + len(p.bad) + len(p.retried) + len(p.outcomes) + len(p.erased)
}

// Under load the writer waits up to this long for those it has just answered to send
// the next: a larger commit makes the whole faster. It stops waiting once gatherShare
// of them are there, as the last ones come late. One commit takes at most maxCommit
// rows, so that no caller waits long behind an import.
const (
	gatherFor   = 2 * time.Millisecond
	gatherShare = 0.75
	maxCommit   = 8192
)

// Quarantine is bounded: beyond this, the oldest bodies are deleted.
const quarantineRows = 100_000

var quarantineBytes int64 = 256 << 20 // tests fill less

func startAppender(e engine.Engine) *appender {
	a := &appender{engine: e, queued: make(chan struct{}, 1), full: make(chan struct{}, 1), done: make(chan struct{})}
	go a.run()
	return a
}

// ErrBusy is the error of an append for which another process kept the log too long.
// Nothing was stored.
var ErrBusy = engine.ErrBusy

// Append returns once the events and the unreadable bodies are on disk, all of
// them or none. It is safe for use by many goroutines. After an error it is
// unknown whether they were stored; ctx ends the waiting, not the storing. An
// event with U+0000 in a text is quarantined: not every database can store it.
func (s *Store) Append(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable) error {
	return s.AppendRetried(ctx, events, bad, nil)
}

// AppendRetried is Append of what became of bodies in quarantine, when they were read
// again: the bodies of these ids leave the quarantine in the same commit.
func (s *Store) AppendRetried(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable, ids []int64) error {
	if len(events) == 0 && len(bad) == 0 && len(ids) == 0 {
		return nil
	}
	if slices.ContainsFunc(events, hasNUL) {
		readable := make([]hygiene.Event, 0, len(events))
		bad = slices.Clone(bad)
		for _, e := range events {
			if hasNUL(e) {
				bad = append(bad, hygiene.Unreadable{ReceivedAt: e.ReceivedAt, Source: e.Source, Why: "a text of the event contains U+0000", Body: e.Body})
			} else {
				readable = append(readable, e)
			}
		}
		events = readable
	}
	return s.appender.commitAndWait(ctx, &pending{events: events, bad: bad, retried: ids})
}

// hasNUL reports whether a text of the event contains U+0000.
func hasNUL(e hygiene.Event) bool {
	return strings.IndexByte(e.MessageID, 0) >= 0 || strings.IndexByte(e.Name, 0) >= 0 || strings.IndexByte(e.Code, 0) >= 0 || strings.IndexByte(e.Contact, 0) >= 0
}

// commitAndWait queues p for the next commit and waits for it.
func (a *appender) commitAndWait(ctx context.Context, p *pending) error {
	p.ready = make(chan struct{})
	if !a.enqueue(p) {
		return engine.ErrClosed
	}
	select {
	case <-p.ready:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enqueue queues p for the next commit; false when there will be none.
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
	signal(a.queued)
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
	for {
		<-a.queued
		a.gather()
		batch, closed := a.dequeue()
		if len(batch) > 0 {
			a.commit(batch)
			signal(a.queued)
		} else if closed {
			return
		}
	}
}

// circulate updates how many callers append again and again: at the end of a commit,
// those that it answers and those that wait already. Fewer are believed slowly, since a
// batch is small when most callers are late. The caller holds the lock.
func (a *appender) circulate(answered int) {
	now := answered + len(a.waiting)
	a.callers = max(now, a.callers-(a.callers-now+7)/8)
}

// gather waits until most callers in circulation wait, for gatherFor at most.
func (a *appender) gather() {
	a.mu.Lock()
	target := int(math.Ceil(gatherShare * float64(a.callers)))
	if len(a.waiting) >= target || len(a.waiting) == 0 || a.closed {
		a.mu.Unlock()
		return
	}
	a.target = target
	select {
	case <-a.full:
	default:
	}
	a.mu.Unlock()
	t := time.NewTimer(gatherFor)
	select {
	case <-a.full:
	case <-t.C:
	}
	t.Stop()
	a.mu.Lock()
	a.target = 0
	a.mu.Unlock()
}

// dequeue takes what waits, up to what one commit takes.
func (a *appender) dequeue() (batch []*pending, closed bool) {
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

// commit writes a batch in one transaction and answers all its callers.
func (a *appender) commit(batch []*pending) {
	err := a.engine.WriteLog(func(w engine.LogWriter) error { return write(w, batch) })
	a.note(len(batch), err)
	if errors.Is(err, engine.ErrBusy) {
		err = nameHolder(a.engine, err)
	}
	for _, p := range batch {
		p.err = err
		close(p.ready)
	}
}

// note remembers how a commit ended, and how many callers it answers.
func (a *appender) note(answered int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.circulate(answered)
	now := time.Now()
	if a.committed = now; err != nil {
		a.committed = time.Time{}
	}
	switch {
	case !errors.Is(err, engine.ErrBusy):
		a.blocked = time.Time{}
	case a.blocked.IsZero():
		a.blocked = now
	}
}

// nameHolder adds to an error who is in the way, and what to do.
func nameHolder(e engine.Engine, err error) error {
	process, since, found := logHolder(e)
	if !found || process == 0 {
		return err
	}
	return fmt.Errorf("%w: process %d has been writing to it since %s; if it is suspended, kill -CONT %d resumes it", err, process, since.UTC().Format(time.RFC3339), process)
}

// LogBlocked is for how long another process has kept this one from appending to
// the log; 0 if it does not.
func (s *Store) LogBlocked() time.Duration {
	s.appender.mu.Lock()
	defer s.appender.mu.Unlock()
	if s.appender.blocked.IsZero() {
		return 0
	}
	return time.Since(s.appender.blocked)
}

func write(w engine.LogWriter, batch []*pending) error {
	var events [][]hygiene.Event
	var bad []hygiene.Unreadable
	var outcomes []engine.OutcomeUpdate
	var erased []engine.Erasure
	var retried []int64
	weight, probe := 0, false
	for _, p := range batch {
		events = append(events, p.events)
		bad, retried = append(bad, p.bad...), append(retried, p.retried...)
		outcomes, weight = append(outcomes, p.outcomes...), weight+p.weight
		erased = append(erased, p.erased...)
		probe = probe || p.probe
	}
	if err := w.AppendEvents(events); err != nil {
		return err
	}
	if len(outcomes) > 0 {
		if err := w.SetOutcomes(outcomes, weight); err != nil {
			return err
		}
	}
	if err := w.EraseEvents(erased); err != nil {
		return err
	}
	if err := w.Unquarantine(retried); err != nil {
		return err
	}
	if len(bad) > 0 {
		if err := w.Quarantine(bad, quarantineRows, quarantineBytes); err != nil {
			return err
		}
	}
	if probe {
		return w.Probe(hygiene.InstantOf(time.Now()))
	}
	return nil
}

// close commits what waits. Closing it again does nothing.
func (a *appender) close() error {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	signal(a.queued)
	<-a.done
	return nil
}
