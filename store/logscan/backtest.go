package logscan

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"winnow/hygiene"
	"winnow/hygiene/forecast"
	"winnow/store/engine"
)

// BacktestOptions are what a backtest needs to know, beside the policies.
type BacktestOptions struct {
	// Events received later than Until are left out. Those from Since on count as
	// events of the span.
	Since, Until hygiene.Instant
	// Sorted is called with how many events have been read and sorted, then Judged
	// with how many have been judged; it may be nil.
	Sorted, Judged func(events int64)

	run int64 // events in a run; 0 for as many as the engine finds good
}

// BacktestResult is what a backtest went over.
type BacktestResult struct {
	Events    int64           // since o.Since, of known contacts
	Earlier   int64           // the others of known contacts: replayed as well
	Contacts  int64           // replayed
	Unmatched int64           // events whose contact is not known: left out
	First     hygiene.Instant // time of the earliest event replayed; 0 for none
	Bytes     int64           // of the scratch file
}

// Backtest replays the log to all tests together, contact by contact, each
// contact's events in order of time. Until it ends it takes about 100 bytes for
// each event in the folder.
func Backtest(ctx context.Context, e engine.Engine, folder string, o BacktestOptions, tests ...*forecast.Backtest) (did BacktestResult, err error) {
	log, err := e.SortLog(ctx, engine.SortOptions{Folder: folder, Until: o.Until, Sorted: o.Sorted, RunEvents: o.run})
	if err != nil {
		return did, err
	}
	did.Bytes = log.ScratchBytes()
	r := &pageReader{engine: e, log: log, o: &o, did: &did}
	err = r.replay(ctx, tests)
	return did, errors.Join(err, log.Close())
}

// page is some events in order. All tests read it, then it is filled again.
type page struct {
	events     []hygiene.Event
	first      []int                // places of the events that are not of the contact before
	attributes []hygiene.Attributes // of their contacts, at the same places as the events
	readers    atomic.Int32         // who still needs it
}

const (
	pageEvents = 1024
	pages      = 4 // that go round
)

func (p *page) release(empty chan<- *page) {
	if p.readers.Add(-1) == 0 {
		empty <- p
	}
}

// pageReader fills pages with the events of known contacts.
type pageReader struct {
	engine engine.Engine
	log    engine.SortedLog
	o      *BacktestOptions
	did    *BacktestResult
	last   string // contact of the event read last
}

// replay reads the log; each test judges what is read in a goroutine of its own.
// The contacts can't be shared among goroutines instead: a single contact may have
// more events than memory holds.
func (r *pageReader) replay(ctx context.Context, tests []*forecast.Backtest) error {
	empty := make(chan *page, pages)
	for range pages {
		empty <- &page{attributes: make([]hygiene.Attributes, pageEvents)}
	}
	followers := make([]*follower, len(tests))
	var judging sync.WaitGroup
	for i, t := range tests {
		followers[i] = &follower{filled: make(chan *page, pages), empty: empty}
		judging.Go(func() { followers[i].follow(t) })
	}
	err := r.readPages(ctx, empty, followers)
	for _, f := range followers {
		close(f.filled)
	}
	judging.Wait()
	return err
}

// readPages gives each page to all followers, up to the last.
func (r *pageReader) readPages(ctx context.Context, empty chan *page, followers []*follower) error {
	for p := range empty {
		if err := errors.Join(ctx.Err(), r.fill(p)); err != nil || len(p.events) == 0 {
			return err
		}
		if err := r.readAttributes(p); err != nil {
			return err
		}
		p.readers.Store(int32(len(followers) + 1))
		for _, f := range followers {
			f.filled <- p
		}
		p.release(empty)
		if r.o.Judged != nil {
			r.o.Judged(r.did.Events + r.did.Earlier)
		}
	}
	return nil
}

// fill reads the next events onto the page; none at the end.
func (r *pageReader) fill(p *page) error {
	p.events, p.first = p.events[:0], p.first[:0]
	for len(p.events) < pageEvents {
		var e hygiene.Event
		ok, err := r.log.Next(&e)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if e.Contact == "" {
			r.did.Unmatched++
			continue
		}
		r.did.count(&e, r.o)
		if e.Contact != r.last {
			r.last = e.Contact
			p.first = append(p.first, len(p.events))
		}
		p.events = append(p.events, e)
	}
	r.did.Contacts += int64(len(p.first))
	return nil
}

func (d *BacktestResult) count(e *hygiene.Event, o *BacktestOptions) {
	if e.At >= o.Since {
		d.Events++
	} else {
		d.Earlier++
	}
	if d.First == 0 || e.At < d.First {
		d.First = e.At
	}
}

// readAttributes reads the attributes of the contacts that begin on the page, as
// they are now.
func (r *pageReader) readAttributes(p *page) error {
	keys := make([]string, len(p.first))
	for i, n := range p.first {
		keys[i] = p.events[n].Contact
		p.attributes[n] = nil
	}
	return r.engine.Read(func(c engine.Reader) error {
		return c.FindContacts(keys, true, func(i int, stored *engine.Contact) (err error) {
			if stored.Attributes == nil {
				return nil
			}
			if p.attributes[p.first[i]], err = hygiene.UnpackAttributes(stored.Attributes); err != nil {
				return fmt.Errorf("read attributes of contact %d: %w", stored.ID, err)
			}
			return nil
		})
	})
}

// follower reads the pages for one test.
type follower struct {
	filled chan *page // closed after the last
	empty  chan<- *page
	page   *page // being read; nil before the first and after the last
	next   int   // event on it
}

func (f *follower) follow(t *forecast.Backtest) {
	for e := f.peek(); e != nil; e = f.peek() {
		key := e.Contact
		t.Replay(key, f.page.attributes[f.next], f.eventsOf(key))
		for range f.eventsOf(key) { // what the test did not read
		}
	}
}

// eventsOf is the events of the contact that are still to come.
func (f *follower) eventsOf(key string) iter.Seq[*hygiene.Event] {
	return func(yield func(*hygiene.Event) bool) {
		for e := f.peek(); e != nil && e.Contact == key; e = f.peek() {
			f.next++
			if !yield(e) {
				return
			}
		}
	}
}

// peek is the next event, nil after the last. It holds until the next peek.
func (f *follower) peek() *hygiene.Event {
	for f.page == nil || f.next == len(f.page.events) {
		if f.page != nil {
			f.page.release(f.empty)
		}
		if f.page, f.next = <-f.filled, 0; f.page == nil {
			return nil
		}
	}
	return &f.page.events[f.next]
}
