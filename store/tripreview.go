package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"winnow/hygiene"
)

// ErrNoTrip and ErrReviewed are why a trip can't be reviewed.
var (
	ErrNoTrip   = errors.New("winnow breaker lists those there are")
	ErrReviewed = errors.New("it was reviewed already")
)

// WaitingTrip finds a trip that is to be reviewed. The error tells that there is
// none of that number, or that it was reviewed already.
func (s *Store) WaitingTrip(id int64) (t Trip, err error) {
	err = s.read(func(c *conn) error {
		r := c.query("SELECT "+tripColumns+" FROM trips t WHERE id = ?", id)
		found := r.next()
		if found {
			err = t.scan(r)
		}
		switch err = errors.Join(err, r.close()); {
		case err != nil:
			return err
		case !found:
			return fmt.Errorf("there is no trip %d of a breaker: %w", id, ErrNoTrip)
		}
		if err := t.complete(c); err != nil {
			return err
		}
		if t.State != TripHeld {
			return fmt.Errorf("trip %d of the breaker was %s by %s at %s: %w", id, t.State, t.By, t.ReviewedAt, ErrReviewed)
		}
		return nil
	})
	return t, err
}

// Review is how someone settles a trip.
type Review struct {
	Trip     int64
	Policy   *hygiene.Policy
	Now      hygiene.Instant
	By, Note string
	Progress func(contacts int64) // nil for nobody
}

// ReleaseTrip lets what waits for the trip take effect: its events are what they
// say. Sweep to the end of the log before. One that was cut short is finished by
// doing it again.
func (s *Store) ReleaseTrip(ctx context.Context, r Review) (Trip, Batched, error) {
	t, err := s.WaitingTrip(r.Trip)
	if err != nil {
		return t, Batched{}, err
	}
	b, err := s.reviewBatch(r, ReleaseBatch)
	if err != nil {
		return t, Batched{}, err
	}
	waits := func(c *hygiene.Contact) bool { return c.Waits(t.ID) }
	did, err := s.inBatch(ctx, r.Policy, b, r.Now, r.Progress, byHand{waits, func(c *hygiene.Contact, _ int64, m hygiene.Moment) []hygiene.Change {
		return r.Policy.Unhold(c, t.ID, m)
	}})
	if err == nil {
		err = s.unholdRest(ctx, r, waits)
	}
	if err == nil {
		err = s.settleTrip(&t, TripReleased, r, did.Batch)
	}
	return t, did, err
}

// unholdRest takes the mark off events on which there was no verdict: of that
// there is nothing to tell, so it is no part of the batch.
func (s *Store) unholdRest(ctx context.Context, r Review, waits func(*hygiene.Contact) bool) error {
	looked := int64(0)
	for last := int64(0); ctx.Err() == nil; {
		keys, next, n, err := s.concerned(last, waits)
		if err != nil || n == 0 {
			return err
		}
		last, looked = next, looked+n
		if r.Progress != nil {
			r.Progress(looked)
		}
		if len(keys) == 0 {
			continue
		}
		err = s.writeAs(r.Policy, func(p *pen) error {
			k := &card{}
			for _, key := range keys {
				if err := k.load(p.c, key); err != nil {
					return err
				}
				if err := p.save(k, r.Policy.Unhold(&k.Contact, r.Trip, hygiene.Moment{At: r.Now})); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// DiscardTrip strikes the evidence of the surge: what waits for it, and what the
// window before it had suppressed already. Sweep to the end of the log before.
// It can be undone by its batch, and one that was cut short is finished by doing
// it again.
func (s *Store) DiscardTrip(ctx context.Context, r Review) (Trip, Batched, error) {
	t, err := s.WaitingTrip(r.Trip)
	if err != nil {
		return t, Batched{}, err
	}
	b, err := s.reviewBatch(r, DiscardBatch)
	if err != nil {
		return t, Batched{}, err
	}
	did, err := s.Strike(ctx, r.Policy, t.strike(), b, r.Now, r.Progress, nil)
	if err == nil {
		err = s.settleTrip(&t, TripDiscarded, r, did.Batch)
	}
	return t, did, err
}

// strike is what discarding the trip tells each contact.
func (t *Trip) strike() hygiene.Instruction {
	return hygiene.Instruction{Kind: hygiene.Strike, Outcome: t.Outcome, Source: t.Source, From: t.From(), To: t.Until, Held: t.ID}
}

// reviewBatch is the batch of a review: that of the time before, when it was cut
// short.
func (s *Store) reviewBatch(r Review, kind BatchKind) (Batch, error) {
	b := Batch{Kind: kind, By: r.By, Note: r.Note, About: fmt.Sprintf("trip %d of the breaker", r.Trip)}
	err := s.read(func(c *conn) error {
		id, err := c.number("SELECT max(id) FROM batches WHERE kind = ? AND about = ? AND done = 0 AND undone = 0", string(kind), b.About)
		if err != nil || id == 0 {
			return err
		}
		b, _, err = batch(c, id)
		return err
	})
	return b, err
}

// settleTrip notes what became of the trip, when all that follows is done.
func (s *Store) settleTrip(t *Trip, state TripState, r Review, batch int64) error {
	t.State, t.ReviewedAt, t.By, t.Batch = state, r.Now, r.By, batch
	return s.write(func(c *conn) error {
		return c.exec("UPDATE trips SET state = ?, reviewed_at = ?, by = ?, batch = ? WHERE id = ?", string(state), int64(r.Now), r.By, batch, t.ID)
	})
}

// discarded is the trips that were discarded, and that by now nobody undid.
func discarded(c *conn) (list []Trip, err error) {
	r := c.query("SELECT "+tripColumns+" FROM trips t WHERE state = ? ORDER BY id", string(TripDiscarded))
	for err == nil && r.next() {
		list = append(list, Trip{})
		err = list[len(list)-1].scan(r)
	}
	err = errors.Join(err, r.close())
	for i := range list {
		err = errors.Join(err, list[i].settle(c))
	}
	return slices.DeleteFunc(list, func(t Trip) bool { return t.State != TripDiscarded }), err
}

// unhold takes the mark of trips that were released off events that come to be
// judged only now.
func (p *pen) unhold(events []hygiene.Event) error {
	for i := range events {
		e := &events[i]
		if e.Held == 0 {
			continue
		}
		released, err := p.c.number("SELECT 1 FROM trips WHERE id = ? AND state = ?", e.Held, string(TripReleased))
		if err != nil {
			return err
		}
		if released == 1 {
			e.Held = 0
		}
	}
	return nil
}

// strikeLate tells the contacts of events that were judged only now what they
// would have been told when the trip was discarded.
func (p *pen) strikeLate(policy *hygiene.Policy, events []hygiene.Event, did *Swept) error {
	trips, err := discarded(p.c)
	if err != nil {
		return err
	}
	k := &card{}
	for i := range trips {
		t := &trips[i]
		in := t.strike()
		in.Moment, in.Batch, in.By = hygiene.Moment{At: t.ReviewedAt, Seq: t.ToSeq}, t.Batch, t.By
		for n := range events {
			e := &events[n]
			if e.Contact == "" || e.Source != t.Source || e.Outcome != t.Outcome || e.Held != t.ID && (e.At < t.From() || e.At > t.Until) {
				continue
			}
			if err := k.load(p.c, e.Contact); err != nil {
				return err
			}
			if !policy.Concerns(&k.Contact, &in) {
				continue
			}
			changes := policy.Instruct(&k.Contact, in)
			did.Changes += int64(len(changes))
			if err := p.save(k, changes); err != nil {
				return err
			}
		}
	}
	return nil
}
