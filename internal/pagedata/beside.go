package pagedata

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/store"
)

// Passes are passes over the log, or over all contacts, that pages ask for: beside the
// page and not in it, one at a time, so that callbacks and jobs keep the processors. A page
// shows what the latest one found, and how old that is. The pause between two passes of
// one question is a multiple of how long one takes: a page that refreshes all day costs a
// hundredth of one processor, however much there is to count. The zero value is ready.
type Passes struct {
	Patience time.Duration // how long a page waits for a pass that may end soon; 0 for briefly

	mu   sync.Mutex
	turn chan struct{}    // full while one runs
	kept map[string]*pass // the latest of each question, by its name
	keys []string         // of kept, the one asked for least lately first
}

// question is what a pass answers.
type question struct {
	name string // nothing else is asked by this name
	of   int64  // how many contacts there are to look at; 0 for unknown
	// namesPeople is set when the answer may name a person who was forgotten since.
	namesPeople bool
}

// pass is one pass.
type pass struct {
	question
	begun time.Time // when it was asked for
	done  atomic.Int64
	runs  atomic.Bool
	ended chan struct{} // closed when it has ended

	result any
	err    error
	at     time.Time     // when it began to look
	took   time.Duration // from then on
	before *pass         // the latest one before it that found something; nil for none
}

// answer is the latest that a pass found, and when.
type answer[T any] struct {
	Value    T
	At       hygiene.Instant // when the pass began to look; 0 for nothing yet
	Err      error           // of the latest pass
	Running  bool            // a later one is under way
	Counting *view.Counting  // how far that is; nil when none is under way
}

const (
	maxKeptPasses    = 30
	maxUnendedPasses = 8

	briefly      = 10 * time.Millisecond
	passPause    = 100 // between passes of one question, as a multiple of how long one took
	minPassPause = 5 * time.Second

	keptFor       = 24 * time.Hour
	keptForPeople = 15 * time.Minute // an answer that names people
)

// errManyPasses is the error of a pass when so many are waiting that it would come late.
var errManyPasses = errors.New("too much is being counted already; reload the page in a minute")

// ask returns the latest answer to a question: a new one, if a pass may be made and ends
// soon.
func ask[T any](ctx context.Context, p *Passes, q question, find func(context.Context, *ui.Printer) (T, error)) (a answer[T]) {
	latest, err := p.begin(q, func(ctx context.Context, out *ui.Printer) (any, error) { return find(ctx, out) })
	p.await(ctx, latest)
	found := latest
	switch {
	case latest == nil:
		a.Err = err
		return a
	case !latest.hasEnded():
		a.Running, a.Counting = true, latest.counting()
		found = p.foundBefore(latest)
	case latest.err != nil:
		a.Err = latest.err
		found = p.foundBefore(latest)
	}
	if found != nil {
		a.Value, _ = found.result.(T)
		a.At = hygiene.InstantOf(found.at)
	}
	return a
}

// begin begins a pass, unless one of that question is under way or was made a moment ago,
// and returns the latest one. With an error that is an old one, or nil for none.
func (p *Passes) begin(q question, run func(context.Context, *ui.Printer) (any, error)) (*pass, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.kept[q.name]
	if old != nil && (!old.hasEnded() || time.Since(old.at.Add(old.took)) < old.pause()) {
		p.keep(old)
		return old, nil
	}
	unended := 0
	for _, other := range p.kept {
		if !other.hasEnded() {
			unended++
		}
	}
	if unended >= maxUnendedPasses {
		return old, errManyPasses
	}
	began := &pass{question: q, begun: time.Now(), ended: make(chan struct{})}
	if old != nil && old.err == nil {
		began.before, old.before = old, nil
	} else if old != nil {
		began.before = old.before
	}
	p.keep(began)
	go p.run(began, run)
	return began, nil
}

// run makes a pass when it is its turn.
func (p *Passes) run(of *pass, run func(context.Context, *ui.Printer) (any, error)) {
	defer close(of.ended)
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	of.runs.Store(true)
	of.at = time.Now()
	out := ui.NewPrinter(io.Discard, io.Discard, false)
	out.Watch = of.done.Store
	// The request that began it may end before it. Closing the store ends it.
	of.result, of.err = run(store.Gently(context.Background()), out)
	of.took = time.Since(of.at)
	time.AfterFunc(of.keptFor(), func() { p.drop(of) })
}

// await waits for the end of a pass as long as a page may.
func (p *Passes) await(ctx context.Context, of *pass) {
	if of == nil {
		return
	}
	patience := time.NewTimer(max(p.Patience, briefly))
	defer patience.Stop()
	select {
	case <-of.ended:
	case <-patience.C:
	case <-ctx.Done():
	}
}

// pause is how long after its end the next one of its question may begin.
func (of *pass) pause() time.Duration {
	pause := max(minPassPause, passPause*of.took)
	if of.namesPeople {
		pause = min(pause, keptForPeople/2)
	}
	return pause
}

func (of *pass) keptFor() time.Duration {
	if of.namesPeople {
		return keptForPeople
	}
	return keptFor
}

// keep keeps a pass as the latest of its question, in place of the one asked for least
// lately if there are too many.
func (p *Passes) keep(latest *pass) {
	if p.kept == nil {
		p.kept, p.turn = map[string]*pass{}, make(chan struct{}, 1)
	}
	p.keys = append(slices.DeleteFunc(p.keys, func(k string) bool { return k == latest.name }), latest.name)
	p.kept[latest.name] = latest
	for i := 0; len(p.keys) > maxKeptPasses && i < len(p.keys); i++ {
		if old := p.keys[i]; p.kept[old].hasEnded() {
			delete(p.kept, old)
			p.keys = slices.Delete(p.keys, i, i+1)
			i--
		}
	}
}

// drop forgets what a pass found.
func (p *Passes) drop(old *pass) {
	p.mu.Lock()
	latest := p.kept[old.name]
	if latest != nil && latest.before == old {
		latest.before = nil
	}
	p.mu.Unlock()
	if latest == old {
		p.forget(old.name)
	}
}

// get returns the latest pass of that name; nil for none.
func (p *Passes) get(name string) *pass {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept[name]
}

// foundBefore is the latest one before it that found something; nil for none.
func (p *Passes) foundBefore(of *pass) *pass {
	p.mu.Lock()
	defer p.mu.Unlock()
	return of.before
}

// forget forgets the answer to a question: it is not what it was.
func (p *Passes) forget(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.kept[name]; old != nil && old.hasEnded() {
		delete(p.kept, name)
		p.keys = slices.DeleteFunc(p.keys, func(k string) bool { return k == name })
	}
}

func (of *pass) hasEnded() bool {
	select {
	case <-of.ended:
		return true
	default:
		return false
	}
}

// counting is how far the pass is; nil when it has ended.
func (of *pass) counting() *view.Counting {
	if of.hasEnded() {
		return nil
	}
	return &view.Counting{Waiting: !of.runs.Load(), Done: of.done.Load(), Of: of.of, Begun: hygiene.InstantOf(of.begun)}
}
