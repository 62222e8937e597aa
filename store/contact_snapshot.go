package store

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"winnow/hygiene"
)

// Snapshot is one moment of the roster. While it is open, nothing should write
// much there: SQLite keeps what it overwrites.
type Snapshot struct {
	mu         sync.Mutex // guards c
	c          *conn
	ThroughSeq int64 // the log has been swept up to here

	marked marked // who is on lists and pinned, for one goroutine that asks
}

// Snapshot takes a snapshot of the roster as it is now.
func (s *Store) Snapshot() (*Snapshot, error) {
	c, err := connect(s.path, reading)
	if err != nil {
		return nil, err
	}
	snap := &Snapshot{c: c}
	if err := c.exec("BEGIN"); err != nil {
		return nil, errors.Join(err, c.close())
	}
	// The first read is what fixes the moment.
	if snap.ThroughSeq, err = progress(c, cursor); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return snap, nil
}

// Close gives the snapshot up.
func (s *Snapshot) Close() error { return s.c.close() }

// Contacts visits everyone in byte order of the key; see segments.Snapshot. The
// next contacts are read and unpacked while these are visited.
func (s *Snapshot) Contacts(ctx context.Context, messages bool, visit func(*hygiene.Contact) error) error {
	ctx, cancel := context.WithCancel(ctx)
	ahead := &readAheadContacts{s: s, messages: messages, filled: make(chan []card, readAheadHands), empty: make(chan []card, readAheadHands)}
	for range readAheadHands {
		ahead.empty <- make([]card, handful)
	}
	go ahead.run(ctx)
	// The reader is waited for also when visit panics: who recovers that closes
	// the snapshot next.
	defer func() {
		cancel()
		for range ahead.filled {
		}
	}()
	for hand := range ahead.filled {
		for i := range hand {
			if err := visit(&hand[i].Contact); err != nil {
				return err
			}
		}
		ahead.empty <- hand[:handful]
	}
	return ahead.err
}

// How many contacts are read at once, and how many such hands there are.
const (
	handful        = 128
	readAheadHands = 3
)

// readAheadContacts reads contacts in hands that go round between the reader
// and the visitor.
type readAheadContacts struct {
	s             *Snapshot
	messages      bool
	filled, empty chan []card // with room for all hands: only a reader without any waits
	err           error       // read it when filled is closed
}

func (a *readAheadContacts) run(ctx context.Context) {
	defer close(a.filled)
	a.s.mu.Lock()
	r := a.s.c.query("SELECT " + cardColumns + " FROM contacts ORDER BY key")
	a.s.mu.Unlock()
	for n := handful; n == handful && a.err == nil; {
		select {
		case hand := <-a.empty:
			n, a.err = a.fill(r, hand)
			a.filled <- hand[:n]
		case <-ctx.Done():
		}
		a.err = cmp.Or(a.err, ctx.Err())
	}
	a.s.mu.Lock()
	a.err = errors.Join(a.err, r.close())
	a.s.mu.Unlock()
}

// fill reads contacts into the hand and gives how many there were.
func (a *readAheadContacts) fill(r *rows, hand []card) (n int, err error) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	for n < len(hand) && r.next() {
		if err := hand[n].scan(r); err != nil {
			return 0, err
		}
		if a.messages {
			if err := hand[n].loadMessage(a.s.c); err != nil {
				return 0, err
			}
		}
		n++
	}
	return n, nil
}
