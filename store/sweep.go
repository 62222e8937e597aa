package store

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"winnow/hygiene"
)

// A sweep goes forward in batches, each one transaction: so large that pages of
// the roster are shared by several contacts, so small that an operator's act
// does not wait long behind it, and bounded in bytes.
const (
	sweepEvents = 100_000
	sweepBytes  = 16 << 20
)

// Swept is what a sweep did.
type Swept struct {
	Events    int64 // taken from the log, or matched since
	Repeats   int64
	Settled   int64 // older than what a full history keeps
	Unmatched int64 // whose contact is not known yet
	Changes   int64 // ledger entries
	Held      int64 // events that breakers hold
	Cursor    int64 // seq up to which the log has been swept

	Tripped []*Trip // that began
}

// SweepOptions are what a sweep needs to know.
type SweepOptions struct {
	Policy   *hygiene.Policy
	Breakers []hygiene.Breaker
	Now      hygiene.Instant
	// Progress is told how many events have been taken; nil for nobody.
	Progress func(events int64)

	batch int // events in a batch; 0 for sweepEvents
}

// Sweep applies the policy to all events that the log has now, and to those
// whose contact came to be known since. It can be stopped between batches, and
// killed anywhere: what is not committed is done again.
func (s *Store) Sweep(ctx context.Context, o SweepOptions) (Swept, error) {
	var total Swept
	if err := s.sweepMatched(ctx, &o, &total); err != nil {
		return total, err
	}
	from, err := s.Cursor()
	if err != nil {
		return total, err
	}
	// What comes meanwhile is the next sweep's: one that followed a log that grows
	// as quickly would never end, nor what waits for it.
	end, err := s.LastSeq()
	if err != nil {
		return total, err
	}
	next := s.readAhead(from, o.batch)
	for {
		b := <-next
		if b.err != nil || len(b.events) == 0 {
			total.Cursor = from
			return total, errors.Join(b.err, s.counted(o.Now))
		}
		upTo := b.events[len(b.events)-1].Seq
		next = s.readAhead(upTo, o.batch)
		moved, err := s.sweepBatch(&o, b.events, from, upTo, &total)
		if err == nil && moved {
			err = ctx.Err()
		}
		if err != nil {
			<-next
			return total, err
		}
		from = upTo
		if moved && from >= end {
			<-next
			total.Cursor = from
			return total, s.counted(o.Now)
		}
		if !moved { // another process swept meanwhile: go on from where it is
			<-next
			if from, err = s.Cursor(); err != nil {
				return total, err
			}
			next = s.readAhead(from, o.batch)
		}
	}
}

// ahead is a batch read from the log.
type ahead struct {
	events []hygiene.Event
	err    error
}

// readAhead reads the batch after seq while the one before is being judged.
func (s *Store) readAhead(seq int64, batch int) <-chan ahead {
	out := make(chan ahead, 1)
	go func() {
		var b ahead
		b.err = s.readLog(func(c *conn) (err error) {
			b.events, err = eventsAfter(c, seq, cmp.Or(batch, sweepEvents), sweepBytes)
			return err
		})
		out <- b
	}()
	return out
}

// Cursor is the seq up to which the log has been swept.
func (s *Store) Cursor() (n int64, err error) {
	err = s.read(func(c *conn) error {
		n, err = progress(c, cursor)
		return err
	})
	return n, err
}

// sweepBatch judges the events between the cursor from and upTo. It does
// nothing when the cursor is elsewhere.
func (s *Store) sweepBatch(o *SweepOptions, events []hygiene.Event, from, upTo int64, total *Swept) (moved bool, err error) {
	var did Swept
	err = s.writeAs(o.Policy, func(p *pen) error {
		at, err := progress(p.c, cursor)
		if err != nil || at != from {
			return err
		}
		moved = true
		if err := s.watch(p, o, events, from, upTo, &did); err != nil {
			return err
		}
		if err := s.judge(p, o, events, &did); err != nil {
			return err
		}
		return did.save(p.c, upTo)
	})
	if err != nil || !moved {
		return moved, err
	}
	total.add(did)
	if o.Progress != nil {
		o.Progress(total.Events)
	}
	return true, nil
}

// sweepMatched judges events whose contact came to be known after they were
// swept.
func (s *Store) sweepMatched(ctx context.Context, o *SweepOptions, total *Swept) error {
	for ctx.Err() == nil {
		waiting, err := s.matchedEvents()
		if err != nil || len(waiting) == 0 {
			return err
		}
		var did Swept
		err = s.writeAs(o.Policy, func(p *pen) error {
			events, err := claim(p.c, waiting)
			if err == nil {
				err = p.unhold(events)
			}
			if err == nil {
				err = s.judge(p, o, events, &did)
			}
			if err == nil {
				err = p.strikeLate(o.Policy, events, &did)
			}
			if err != nil {
				return err
			}
			return did.save(p.c, 0)
		})
		if err != nil {
			return err
		}
		total.add(did)
	}
	return ctx.Err()
}

// claim takes those that still wait out of the queue, and gives those that the
// log still has.
func claim(c *conn, waiting []matched) (events []hygiene.Event, err error) {
	for _, w := range waiting {
		still, err := c.number("DELETE FROM matched WHERE seq = ? RETURNING 1", w.seq)
		if err != nil {
			return nil, err
		}
		if still == 1 && w.found {
			w.event.Held = w.held
			events = append(events, w.event)
		}
	}
	return events, nil
}

// matched is an event that waits to be judged since its contact is known.
type matched struct {
	seq   int64
	held  int64 // the trip that it was held by when the log was swept
	event hygiene.Event
	found bool // the log still has it
}

func (s *Store) matchedEvents() ([]matched, error) {
	var list []matched
	err := s.read(func(c *conn) error {
		r := c.query("SELECT seq, held FROM matched ORDER BY seq LIMIT 2000")
		for r.next() {
			list = append(list, matched{seq: r.int(0), held: r.int(1)})
		}
		return r.close()
	})
	if err != nil {
		return nil, err
	}
	err = s.readLog(func(c *conn) (err error) {
		for i := range list {
			if list[i].event, list[i].found, err = eventAlone(c, list[i].seq); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// match finds the contact of each event, puts aside those without one, and
// gives the order in which to judge the others.
func (p *pen) match(events []hygiene.Event, did *Swept) ([]int, error) {
	order := make([]int, 0, len(events))
	for i := range events {
		e := &events[i]
		if e.Contact == "" {
			var err error
			if e.Contact, err = p.c.text("SELECT contact FROM messages WHERE message_id = ?", e.MessageID); err != nil {
				return nil, err
			}
		}
		if e.Contact != "" {
			order = append(order, i)
			continue
		}
		did.Unmatched++
		if err := p.c.exec("INSERT INTO unmatched (message_id, seq, held) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", e.MessageID, e.Seq, e.Held); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(events[a].Contact, events[b].Contact), cmp.Compare(events[a].Seq, events[b].Seq))
	})
	return order, nil
}

func (d *Swept) count(a hygiene.Addition) {
	switch a {
	case hygiene.Repeat, hygiene.Earlier:
		d.Repeats++
	case hygiene.Settled:
		d.Settled++
	}
}

func (d *Swept) add(e Swept) {
	d.Events += e.Events
	d.Repeats += e.Repeats
	d.Settled += e.Settled
	d.Unmatched += e.Unmatched
	d.Changes += e.Changes
	d.Held += e.Held
	d.Tripped = append(d.Tripped, e.Tripped...)
}

// save adds what a batch did to the numbers of the whole, and moves the cursor
// unless upTo is 0.
func (d *Swept) save(c *conn, upTo int64) error {
	for name, n := range map[string]int64{repeats: d.Repeats, settled: d.Settled} {
		if n == 0 {
			continue
		}
		old, err := progress(c, name)
		if err == nil {
			err = setProgress(c, name, old+n)
		}
		if err != nil {
			return err
		}
	}
	if upTo == 0 {
		return nil
	}
	return setProgress(c, cursor, upTo)
}

// counted notes the time of the counts by status, when a contact's turn has
// come since the time before: an idle sweep writes nothing.
func (s *Store) counted(now hygiene.Instant) error {
	var turned int64
	err := s.read(func(c *conn) error {
		before, err := progress(c, countedAt)
		if err != nil {
			return err
		}
		from, to := secondOf(min(hygiene.Instant(before), now)), secondOf(max(hygiene.Instant(before), now))
		turned, err = c.number("SELECT count(*) FROM (SELECT 1 FROM tally WHERE at > ? AND at <= ? LIMIT 1)", from, to)
		return err
	})
	if err != nil || turned == 0 {
		return err
	}
	return s.write(func(c *conn) error { return setProgress(c, countedAt, int64(now)) })
}
