// Package appender is the one way in which a process writes to the log while callbacks
// come in: what several callers append while a commit is under way is committed together
// next, so that they share its fsync.
//
// Each process that appends has a name of its own in the log, new and random, from its
// first commit on: its lines are never taken for those that a log had which was
// replaced by an older copy (see [winnow/store/lines]).
//
// Where to change what: what one commit writes is decided in write; how long it waits for
// more, in gather.
package appender

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Appender is the one writer of the log in this process. What several callers
// append while a commit is under way is committed together next, so that they
// share its fsync.
type Appender struct {
	engine  engine.Engine
	explain func(error) error
	name    string // of this process in the log
	named   bool   // the log has it; of the goroutine that commits

	mu      sync.Mutex
	waiting []*Batch
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

// Batch is what one caller appends.
type Batch struct {
	Events   []hygiene.Event
	Bad      []hygiene.Unreadable
	Retried  []int64                // ids of bodies in quarantine that are among events and bad
	Outcomes []engine.OutcomeUpdate // for stored events
	Weight   int                    // of the rows of outcomes, in bytes
	Erased   []engine.Erasure       // of stored events
	// Pulled is how far other hosts' logs were pulled with these events and bodies; if they
	// have been meanwhile, nothing of the batch is written, and the error is [ErrPulled].
	Pulled []engine.Pulled
	probe  bool // only whether the log can be written
	passed bool // somebody else has pulled the lines
	err    error
	ready  chan struct{} // closed when err is known
}

func (p *Batch) rows() int {
	return len(p.Events) + len(p.Bad) + len(p.Retried) + len(p.Outcomes) + len(p.Erased)
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

// quarantineRows bounds the quarantine: beyond it, the oldest bodies are deleted.
const quarantineRows = 100_000

// QuarantineBytes bounds the quarantine, too. Tests fill less.
var QuarantineBytes int64 = 256 << 20

// ErrPulled is the error of a batch of lines that somebody else has pulled.
var ErrPulled = errors.New("another process has pulled these lines")

// Start starts the appender of an engine. explain says more of an error that another
// process caused.
func Start(e engine.Engine, explain func(error) error) *Appender {
	a := &Appender{engine: e, explain: explain, name: rand.Text(), queued: make(chan struct{}, 1), full: make(chan struct{}, 1), done: make(chan struct{})}
	go a.run()
	return a
}

// Commit queues p for the next commit and waits for it.
func (a *Appender) Commit(ctx context.Context, p *Batch) error {
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
func (a *Appender) enqueue(p *Batch) bool {
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
func (a *Appender) run() {
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
func (a *Appender) circulate(answered int) {
	now := answered + len(a.waiting)
	a.callers = max(now, a.callers-(a.callers-now+7)/8)
}

// gather waits until most callers in circulation wait, for gatherFor at most.
func (a *Appender) gather() {
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
func (a *Appender) dequeue() (batch []*Batch, closed bool) {
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
func (a *Appender) commit(batch []*Batch) {
	names := false
	err := a.engine.WriteLog(func(w engine.LogWriter) (err error) {
		names, err = a.write(w, batch)
		return err
	})
	a.note(len(batch), err)
	a.named = a.named || err == nil && names
	if errors.Is(err, engine.ErrBusy) {
		err = a.explain(err)
	}
	for _, p := range batch {
		if p.err = err; err == nil && p.passed {
			p.err = ErrPulled
		}
		close(p.ready)
	}
}

// note remembers how a commit ended, and how many callers it answers.
func (a *Appender) note(answered int, err error) {
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

// write writes a batch. It reports whether the log has the name of this process now.
func (a *Appender) write(w engine.LogWriter, batch []*Batch) (named bool, err error) {
	var events [][]hygiene.Event
	var bad []hygiene.Unreadable
	var outcomes []engine.OutcomeUpdate
	var erased []engine.Erasure
	var retried []int64
	weight, probe, appends := 0, false, false
	for _, p := range batch {
		if p.passed, err = passed(w, p.Pulled); err != nil {
			return false, err
		}
		if p.passed {
			continue
		}
		events, appends = append(events, p.Events), appends || len(p.Events)+len(p.Bad) > 0
		bad, retried = append(bad, p.Bad...), append(retried, p.Retried...)
		outcomes, weight = append(outcomes, p.Outcomes...), weight+p.Weight
		erased = append(erased, p.Erased...)
		probe = probe || p.probe
	}
	if appends && !a.named {
		if err := w.BeginWriter(a.name); err != nil {
			return false, err
		}
	}
	if err := w.AppendEvents(events); err != nil {
		return false, err
	}
	if len(outcomes) > 0 {
		if err := w.SetOutcomes(outcomes, weight); err != nil {
			return false, err
		}
	}
	if err := w.EraseEvents(erased); err != nil {
		return false, err
	}
	if err := w.Unquarantine(retried); err != nil {
		return false, err
	}
	if len(bad) > 0 {
		if err := w.Quarantine(bad, quarantineRows, QuarantineBytes); err != nil {
			return false, err
		}
	}
	if probe {
		return appends, w.Probe(hygiene.InstantOf(time.Now()))
	}
	return appends, nil
}

// passed notes how far logs were pulled, or reports that somebody else has pulled them.
func passed(w engine.LogWriter, pulled []engine.Pulled) (bool, error) {
	for i := range pulled {
		if ok, err := w.Pull(&pulled[i]); err != nil || !ok {
			return true, err
		}
	}
	return false, nil
}

// healthyFor is how long a commit proves that the log can be written.
const healthyFor = 2 * time.Second

// Healthy returns an error when the log can't be written now. The proof is the latest
// commit or, when that was some time ago, a new one that writes nothing but the present
// time.
func (a *Appender) Healthy() error {
	a.mu.Lock()
	recent := a.committed.Add(healthyFor).After(time.Now())
	a.mu.Unlock()
	if recent {
		return nil
	}
	p := &Batch{probe: true, ready: make(chan struct{})}
	if !a.enqueue(p) {
		return engine.ErrClosed
	}
	select {
	case <-p.ready:
		return p.err
	case <-time.After(10 * time.Second):
		return errors.New("the log has not been written for ten seconds")
	}
}

// Blocked is for how long another process has kept this one from appending; 0 if it does
// not.
func (a *Appender) Blocked() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.blocked.IsZero() {
		return 0
	}
	return time.Since(a.blocked)
}

// Close commits what waits. Closing it again does nothing.
func (a *Appender) Close() error {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	signal(a.queued)
	<-a.done
	return nil
}
