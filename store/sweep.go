package store

import (
	"cmp"
	"context"
	"errors"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/messages"
	"winnow/store/quiet"
)

// A sweep goes forward in batches, each one transaction: so large that pages of
// contacts are shared by several of them, so small that a manual change does not
// wait long behind one, and bounded in bytes.
const (
	sweepEvents = 100_000
	sweepBytes  = 16 << 20
)

// matchedAtOnce is how many events that found their contact are judged in one
// transaction.
const matchedAtOnce = 50_000

// Swept is what a sweep did.
type Swept struct {
	Events    int64 // read from the log, or matched since
	Repeats   int64
	TooOld    int64 // older than what a full history keeps
	Unmatched int64 // whose contact is not known yet
	Changes   int64 // ledger entries
	Held      int64 // events that breakers hold
	Late      int64 // about messages to persons who were forgotten: they are erased
	Cursor    int64 // seq up to which the log has been swept

	Tripped []*BreakerTrip // that began
}

// SweepOptions are what a sweep needs to know.
type SweepOptions struct {
	Policy   *hygiene.Policy
	Breakers []hygiene.Breaker
	Regret   *hygiene.RegretLimit // nil doubts no rule
	// RequireSendLog are the sources of which only events of messages that the send log
	// has act; the others are unmatched.
	RequireSendLog map[string]bool
	Now            hygiene.Instant
	// Progress is called with how many events have been swept; it may be nil.
	Progress func(events int64)

	// Batch is how many events are swept in one transaction; 0 for as many as is good.
	Batch int
}

// Sweep applies the policy to all events that the log has now, and to those whose
// contact was registered since they were swept. It can be stopped between
// batches, and killed anywhere: what is not committed is done again.
func (s *Store) Sweep(ctx context.Context, o SweepOptions) (Swept, error) {
	total, err := s.sweep(ctx, o)
	return total, errors.Join(err, s.eraseLate(ctx))
}

func (s *Store) sweep(ctx context.Context, o SweepOptions) (Swept, error) {
	var total Swept
	if err := errors.Join(s.handOverPortions(), s.completeUnmatched(ctx)); err != nil {
		return total, err
	}
	if err := s.placeWaiting(ctx, &o, &total); err != nil {
		return total, err
	}
	if err := s.sweepMatched(ctx, &o, &total); err != nil {
		return total, err
	}
	from, err := s.Cursor()
	if err != nil {
		return total, err
	}
	// Events that arrive meanwhile belong to the next sweep: a sweep that followed a
	// log that grows as quickly would never end, nor would what waits for it.
	end, err := s.LastSeq()
	if err != nil {
		return total, err
	}
	if from, err = s.sweepTogether(ctx, &o, from, end, &total); err != nil {
		return total, err
	}
	next := s.readAhead(from, o.Batch)
	for {
		b := <-next
		if b.err != nil || len(b.events) == 0 {
			total.Cursor = from
			return total, errors.Join(b.err, s.markCounted(o.Now))
		}
		upTo := b.events[len(b.events)-1].Seq
		next = s.readAhead(upTo, o.Batch)
		moved, err := s.sweepBatch(&o, &b, from, upTo, &total)
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
			return total, s.markCounted(o.Now)
		}
		if !moved { // another process swept meanwhile: go on from where it is
			<-next
			if from, err = s.Cursor(); err != nil {
				return total, err
			}
			next = s.readAhead(from, o.Batch)
		}
	}
}

// eventBatch is a batch read from the log.
type eventBatch struct {
	events []hygiene.Event
	view   *messages.View // of their messages
	err    error
}

// readAhead reads the batch after seq, and looks up its messages, while the one before is
// being applied.
func (s *Store) readAhead(seq int64, most int) <-chan eventBatch {
	out := make(chan eventBatch, 1)
	go func() {
		var b eventBatch
		b.err = s.readLog(func(l engine.LogReader) (err error) {
			b.events, err = l.EventsAfter(seq, cmp.Or(most, sweepEvents), sweepBytes)
			return err
		})
		if b.err == nil {
			b.view, b.err = messages.Look(s.read, versionOfSendLog, b.events)
		}
		out <- b
	}()
	return out
}

// Cursor is the seq up to which the log has been swept.
func (s *Store) Cursor() (n int64, err error) {
	err = s.read(func(c engine.Reader) error {
		n, err = counter(c, cursor)
		return err
	})
	return n, err
}

// sweepBatch sweeps the events after the cursor from up to upTo. It does nothing
// when the cursor is elsewhere.
func (s *Store) sweepBatch(o *SweepOptions, b *eventBatch, from, upTo int64, total *Swept) (moved bool, err error) {
	var did Swept
	err = s.writeAs(o.Policy, func(w *txWriter) error {
		at, err := counter(w, cursor)
		if err != nil || at != from {
			return err
		}
		moved = true
		if err := s.holdSurges(w, o, b.events, from, upTo, &did); err != nil {
			return err
		}
		if err := w.applyEvents(o, b.events, b.view, &did); err != nil {
			return err
		}
		did.addTo(w)
		since, err := counter(w, listening)
		if err != nil {
			return err
		}
		if err := quiet.Note(w, b.events, hygiene.Instant(since)); err != nil {
			return err
		}
		if err := w.trimUnregistered(upTo); err != nil {
			return err
		}
		if err := w.doubt(o, upTo, &did); err != nil {
			return err
		}
		return setCounter(w, cursor, upTo)
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

// sweepMatched judges events whose contact was registered after they were swept.
func (s *Store) sweepMatched(ctx context.Context, o *SweepOptions, total *Swept) error {
	for ctx.Err() == nil {
		waiting, err := s.matchedEvents()
		if err != nil || len(waiting) == 0 {
			return err
		}
		var did Swept
		err = s.writeAs(o.Policy, func(w *txWriter) error {
			events, err := w.claimMatched(waiting, o.Now)
			if err != nil {
				return err
			}
			if err := releaseReviewed(w, events); err != nil {
				return err
			}
			if err := w.applyEvents(o, events, nil, &did); err != nil {
				return err
			}
			if err := w.applyLateStrikes(events, &did); err != nil {
				return err
			}
			did.addTo(w)
			return nil
		})
		if err != nil {
			return err
		}
		total.add(did)
	}
	return ctx.Err()
}

// matchedEvent is an event that waits to be judged now that its contact is known.
type matchedEvent struct {
	seq   int64
	held  int64  // the trip that held it when the log was swept; 0 for none
	phone string // the number on which it lies alone until then; empty for none
	event hygiene.Event
	found bool // the log still has it
}

func (s *Store) matchedEvents() ([]matchedEvent, error) {
	var list []matchedEvent
	var seqs []int64
	err := s.read(func(c engine.Reader) error {
		r := c.Query("SELECT seq, held_by, phone FROM matched ORDER BY seq LIMIT ?", matchedAtOnce)
		for r.Next() {
			list, seqs = append(list, matchedEvent{seq: r.Int(0), held: r.Int(1), phone: r.Text(2)}), append(seqs, r.Int(0))
		}
		return r.Close()
	})
	if err != nil {
		return nil, err
	}
	err = s.readLog(func(l engine.LogReader) error {
		return l.Events(seqs, false, func(i int, e *hygiene.Event) error {
			list[i].event, list[i].found = *e, true
			return nil
		})
	})
	return list, err
}

// claimMatched deletes those events, of which there is one, from the queue that still wait there, and
// returns those of them that the log still has. Numbers on which they lay alone have them
// no longer.
func (w *txWriter) claimMatched(waiting []matchedEvent, now hygiene.Instant) (events []hygiene.Event, err error) {
	still := map[int64]bool{}
	r := w.Query("SELECT seq FROM matched WHERE seq >= ? AND seq <= ?", waiting[0].seq, waiting[len(waiting)-1].seq)
	for r.Next() {
		still[r.Int(0)] = true
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	withdrawn := map[string][]int64{}
	for _, m := range waiting {
		if !still[m.seq] {
			continue
		}
		if err := w.Exec("DELETE FROM matched WHERE seq = ?", m.seq); err != nil {
			return nil, err
		}
		if m.phone != "" {
			withdrawn[m.phone] = append(withdrawn[m.phone], m.seq)
		}
		if m.found {
			m.event.Held = m.held
			events = append(events, m.event)
		}
	}
	return events, w.withdraw(withdrawn, now)
}

func (d *Swept) count(a hygiene.Addition) {
	switch a {
	case hygiene.Repeat, hygiene.Earlier: // an opt-out that counts again is none
		d.Repeats++
	case hygiene.TooOld:
		d.TooOld++
	}
}

func (d *Swept) add(e Swept) {
	d.Events += e.Events
	d.Repeats += e.Repeats
	d.TooOld += e.TooOld
	d.Unmatched += e.Unmatched
	d.Changes += e.Changes
	d.Held += e.Held
	d.Late += e.Late
	d.Tripped = append(d.Tripped, e.Tripped...)
}

// addTo adds what a batch did to the counters.
func (d *Swept) addTo(w *txWriter) {
	w.added[repeats] += d.Repeats
	w.added[settled] += d.TooOld
	w.added[lateEvents] += d.Late
}
