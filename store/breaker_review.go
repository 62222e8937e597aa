package store

import (
	"context"
	"errors"
	"fmt"

	"winnow/hygiene"
)

// errNoTrip and errReviewed are why a trip can't be reviewed.
var (
	errNoTrip   = errors.New("winnow breaker lists those there are")
	errReviewed = errors.New("it was reviewed already")
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
			return fmt.Errorf("there is no trip %d of a breaker: %w", id, errNoTrip)
		}
		if err := t.complete(c); err != nil {
			return err
		}
		if t.State != TripHeld {
			return fmt.Errorf("trip %d of the breaker was %s by %s at %s: %w", id, t.State, t.By, t.ReviewedAt, errReviewed)
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
	b, err := s.beginReview(&t, r, ReleaseBatch)
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
	b, err := s.beginReview(&t, r, DiscardBatch)
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

// beginReview gives the batch of a review, and notes it with the trip: that of
// the time before, when it was cut short.
func (s *Store) beginReview(t *Trip, r Review, kind BatchKind) (b Batch, err error) {
	err = s.write(func(c *conn) (err error) {
		if b, err = begunReview(c, t, kind); err != nil || b.ID != 0 {
			return err
		}
		b = Batch{At: r.Now, Kind: kind, By: r.By, Note: r.Note, About: fmt.Sprintf("trip %d of the breaker", t.ID)}
		if err := saveBatch(c, &b); err != nil {
			return err
		}
		return c.exec("UPDATE trips SET batch = ? WHERE id = ?", b.ID, t.ID)
	})
	return b, err
}

// begunReview is the batch of a review that was cut short; one without a number
// when there is none. It is an error when the other review was, or the undoing
// of one: both at once would leave some contacts as the one says and some as the
// other.
func begunReview(c *conn, t *Trip, kind BatchKind) (Batch, error) {
	b, ok, err := batch(c, t.Batch)
	if err != nil || !ok {
		return Batch{}, err
	}
	last, err := b.follow(c)
	switch {
	case err != nil:
		return Batch{}, err
	case last.ID != b.ID && !last.Done:
		return Batch{}, fmt.Errorf("batch %d, which undoes batch %d about trip %d, was cut short: finish it with winnow undo --batch %d --apply", last.ID, last.Undoes, t.ID, last.Undoes)
	case b.UndoneBy != 0:
		return Batch{}, nil
	case b.Kind == kind:
		return b, nil
	}
	text := fmt.Sprintf("%s of trip %d was cut short: finish it with winnow breaker %s %d", b.Kind, t.ID, b.Kind, t.ID)
	if b.Kind == DiscardBatch {
		text += fmt.Sprintf(", or take it back with winnow undo --batch %d --apply", b.ID)
	}
	return Batch{}, errors.New(text)
}

// settleTrip notes what became of the trip, when all that follows is done.
func (s *Store) settleTrip(t *Trip, state TripState, r Review, batch int64) error {
	t.State, t.ReviewedAt, t.By, t.Batch = state, r.Now, r.By, batch
	return s.write(func(c *conn) error {
		return c.exec("UPDATE trips SET state = ?, reviewed_at = ?, by = ?, batch = ? WHERE id = ?", string(state), int64(r.Now), r.By, batch, t.ID)
	})
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
