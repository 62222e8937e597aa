package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"winnow/hygiene"
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
	f, err := s.newSortFile()
	if err != nil {
		return did, err
	}
	defer func() { err = errors.Join(err, f.c.close()) }()
	if err := f.sort(ctx, &o); err != nil {
		return did, err
	}
	if did.Bytes, err = f.c.number("PRAGMA main.page_count"); err != nil {
		return did, err
	}
	did.Bytes *= pageSize
	err = s.replay(ctx, f, &o, tests, &did)
	return did, err
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
func (s *Store) replay(ctx context.Context, f *sortFile, o *BacktestOptions, tests []*hygiene.Backtest, did *Backtested) error {
	m, err := f.merge()
	if err != nil {
		return err
	}
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
	err = s.readPages(ctx, m, o, did, empty, followers)
	for _, w := range followers {
		close(w.filled)
	}
	judging.Wait()
	return err
}

// readPages gives each page to all followers, up to the last.
func (s *Store) readPages(ctx context.Context, m *merger, o *BacktestOptions, did *Backtested, empty chan *page, followers []*follower) error {
	for p := range empty {
		if err := errors.Join(ctx.Err(), m.fill(p, o, did)); err != nil || len(p.events) == 0 {
			return err
		}
		if err := s.attribute(p); err != nil {
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

// attribute reads the attributes of the contacts that begin on the page, on the
// store's own connection: the temporary file's would hold the roster as it is
// until the last run is read.
func (s *Store) attribute(p *page) error {
	return s.read(func(c *conn) error {
		for _, i := range p.fresh {
			r := c.query("SELECT attributes FROM contacts WHERE key = ?", p.events[i].Contact)
			var packed []byte
			if r.next() {
				packed = r.blob(0)
			}
			if err := r.close(); err != nil {
				return err
			}
			p.attributes[i] = nil
			if packed == nil {
				continue
			}
			var err error
			if p.attributes[i], err = hygiene.UnpackAttributes(packed); err != nil {
				return fmt.Errorf("read attributes of a contact of the roster: %w", err)
			}
		}
		return nil
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
