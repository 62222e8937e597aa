package store

import (
	"context"
	"errors"
	"fmt"

	"winnow/hygiene"
	"winnow/store/engine"
)

// ErrNoTrip and ErrReviewed are why a trip can't be reviewed.
var (
	ErrNoTrip   = errors.New("there is no breaker trip")
	ErrReviewed = errors.New("was already reviewed")
)

// WaitingTrip finds a trip that is to be reviewed. It is an error when there is no
// trip of that number, and when it was reviewed already.
func (s *Store) WaitingTrip(id int64) (t BreakerTrip, err error) {
	switch t, err = s.Trip(id); {
	case err != nil:
	case t.State == TripTold:
		err = fmt.Errorf("breaker trip %d held nothing, so there is nothing to review: its breaker only reports surges", id)
	case t.State != TripHeld:
		err = fmt.Errorf("breaker trip %d %w: %s by %s at %s", id, ErrReviewed, t.State, t.By, t.ReviewedAt)
	}
	return t, err
}

// TripReview is how someone reviews a trip.
type TripReview struct {
	Trip     int64
	Policy   *hygiene.Policy
	Now      hygiene.Instant
	By, Note string
	Progress func(contacts int64) // may be nil
}

// ReleaseTrip lets what waits for the trip take effect: its events mean what they
// say. Sweep to the end of the log first. An interrupted one is finished by
// repeating it.
func (s *Store) ReleaseTrip(ctx context.Context, r TripReview) (BreakerTrip, BatchResult, error) {
	t, err := s.WaitingTrip(r.Trip)
	if err != nil {
		return t, BatchResult{}, err
	}
	b, err := s.beginReview(&t, r, ReleaseBatch)
	if err == nil { // without the hold of the trip, which is being released
		r.Policy, err = s.Judging(r.Policy)
	}
	if err != nil {
		return t, BatchResult{}, err
	}
	waits := func(c *hygiene.Contact) bool { return c.IsHeldBy(t.ID) }
	did, err := s.changeAll(ctx, r.Policy, b, r.Now, r.Progress, manualChange{waits, func(c *hygiene.Contact, _ int64, m hygiene.Moment) []hygiene.Change {
		return r.Policy.ReleaseHeld(c, t.ID, m)
	}})
	if err == nil {
		err = s.releaseRest(ctx, r, waits)
	}
	if err == nil {
		err = s.endReview(&t, TripReleased, r, did.Batch)
	}
	return t, did, err
}

// releaseRest removes the mark of events without a verdict. That is not part of
// the batch, as there is no change to show.
func (s *Store) releaseRest(ctx context.Context, r TripReview, waits func(*hygiene.Contact) bool) error {
	rewrite := func(keys []string) error {
		return s.writeAs(r.Policy, func(w *txWriter) error {
			_, _, err := w.changeEach(keys, func(_ int, k *contactRow) ([]hygiene.Change, bool) {
				return r.Policy.ReleaseHeld(&k.Contact, r.Trip, hygiene.Moment{At: r.Now}), true
			})
			return err
		})
	}
	_, err := s.stepThrough(ctx, waits, rewrite, r.Progress)
	return err
}

// DiscardTrip invalidates the evidence of the surge: what waits for it, and what
// the window before it had suppressed already. Sweep to the end of the log first.
// It can be undone by its batch, and an interrupted one is finished by repeating
// it.
func (s *Store) DiscardTrip(ctx context.Context, r TripReview) (BreakerTrip, BatchResult, error) {
	t, err := s.WaitingTrip(r.Trip)
	if err != nil {
		return t, BatchResult{}, err
	}
	b, err := s.beginReview(&t, r, DiscardBatch)
	if err != nil {
		return t, BatchResult{}, err
	}
	did, err := s.InvalidateEvidence(ctx, r.Policy, t.strike(), b, r.Now, r.Progress)
	if err == nil {
		err = s.endReview(&t, TripDiscarded, r, did.Batch)
	}
	return t, did, err
}

// strike is the instruction by which discarding the trip invalidates evidence.
func (t *BreakerTrip) strike() hygiene.Instruction {
	if t.Rule != "" {
		return hygiene.Instruction{Kind: hygiene.Strike, Rule: t.Rule, To: t.Until, FromSeq: t.FromSeq, Held: t.ID}
	}
	return hygiene.Instruction{Kind: hygiene.Strike, Outcome: t.Outcome, Source: t.Source, From: t.From(), To: t.Until, Held: t.ID}
}

// beginReview returns the batch of a review and stores it with the trip: the batch
// of the time before, if that was interrupted.
func (s *Store) beginReview(t *BreakerTrip, r TripReview, kind BatchKind) (b Batch, err error) {
	err = s.write(func(c engine.Writer) (err error) {
		if b, err = interruptedReview(c, t, kind); err != nil || b.ID != 0 {
			return err
		}
		b = Batch{At: r.Now, Kind: kind, By: r.By, Note: r.Note, About: fmt.Sprintf("trip %d of the breaker", t.ID)}
		if err := saveBatch(c, &b); err != nil {
			return err
		}
		return c.Exec("UPDATE breaker_trips SET batch = ? WHERE id = ?", b.ID, t.ID)
	})
	return b, err
}

// interruptedReview is the batch of a review that was interrupted; one without a
// number when there is none. It is an error when the other kind of review was
// interrupted, or the undoing of one: both together would leave some contacts as
// the one says and some as the other.
func interruptedReview(c engine.Querier, t *BreakerTrip, kind BatchKind) (Batch, error) {
	b, ok, err := batch(c, t.Batch)
	if err != nil || !ok {
		return Batch{}, err
	}
	last, err := b.follow(c)
	switch {
	case err != nil:
		return Batch{}, err
	case last.ID != b.ID && !last.Done:
		return Batch{}, fmt.Errorf("batch %d, which undoes batch %d about breaker trip %d, was interrupted; finish it with winnow undo --batch %d --apply", last.ID, last.Undoes, t.ID, last.Undoes)
	case b.UndoneBy != 0:
		return Batch{}, nil
	case b.Kind == kind:
		return b, nil
	}
	text := fmt.Sprintf("%s of breaker trip %d was interrupted; finish it with winnow breaker %s %d", b.Kind, t.ID, b.Kind, t.ID)
	if b.Kind == DiscardBatch {
		text += fmt.Sprintf(", or undo it with winnow undo --batch %d --apply", b.ID)
	}
	return Batch{}, errors.New(text)
}

// endReview stores the state of the trip when all that follows from it is done.
func (s *Store) endReview(t *BreakerTrip, state TripState, r TripReview, batch int64) error {
	t.State, t.ReviewedAt, t.By, t.Batch = state, r.Now, r.By, batch
	return s.write(func(c engine.Writer) error {
		return c.Exec("UPDATE breaker_trips SET state = ?, reviewed_at = ?, by = ?, batch = ? WHERE id = ?", string(state), int64(r.Now), r.By, batch, t.ID)
	})
}

// releaseReviewed removes the mark of trips that were released from events that
// are judged only now.
func releaseReviewed(c engine.Querier, events []hygiene.Event) error {
	for i := range events {
		e := &events[i]
		if e.Held == 0 {
			continue
		}
		released, err := c.Number("SELECT 1 FROM breaker_trips WHERE id = ? AND state = ?", e.Held, string(TripReleased))
		if err != nil {
			return err
		}
		if released == 1 {
			e.Held = 0
		}
	}
	return nil
}
