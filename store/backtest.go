package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"winnow/hygiene"
	"winnow/store/engine"
)

// BacktestOptions are what a backtest needs to know, beside the policies.
type BacktestOptions struct {
	// Until is the time by which an event was received, else it is left out.
	// From Since on, events are counted as those of the span.
	Since, Until hygiene.Instant
	// Sorted is told how many events have been read and sorted, then Judged how
	// many have been judged; nil for nobody.
	Sorted, Judged func(events int64)

	run int64 // events in a run; 0 for as many as make runBytes
}

// Backtested is what a backtest went over.
type Backtested struct {
	Events    int64           // since o.Since, of known contacts
	Earlier   int64           // the others of known contacts: replayed as well
	Contacts  int64           // replayed
	Unmatched int64           // events whose contact is not known: left out
	First     hygiene.Instant // time of the earliest event replayed; 0 for none
	Bytes     int64           // that the temporary file took
}

// Backtest replays the log to all tests at once, contact by contact, each
// contact's events in order of time. Until it ends it takes about 100 bytes for
// each event, in the folder that the variable TMPDIR names, or beside the store.
func (s *Store) Backtest(ctx context.Context, o BacktestOptions, tests ...*hygiene.Backtest) (did Backtested, err error) {
	log, err := s.engine.SortLog(ctx, engine.SortOptions{Folder: s.scratchFolder(), Until: o.Until, Sorted: o.Sorted, RunEvents: o.run})
	if err != nil {
		return did, err
	}
	did.Bytes = log.ScratchBytes()
	err = s.replay(ctx, log, &o, tests, &did)
	return did, errors.Join(err, log.Close())
}

// page is some events in order. All tests read it, then it is filled again.
type page struct {
	events     []hygiene.Event
	fresh      []int                // the events that are not of the contact before
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

// replay reads the runs; each test judges what is read in a goroutine of its
// own. To part the contacts among goroutines would not do: a single contact may
// have more events than memory holds.
func (s *Store) replay(ctx context.Context, log engine.SortedLog, o *BacktestOptions, tests []*hygiene.Backtest, did *Backtested) error {
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
	err := s.readPages(ctx, log, o, did, empty, followers)
	for _, w := range followers {
		close(w.filled)
	}
	judging.Wait()
	return err
}

// readPages gives each page to all followers, up to the last.
func (s *Store) readPages(ctx context.Context, log engine.SortedLog, o *BacktestOptions, did *Backtested, empty chan *page, followers []*follower) error {
	r := &pageReader{log: log, o: o, did: did}
	for p := range empty {
		if err := errors.Join(ctx.Err(), r.fill(p)); err != nil || len(p.events) == 0 {
			return err
		}
		if err := s.readAttributes(p); err != nil {
			return err
		}
		p.readers.Store(int32(len(followers) + 1))
		for _, w := range followers {
			w.filled <- p
		}
		p.release(empty)
		if o.Judged != nil {
			o.Judged(did.Events + did.Earlier)
		}
	}
	return nil
}

// pageReader fills pages with the events of known contacts.
type pageReader struct {
	log  engine.SortedLog
	o    *BacktestOptions
	did  *Backtested
	last string // contact of the event read last
}

// fill reads the next events onto the page; none at the end.
func (r *pageReader) fill(p *page) error {
	p.events, p.fresh = p.events[:0], p.fresh[:0]
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
			p.fresh = append(p.fresh, len(p.events))
		}
		p.events = append(p.events, e)
	}
	r.did.Contacts += int64(len(p.fresh))
	return nil
}

func (d *Backtested) count(e *hygiene.Event, o *BacktestOptions) {
	if e.At >= o.Since {
		d.Events++
	} else {
		d.Earlier++
	}
	if d.First == 0 || e.At < d.First {
		d.First = e.At
	}
}

// readAttributes reads the attributes of the contacts that begin on the page. The
// sorted log would hold the contacts as they are until its last run is read.
func (s *Store) readAttributes(p *page) error {
	keys := make([]string, len(p.fresh))
	for i, n := range p.fresh {
		keys[i] = p.events[n].Contact
		p.attributes[n] = nil
	}
	return s.read(func(c engine.Reader) error {
		return c.FindContacts(keys, func(i int, stored *engine.Contact) (err error) {
			if stored.Attributes == nil {
				return nil
			}
			if p.attributes[p.fresh[i]], err = hygiene.UnpackAttributes(stored.Attributes); err != nil {
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

func (w *follower) follow(t *hygiene.Backtest) {
	for e := w.peek(); e != nil; e = w.peek() {
		key := e.Contact
		t.Contact(key, w.page.attributes[w.next], w.life(key))
		for range w.life(key) { // what the test did not want to hear
		}
	}
}

// life is the events of the contact that are still to come.
func (w *follower) life(key string) iter.Seq[*hygiene.Event] {
	return func(yield func(*hygiene.Event) bool) {
		for e := w.peek(); e != nil && e.Contact == key; e = w.peek() {
			w.next++
			if !yield(e) {
				return
			}
		}
	}
}

// peek is the next event, nil after the last. It holds until the next peek.
func (w *follower) peek() *hygiene.Event {
	for w.page == nil || w.next == len(w.page.events) {
		if w.page != nil {
			w.page.release(w.empty)
		}
		if w.page, w.next = <-w.filled, 0; w.page == nil {
			return nil
		}
	}
	return &w.page.events[w.next]
}
