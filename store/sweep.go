package store

import (
	"cmp"
	"context"
	"errors"
	"time"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/logahead"
	"winnow/store/messages"
	"winnow/store/packed"
	"winnow/store/quiet"
)

// A sweep goes forward in batches, each one transaction. The more events it has, the more of
// them share a page of contacts, which is read and written once: a batch has as many as fit
// into sweepBytes when they are packed, and as can be swept in about sweepFor. For a manual
// change may wait so long. How fast it is, a sweep learns from its first batch.
const (
	sweepBytes = 60 << 20
	sweepFor   = 8 * time.Second
	firstBatch = 100_000
	leastBatch = 10_000
)

// The log is read in lots. Tests of batches of several make them small.
var lotEvents, lotBytes = 25_000, 6 << 20

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
	// Progress is called between transactions with how many events have been swept; it may be nil.
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
	log := logahead.After(from, func(seq int64) logahead.Lot { return s.readLot(seq, cmp.Or(o.Batch, lotEvents)) })
	defer log.Stop()
	for most := cmp.Or(o.Batch, firstBatch); ; {
		began, before := time.Now(), total.Events
		first := log.Next()
		if first.Err != nil || len(first.Events) == 0 {
			total.Cursor = from
			return total, errors.Join(first.Err, s.markCounted(o.Now))
		}
		upTo, err := s.sweepBatch(&o, log, first, from, end, most, &total)
		if err != nil {
			return total, err
		}
		switch {
		case upTo == from: // another process swept meanwhile: go on from where it is
			if from, err = s.Cursor(); err != nil {
				return total, err
			}
			log.GoTo(from)
			continue
		case ctx.Err() != nil:
			return total, ctx.Err()
		case upTo >= end:
			total.Cursor = upTo
			return total, s.markCounted(o.Now)
		}
		if from = upTo; o.Batch == 0 {
			most = max(leastBatch, int(float64(total.Events-before)*float64(sweepFor)/float64(time.Since(began))))
		}
	}
}

// readLot reads the events after seq, and looks up their messages.
func (s *Store) readLot(seq int64, most int) (lot logahead.Lot) {
	lot.Err = s.readLog(func(l engine.LogReader) (err error) {
		lot.Events, err = l.EventsAfter(seq, most, lotBytes)
		return err
	})
	if lot.Err == nil {
		lot.View, lot.Err = messages.Look(s.read, versionOfSendLog, lot.Events)
	}
	return lot
}

// Cursor is the seq up to which the log has been swept.
func (s *Store) Cursor() (n int64, err error) {
	err = s.read(func(c engine.Reader) error {
		n, err = counters.Get(c, counters.Cursor)
		return err
	})
	return n, err
}

// sweepBatch sweeps the first lot after the cursor and those that follow it, until there are
// most events or the log has been swept to its end, and returns how far that was. It does
// nothing when the cursor is elsewhere.
func (s *Store) sweepBatch(o *SweepOptions, log *logahead.Reader, first logahead.Lot, from, end int64, most int, total *Swept) (upTo int64, err error) {
	var did Swept
	upTo = from
	err = s.writeAs(o.Policy, func(w *txWriter) error {
		at, err := counters.Get(w, counters.Cursor)
		if err != nil || at != from {
			return err
		}
		var found packed.Events
		if upTo, err = s.gather(w, o, log, first, from, end, most, &found, &did); err != nil {
			return err
		}
		if err := w.applyFound(&found, &did); err != nil {
			return err
		}
		did.addTo(w)
		if err := w.trimUnregistered(upTo); err != nil {
			return err
		}
		if err := w.doubt(o, upTo, &did); err != nil {
			return err
		}
		return counters.Set(w, counters.Cursor, upTo)
	})
	if err != nil {
		return from, err
	}
	if upTo > from {
		total.add(did)
	}
	if upTo > from && o.Progress != nil {
		o.Progress(total.Events)
	}
	return upTo, nil
}

// gather does what is done in the order of the log, finds contacts, and returns the last seq.
func (s *Store) gather(w *txWriter, o *SweepOptions, log *logahead.Reader, lot logahead.Lot, from, end int64, most int, found *packed.Events, did *Swept) (upTo int64, err error) {
	since, err := counters.Get(w, counters.Listening)
	if err != nil {
		return 0, err
	}
	upTo = from
	for n := 0; len(lot.Events) > 0; lot = log.Next() {
		last := lot.Last()
		if err := s.holdSurges(w, o, lot.Events, upTo, last, did); err != nil {
			return 0, err
		}
		if err := w.find(o, lot.Events, lot.View, found, did); err != nil {
			return 0, err
		}
		if err := quiet.Note(w, lot.Events, hygiene.Instant(since)); err != nil {
			return 0, err
		}
		upTo, n = last, n+len(lot.Events)
		if n >= most || last >= end || found.Bytes() >= sweepBytes {
			return upTo, nil
		}
	}
	return upTo, lot.Err
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

// addTo adds what a transaction did to the counters, once.
func (d *Swept) addTo(w *txWriter) {
	d.Changes += w.given.changes // those of numbers
	w.added[counters.Repeats] += d.Repeats
	w.added[counters.Settled] += d.TooOld
	w.added[counters.LateEvents] += d.Late
}
