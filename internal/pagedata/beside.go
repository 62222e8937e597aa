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

// Passes are passes over all contacts that pages ask for: beside the page, one at a time,
// with one reader, so that callbacks and jobs keep the processors. What they found is kept
// for a while, also for a page that was closed meanwhile. The zero value is ready.
type Passes struct {
	turn sync.Mutex // held while one runs

	mu   sync.Mutex
	kept map[string]*pass
	keys []string // of kept, the oldest first
}

// pass is one pass.
type pass struct {
	of    int64
	begun time.Time // when it was asked for
	done  atomic.Int64
	runs  atomic.Bool
	ended chan struct{} // closed when it has ended

	result any
	err    error
	at     time.Time // when it ended
	took   time.Duration
	before *pass // the last one of its key that found something; nil for none
}

const (
	maxKeptPasses    = 20
	maxUnendedPasses = 5
	maxWaitForPass   = time.Second      // how long a page waits for the pass that it asked for
	passPause        = 20               // before it is made again, as a multiple of how long it took
	keptFor          = 15 * time.Minute // what it found, which may name a person who was forgotten
)

// errManyPasses is the error of a pass when so many are waiting that it would come late.
var errManyPasses = errors.New("too much is being counted already; reload the page in a minute")

// find returns the pass of that key, if there is one that is not older than fresh, or begins
// it. It waits a moment for the end.
func (p *Passes) find(ctx context.Context, key string, of int64, fresh time.Duration, run func(context.Context, *ui.Printer) (any, error)) (*pass, error) {
	found, err := p.begin(key, of, fresh, run)
	if err != nil {
		return nil, err
	}
	timeout := time.NewTimer(maxWaitForPass)
	defer timeout.Stop()
	select {
	case <-found.ended:
	case <-timeout.C:
	case <-ctx.Done():
	}
	return found, nil
}

func (p *Passes) begin(key string, of int64, fresh time.Duration, run func(context.Context, *ui.Printer) (any, error)) (*pass, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.kept[key]; old != nil && (!old.hasEnded() || time.Since(old.at) < max(fresh, min(passPause*old.took, keptFor/2))) {
		return old, nil
	}
	unended := 0
	for _, other := range p.kept {
		if !other.hasEnded() {
			unended++
		}
	}
	if unended >= maxUnendedPasses {
		return nil, errManyPasses
	}
	began := &pass{of: of, begun: time.Now(), ended: make(chan struct{})}
	if old := p.kept[key]; old != nil && old.err == nil {
		began.before, old.before = old, nil
	} else if old != nil {
		began.before = old.before
	}
	p.keep(key, began)
	go func() {
		defer close(began.ended)
		p.turn.Lock()
		defer p.turn.Unlock()
		began.runs.Store(true)
		start := time.Now()
		out := ui.NewPrinter(io.Discard, io.Discard, false)
		out.Watch = began.done.Store
		// The request that began it may end before it. Closing the store ends it.
		began.result, began.err = run(store.Gently(context.Background()), out)
		began.at = time.Now()
		began.took = began.at.Sub(start)
		time.AfterFunc(keptFor, func() { p.drop(key, began) })
	}()
	return began, nil
}

// keep keeps a pass, in place of the one that ended first if there are too many.
func (p *Passes) keep(key string, began *pass) {
	if p.kept == nil {
		p.kept = map[string]*pass{}
	}
	p.keys = append(slices.DeleteFunc(p.keys, func(k string) bool { return k == key }), key)
	p.kept[key] = began
	for i := 0; len(p.keys) > maxKeptPasses && i < len(p.keys); i++ {
		if old := p.keys[i]; p.kept[old].hasEnded() {
			delete(p.kept, old)
			p.keys = slices.Delete(p.keys, i, i+1)
			i--
		}
	}
}

// drop forgets a pass, unless another one took its place.
func (p *Passes) drop(key string, old *pass) {
	p.mu.Lock()
	kept := p.kept[key]
	if kept != nil && kept.hasEnded() && kept.before == old {
		kept.before = nil
	}
	p.mu.Unlock()
	if kept == old {
		p.forget(key)
	}
}

// get returns the pass of that key; nil for none.
func (p *Passes) get(key string) *pass {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept[key]
}

func (p *Passes) forget(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.kept[key]; old != nil && old.hasEnded() {
		delete(p.kept, key)
		p.keys = slices.DeleteFunc(p.keys, func(k string) bool { return k == key })
	}
}

func (p *pass) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// counting is how far the pass is; nil when it has ended.
func (p *pass) counting() *view.Counting {
	if p.hasEnded() {
		return nil
	}
	return &view.Counting{Waiting: !p.runs.Load(), Done: p.done.Load(), Of: p.of, Begun: hygiene.InstantOf(p.begun)}
}
