package store

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store/engine"
)

// Visitor looks at one contact after the other. The contact, its history too,
// is reused for the next visit.
type Visitor func(c *hygiene.Contact) error

// ScanContacts visits every contact once, in no order: as many readers as there are
// processors share the contacts among them, all as of one moment. Each asks join
// for a visitor of its own, which may ask lists while it is visited; join is called
// for one reader after the other, before the first visit. progress,
// unless it is nil, is called now and then with how many contacts were visited.
// The messages of retries are not read; numbers are, as subjects. With [Gently] there is
// one reader.
func (s *Store) ScanContacts(ctx context.Context, join func(lists segments.Lists) Visitor, progress func(contacts int64)) (contacts int64, err error) {
	most := min(runtime.GOMAXPROCS(0), maxReaders)
	if ctx.Value(gently{}) != nil {
		most = 1
	}
	readers, err := s.snapshots(most)
	if err != nil {
		return 0, err
	}
	last, err := readers[0].c.Number("SELECT max(id) FROM contacts")
	p := &pass{last: last, progress: progress}
	if err == nil {
		err = p.run(ctx, readers, join)
	}
	return p.visited.Load(), closeAll(readers, err)
}

type gently struct{}

// Gently returns a context for a pass that nobody waits for, beside callbacks and jobs: it
// leaves the other processors to them.
func Gently(ctx context.Context) context.Context { return context.WithValue(ctx, gently{}, true) }

// maxReaders bounds the memory of a pass on a machine with many processors.
const maxReaders = 16

// A pass takes the contacts in ranges of so many ids. Whichever reader is done
// takes the next, so that all end together however the contacts lie.
const rangeSize = 4096

// pass is one pass under way.
type pass struct {
	last     int64        // id of the last contact
	assigned atomic.Int64 // ids up to here belong to a reader
	visited  atomic.Int64 // contacts
	report   sync.Mutex   // held while progress is called
	progress func(int64)
}

// run starts the readers and waits for them. The first error ends them all.
func (p *pass) run(ctx context.Context, readers []*Snapshot, join func(segments.Lists) Visitor) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	for _, r := range readers {
		visit := join(r)
		group.Go(func() {
			if err := p.read(ctx, r, visit); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// read is one reader's part: range after range until none is left.
func (p *pass) read(ctx context.Context, s *Snapshot, visit Visitor) error {
	rows, chunk := newRows(chunkSize), make([]engine.Contact, 0, chunkSize)
	for ctx.Err() == nil {
		to := p.assigned.Add(rangeSize)
		from := to - rangeSize
		if from >= p.last {
			return nil
		}
		n := 0
		for more := true; more; {
			var err error
			if chunk, err = contactsOfIDs(s.c, from, to, chunk[:0]); err != nil {
				return err
			}
			// They are visited when they are all read: a visitor may ask lists.
			if err := s.fillRows(rows, chunk); err != nil {
				return err
			}
			for i := range chunk {
				if err := visit(rows[i].forReader(s.present)); err != nil {
					return err
				}
			}
			n += len(chunk)
			if more = len(chunk) == chunkSize; more {
				from = chunk[chunkSize-1].ID
			}
		}
		p.add(int64(n))
	}
	return nil
}

// fillRows makes the rows the contacts as they are stored.
func (s *Snapshot) fillRows(rows []*contactRow, stored []engine.Contact) error {
	for i := range stored {
		rows[i].reset("")
		rows[i].set(&stored[i])
		if err := rows[i].unpackForReading(); err != nil {
			return err
		}
	}
	if !s.numbers {
		return nil
	}
	return attachWholeNumbers(s.c, rows[:len(stored)])
}

// contactsOfIDs appends the contacts with ids after from and up to to, but no
// more than chunkSize.
func contactsOfIDs(c engine.Reader, from, to int64, list []engine.Contact) ([]engine.Contact, error) {
	r := c.Query("SELECT "+contactColumns+" FROM contacts WHERE id > ? AND id <= ? ORDER BY id LIMIT ?", from, to, chunkSize)
	for r.Next() {
		list = append(list, scanContact(r))
	}
	return list, r.Close()
}

// add counts contacts that were visited.
func (p *pass) add(contacts int64) {
	visited := p.visited.Add(contacts)
	if p.progress == nil {
		return
	}
	p.report.Lock()
	defer p.report.Unlock()
	p.progress(visited)
}

// closeAll closes the snapshots and returns all errors, err the first of them.
func closeAll(list []*Snapshot, err error) error {
	errs := []error{err}
	for _, s := range list {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
