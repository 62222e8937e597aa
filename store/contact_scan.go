package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"winnow/hygiene"
	"winnow/segments"
)

// Visitor looks at one contact after the other. The contact, its history too,
// is used again for the next visit.
type Visitor func(c *hygiene.Contact) error

// Pass shows everyone once to visitors, in no order: as many readers as there
// are processors share the roster among them, all of one moment. Each asks join
// for a visitor of its own, which may ask lists while it is visited. progress,
// unless it is nil, is told now and then how many contacts were shown. The
// messages of retries are not read.
func (s *Store) Pass(ctx context.Context, join func(lists segments.Lists) Visitor, progress func(contacts int64)) (contacts int64, err error) {
	readers, err := s.passReaders(min(runtime.GOMAXPROCS(0), mostReaders))
	if err != nil {
		return 0, err
	}
	last, err := readers[0].c.number("SELECT max(id) FROM contacts")
	p := &pass{last: last, progress: progress}
	if err == nil {
		err = p.run(ctx, readers, join)
	}
	return p.shown.Load(), errors.Join(err, closeAll(readers))
}

// A pass takes the roster in strides of so many ids; whichever reader is done
// takes the next, so that they end together however the contacts lie.
const stride = 4096

// Readers go through the file from end to end: a page is not needed again, and
// together they stay small on a machine with many processors.
const (
	mostReaders = 16
	cachePass   = 2 << 10 // KiB
)

// pass is one pass under way.
type pass struct {
	last     int64        // id of the last contact
	taken    atomic.Int64 // ids up to here are some reader's
	shown    atomic.Int64 // contacts
	telling  sync.Mutex
	progress func(int64)
}

// run lets the readers go, and waits for them. The first error ends them all.
func (p *pass) run(ctx context.Context, readers []*Snapshot, join func(segments.Lists) Visitor) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	for _, r := range readers {
		visit := join(r)
		group.Go(func() {
			if err := p.read(ctx, r.c, visit); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// read is one reader's part: stride after stride until none is left.
func (p *pass) read(ctx context.Context, c *conn, visit Visitor) error {
	k := &card{}
	for ctx.Err() == nil {
		to := p.taken.Add(stride)
		if to-stride >= p.last {
			return nil
		}
		n, err := k.showStride(c, to, visit)
		if err != nil {
			return err
		}
		p.tell(p.shown.Add(n))
	}
	return nil
}

func (p *pass) tell(contacts int64) {
	if p.progress == nil {
		return
	}
	p.telling.Lock()
	defer p.telling.Unlock()
	p.progress(contacts)
}

// showStride shows the contacts of the stride that ends with the id to.
func (k *card) showStride(c *conn, to int64, visit Visitor) (n int64, err error) {
	r := c.query("SELECT "+cardColumns+" FROM contacts WHERE id > ? AND id <= ? ORDER BY id", to-stride, to)
	for err == nil && r.next() {
		k.reset("")
		k.take(r)
		if err = k.unpackFacts(); err == nil {
			err = visit(&k.Contact)
		}
		n++
	}
	return n, errors.Join(err, r.close())
}

// unpackFacts is unpack without what only a writer needs.
func (k *card) unpackFacts() (err error) {
	if err := k.Unpack(k.facts); err != nil {
		return fmt.Errorf("read contact %d of the roster: %w", k.id, err)
	}
	if k.attrs == nil {
		return nil
	}
	if k.Attributes, err = hygiene.UnpackAttributes(k.attrs); err != nil {
		return fmt.Errorf("read attributes of contact %d of the roster: %w", k.id, err)
	}
	return nil
}

// passReaders opens so many snapshots of the same moment. Nothing is locked:
// when someone committed between the first and the last of them they are taken
// again, which is done in a fraction of a commit.
func (s *Store) passReaders(n int) (readers []*Snapshot, err error) {
	for range n {
		c, err := connect(s.path, reading)
		if err != nil {
			return nil, errors.Join(err, closeAll(readers))
		}
		readers = append(readers, &Snapshot{c: c})
		if err := c.script(fmt.Sprintf("PRAGMA cache_size = -%d", cachePass)); err != nil {
			return nil, errors.Join(err, closeAll(readers))
		}
	}
	for same := false; !same; {
		if same, err = s.takeTogether(readers); err != nil {
			return nil, errors.Join(err, closeAll(readers))
		}
	}
	return readers, nil
}

// takeTogether begins the snapshots, and tells whether nobody committed meanwhile.
func (s *Store) takeTogether(readers []*Snapshot) (same bool, err error) {
	err = s.read(func(look *conn) error {
		before, err := look.number("PRAGMA data_version")
		for _, r := range readers {
			err = errors.Join(err, r.begin())
		}
		if err != nil {
			return err
		}
		after, err := look.number("PRAGMA data_version")
		same = before == after
		return err
	})
	return same, err
}

// begin fixes the snapshot's moment at the present.
func (s *Snapshot) begin() (err error) {
	if err := s.c.rollback(); err != nil {
		return err
	}
	if err := s.c.exec("BEGIN"); err != nil {
		return err
	}
	// The first read is what fixes the moment.
	s.ThroughSeq, err = progress(s.c, cursor)
	return err
}

func closeAll(readers []*Snapshot) error {
	var errs []error
	for _, r := range readers {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}
