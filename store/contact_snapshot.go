package store

import (
	"context"
	"sync"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store/counters"
	"winnow/store/engine"
)

// Snapshot is the contacts, lists and pins as of one moment. While it is open,
// little should be written: the database keeps all that is overwritten.
type Snapshot struct {
	mu         sync.Mutex // guards c
	c          engine.Snapshot
	ThroughSeq int64 // the log has been swept up to here
	Ledger     int64 // id of the last ledger entry; see [Store.ChangesSince]

	present     bool        // see [Store.InPresent]
	numbers     bool        // something lies on numbers
	memberships memberships // for one goroutine that asks
}

var _ segments.Snapshot = (*Snapshot)(nil)

// Snapshot takes a snapshot of the present moment.
func (s *Store) Snapshot() (*Snapshot, error) {
	list, err := s.snapshots(1)
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// snapshots takes n snapshots of the same moment.
func (s *Store) snapshots(n int) ([]*Snapshot, error) {
	opened, err := s.engine.Snapshots(n)
	if err != nil {
		return nil, err
	}
	list := make([]*Snapshot, n)
	for i, c := range opened {
		list[i] = &Snapshot{c: c, present: s.present}
	}
	through, err := counters.Get(list[0].c, counters.Cursor)
	if err != nil {
		return nil, closeAll(list, err)
	}
	ledger, err := list[0].c.Number("SELECT coalesce(max(id), 0) FROM ledger")
	if err != nil {
		return nil, closeAll(list, err)
	}
	numbers, err := hasNumbers(list[0].c)
	if err != nil {
		return nil, closeAll(list, err)
	}
	for _, snap := range list {
		snap.ThroughSeq, snap.Ledger, snap.numbers = through, ledger, numbers
	}
	return list, nil
}

// Close ends the snapshot.
func (s *Snapshot) Close() error { return s.c.Close() }

// Contacts visits all contacts in byte order of their keys; see
// segments.Snapshot. The next contacts are read and unpacked while these are
// visited.
func (s *Snapshot) Contacts(ctx context.Context, messages bool, visit func(*hygiene.Contact) error) error {
	ctx, cancel := context.WithCancel(ctx)
	ahead := &contactReader{s: s, messages: messages, filled: make(chan []*contactRow, chunksAhead), empty: make(chan []*contactRow, chunksAhead)}
	for range chunksAhead {
		ahead.empty <- newRows(chunkSize)
	}
	go ahead.run(ctx)
	// Wait for the reader also when visit panics: the caller that recovers closes the
	// snapshot next.
	defer func() {
		cancel()
		for range ahead.filled {
		}
	}()
	for chunk := range ahead.filled {
		for _, k := range chunk {
			if err := visit(k.forReader(s.present)); err != nil {
				return err
			}
		}
		ahead.empty <- chunk[:chunkSize]
	}
	return ahead.err
}

// chunksAhead is how many chunks of contacts go round between the reader and the
// visitor.
const chunksAhead = 3

// contactReader reads contacts ahead of a visitor.
type contactReader struct {
	s             *Snapshot
	messages      bool
	filled, empty chan []*contactRow // with room for all chunks: only a reader without any waits
	err           error              // read it when filled is closed
}

func (a *contactReader) run(ctx context.Context) {
	defer close(a.filled)
	after := ""
	for n := chunkSize; n == chunkSize && a.err == nil; {
		select {
		case chunk := <-a.empty:
			n, a.err = a.fill(chunk, after)
			if n > 0 {
				after = chunk[n-1].Key
			}
			a.filled <- chunk[:n]
		case <-ctx.Done():
			a.err = ctx.Err()
		}
		if a.err == nil {
			a.err = ctx.Err()
		}
	}
}

// fill reads the contacts after that key into the chunk, and returns how many
// there were. No key is empty.
func (a *contactReader) fill(chunk []*contactRow, after string) (n int, err error) {
	a.s.mu.Lock()
	r := a.s.c.Query("SELECT "+contactColumns+" FROM contacts WHERE key > ? ORDER BY key LIMIT ?", after, len(chunk))
	for n < len(chunk) && r.Next() {
		stored := scanContact(r)
		chunk[n].reset(stored.Key)
		chunk[n].set(&stored)
		n++
	}
	err = r.Close()
	a.s.mu.Unlock()
	for i := 0; err == nil && i < n; i++ {
		err = chunk[i].unpackForReading()
	}
	if err == nil && a.s.numbers {
		a.s.mu.Lock()
		err = attachNumbers(a.s.c, chunk[:n])
		a.s.mu.Unlock()
	}
	if err == nil && a.messages {
		a.s.mu.Lock()
		err = loadRetryMessages(a.s.c, chunk[:n])
		a.s.mu.Unlock()
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

// MergedInto returns the key of the contact into which that of the key was merged; empty
// for none.
func (s *Snapshot) MergedInto(key string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	root, err := rootOf(s.c, key)
	if err != nil || root == key {
		return "", err
	}
	return root, nil
}
