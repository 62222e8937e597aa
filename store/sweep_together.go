package store

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/messages"
	"winnow/store/portions"
	"winnow/store/quiet"
)

// Processes that share a store sweep it together when there is much to sweep: see package
// portions. One that leads, as it holds the store lock, does what must be done in the order
// of the log: it counts for the breakers, so that they hold the same events however many
// processes there are, and moves the cursor. What events do to contacts is done in portions.

// A part of the log that is swept together has so many events for each process, cut so
// that those who are ready early find another portion. For fewer events nobody is asked.
// A part is of so many processes at most: dividing it keeps other writers waiting.
const (
	togetherEvents    = 50_000
	togetherProcesses = 8
	portionsEach      = 4
)

// portionPoll is how often one who leads looks whether the others are done.
const portionPoll = 20 * time.Millisecond

// sweepTogether sweeps the log with the processes that are ready, from the cursor as far as
// there is enough, and returns how far that was.
func (s *Store) sweepTogether(ctx context.Context, o *SweepOptions, from, end int64, total *Swept) (int64, error) {
	if s.sharing() == nil {
		return from, nil
	}
	most := int64(cmp.Or(o.Batch, togetherEvents))
	for end-from >= 2*most {
		others := int64(0)
		err := s.read(func(c engine.Reader) (err error) {
			others, err = portions.Others(c, s.sweeper)
			return err
		})
		if err != nil || others == 0 {
			return from, err
		}
		upTo := min(end, from+min(others+1, togetherProcesses)*most)
		if worth, err := s.isWorthDividing(from, upTo); err != nil || !worth {
			return from, err
		}
		if err := s.openPortions(o, from, upTo, int(others+1)*portionsEach, total); err != nil {
			return from, err
		}
		from = upTo
		if err := s.leadPortions(ctx, o, total); err != nil {
			return from, err
		}
		if err := errors.Join(s.placeWaiting(ctx, o, total), s.sweepMatched(ctx, o, total)); err != nil {
			return from, err
		}
	}
	return from, nil
}

// isWorthDividing reports whether most events name their contacts. Where the send log must be
// asked to divide them, and once more to sweep them, one process alone is faster.
func (s *Store) isWorthDividing(from, upTo int64) (worth bool, err error) {
	err = s.readLog(func(l engine.LogReader) error {
		nameless, err := l.Number("SELECT count(*) FROM events WHERE seq > ? AND seq <= ? AND contact = ''", from, upTo)
		worth = 2*nameless <= upTo-from
		return err
	})
	return worth, err
}

// openPortions does what is done in the order of the log, moves the cursor, and divides what
// is behind it.
func (s *Store) openPortions(o *SweepOptions, from, upTo int64, n int, total *Swept) error {
	var did Swept
	err := s.writeAs(o.Policy, func(w *txWriter) error {
		did = Swept{}
		if at, err := counters.Get(w, counters.Cursor); err != nil || at != from {
			return errors.Join(err, engine.ErrClash) // another process sweeps, without the store lock
		}
		part := portions.NewPart(n)
		if err := s.divide(w, o, part, from, upTo, &did); err != nil {
			return err
		}
		if err := w.trimUnregistered(upTo); err != nil {
			return err
		}
		if err := portions.Open(w, part, w.terms(o)); err != nil {
			return err
		}
		return counters.Set(w, counters.Cursor, upTo)
	})
	if err == nil {
		total.add(did)
	}
	return err
}

// dividedAtOnce is how many events are read together to divide them.
const dividedAtOnce = 20_000

// divide counts events for the breakers, and adds them to the portions of their contacts.
func (s *Store) divide(w *txWriter, o *SweepOptions, part portions.Part, from, upTo int64, did *Swept) error {
	since, err := counters.Get(w, counters.Listening)
	for err == nil && from < upTo {
		var events []hygiene.Event
		err = s.readLog(func(l engine.LogReader) (err error) {
			events, err = heads(l, from, upTo)
			return err
		})
		if err != nil || len(events) == 0 {
			return err
		}
		last := upTo
		if len(events) == dividedAtOnce {
			last = events[len(events)-1].Seq
		}
		err = errors.Join(s.holdSurges(w, o, events, from, last, did), quiet.Note(w, events, hygiene.Instant(since)), findContactsOf(w, events))
		for i := range events {
			e := &events[i]
			part.Add(cmp.Or(e.Contact, e.MessageID), portions.Entry{Seq: e.Seq, Held: e.Held})
		}
		from = last
	}
	return err
}

// heads reads of the next events what that asks for.
func heads(l engine.LogReader, from, upTo int64) ([]hygiene.Event, error) {
	var events []hygiene.Event
	r := l.Query("SELECT seq, source, received_at, outcome, contact, message_id FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", from, upTo, dividedAtOnce)
	for r.Next() {
		o, err := hygiene.ParseOutcome(r.Text(3))
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		events = append(events, hygiene.Event{Seq: r.Int(0), Source: r.Text(1), ReceivedAt: hygiene.Instant(r.Int(2)), Outcome: o, Contact: r.Text(4), MessageID: r.Text(5)})
	}
	return events, r.Close()
}

// leadPortions sweeps portions until others have none either, and closes their part.
func (s *Store) leadPortions(ctx context.Context, o *SweepOptions, total *Swept) error {
	before := total.Events
	for {
		did, taken, err := s.sweepPortion(o)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if taken {
			if before += did.Events; o.Progress != nil {
				o.Progress(before)
			}
			continue
		}
		var undone int64
		err = s.read(func(c engine.Reader) (err error) {
			_, undone, err = portions.Left(c)
			return err
		})
		if err != nil || undone == 0 {
			return errors.Join(err, s.closePortions(o, total))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(portionPoll):
		}
	}
}

func (s *Store) closePortions(o *SweepOptions, total *Swept) error {
	var did Swept
	err := s.writeAs(o.Policy, func(w *txWriter) error {
		sum, err := portions.Close(w)
		if err != nil {
			return err
		}
		did = Swept{Events: sum.Events, Repeats: sum.Repeats, TooOld: sum.TooOld, Unmatched: sum.Unmatched, Changes: sum.Changes}
		upTo, err := counters.Get(w, counters.Cursor)
		if err != nil {
			return err
		}
		return w.doubt(o, upTo, &did)
	})
	if err == nil {
		total.add(did)
	}
	return err
}

// sweepPortion sweeps one portion; false if there is none to take.
func (s *Store) sweepPortion(o *SweepOptions) (did Swept, taken bool, err error) {
	var p *portions.Portion
	for range 1 + clashes {
		err = s.writeIn(s.sharing().WriteBeside, o.Policy, func(w *txWriter) (err error) {
			did = Swept{}
			if p, err = portions.Take(w, w.terms(o)); err != nil || p == nil {
				return err
			}
			w.beside = p
			if err := s.applyPortion(w, o, p, &did); err != nil {
				return err
			}
			did.addTo(w)
			return p.Done(w, portions.Did{Events: did.Events, Repeats: did.Repeats, TooOld: did.TooOld, Unmatched: did.Unmatched, Changes: did.Changes})
		})
		if !errors.Is(err, engine.ErrClash) {
			break
		}
	}
	if p != nil && (errors.Is(err, errBeside) || errors.Is(err, engine.ErrClash)) {
		did, err = Swept{}, s.write(func(c engine.Writer) error { return portions.HandOver(c, p.Number) })
	}
	return did, p != nil, err
}

// clashes is how often a portion is tried again.
const clashes = 3

// appliedAtOnce is how many events of a portion are applied together.
const appliedAtOnce = 20_000

// applyPortion applies the events of a portion, some at a time.
func (s *Store) applyPortion(w *txWriter, o *SweepOptions, p *portions.Portion, did *Swept) error {
	for entries := range slices.Chunk(p.Entries, appliedAtOnce) {
		seqs := make([]int64, len(entries))
		for i, e := range entries {
			seqs[i] = e.Seq
		}
		events := make([]hygiene.Event, 0, len(entries))
		err := s.readLog(func(l engine.LogReader) error {
			return l.Events(seqs, false, func(i int, e *hygiene.Event) error {
				e.Held = entries[i].Held
				events = append(events, *e)
				return nil
			})
		})
		if err != nil {
			return err
		}
		view, err := messages.Look(s.read, versionOfSendLog, events)
		if err == nil {
			err = w.applyEvents(o, events, view, did)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// terms are by what portions are judged.
func (w *txWriter) terms(o *SweepOptions) portions.Terms {
	sources := maps.Clone(o.RequireSendLog)
	maps.DeleteFunc(sources, func(_ string, requires bool) bool { return !requires })
	return portions.Terms{Policy: w.policy, SendLog: strings.Join(slices.Sorted(maps.Keys(sources)), "|")}
}

// HelpSweep sweeps what other processes that share the store leave to this one, under the
// options of that time, until ctx ends. It does nothing for a store on this host. Failed
// is called with what went wrong; it goes on.
func (s *Store) HelpSweep(ctx context.Context, options func() SweepOptions, failed func(error)) {
	if s.sharing() == nil {
		return
	}
	var said, took time.Time
	for {
		err := s.helpOnce(ctx, options(), &said, &took)
		if err != nil && ctx.Err() == nil && !errors.Is(err, engine.ErrBusy) {
			failed(err)
		}
		pause := helpPoll
		if time.Since(took) < helpSoon {
			pause = portionPoll
		}
		select {
		case <-ctx.Done():
			if err := s.sayGone(); err != nil {
				failed(err)
			}
			return
		case <-time.After(pause):
		}
	}
}

// A process looks so often whether there is a portion to take, and more often for some time
// after it took one: another part of the log may follow.
const (
	helpPoll = time.Second
	helpSoon = 5 * time.Second
)

// helpOnce takes portions until there is none. said is when this process said last that it
// is ready, took when it took one.
func (s *Store) helpOnce(ctx context.Context, o SweepOptions, said, took *time.Time) error {
	for ctx.Err() == nil {
		if time.Since(*said) > portions.ReadyEvery*time.Second {
			if err := s.sharing().WriteBeside(func(c engine.Writer) error { return portions.Ready(c, s.sweeper) }); err != nil {
				return err
			}
			*said = time.Now()
		}
		var undone, known int64
		err := s.read(func(c engine.Reader) (err error) {
			if _, undone, err = portions.Left(c); err == nil && undone > 0 {
				known, err = c.Number("SELECT count(*) FROM policies WHERE hash = ?", o.Policy.Hash)
			}
			return err
		})
		if err != nil || known == 0 {
			return err
		}
		if _, taken, err := s.sweepPortion(&o); err != nil || !taken {
			return err
		}
		*took = time.Now()
	}
	return ctx.Err()
}

// sayGone says that nobody needs to wait for this process.
func (s *Store) sayGone() error {
	return s.sharing().WriteBeside(func(c engine.Writer) error { return portions.Gone(c, s.sweeper) })
}
