package pagedata

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"winnow/hygiene"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/internal/impact"
	"winnow/internal/ui"
	"winnow/store"
)

const (
	listedSurges = 50
	shownWho     = 20
)

// Surges lists the surges that tripped a breaker.
func (s *Source) Surges(context.Context) (view.SurgeList, error) {
	list := view.SurgeList{At: hygiene.InstantOf(time.Now()), HasBreakers: len(s.Config().Breakers) > 0 || s.Config().Regret != nil}
	trips, err := s.Store.BreakerTrips()
	for i := range trips[:min(listedSurges, len(trips))] {
		list.Surges = append(list.Surges, surgeOf(&trips[i]))
	}
	list.More = len(trips) - len(list.Surges)
	return list, err
}

func surgeOf(t *store.BreakerTrip) view.Surge {
	return view.Surge{ID: t.ID, Rule: t.Rule, Source: t.Source, Outcome: t.Outcome, From: t.Since, Until: t.Until, Share: t.Share, Window: t.Window,
		Events: t.Events, Contacts: t.Contacts, State: string(t.State), ReviewedAt: t.ReviewedAt, By: t.By, Batch: t.Batch}
}

// Surge describes a surge.
func (s *Source) Surge(ctx context.Context, id int64) (view.SurgePage, error) {
	t, err := s.Store.Trip(id)
	if err != nil {
		return view.SurgePage{}, surgeError(err)
	}
	page := view.SurgePage{At: hygiene.InstantOf(time.Now()), Of: surgeOf(&t)}
	if page.Who, err = s.Store.TripContacts(id, shownWho); err != nil {
		return page, err
	}
	parts := ask(ctx, &s.Passes, question{name: fmt.Sprintln("parts of surge", id, t.ToSeq)}, func(ctx context.Context, _ *ui.Printer) ([]store.TripMinute, error) {
		return s.Store.TripMinutes(ctx, &t)
	})
	for _, m := range parts.Value {
		page.Parts = append(page.Parts, view.SurgePart(m))
	}
	page.Counting = parts.Running
	if parts.Err != nil {
		page.Error = parts.Err.Error()
	}
	if t.State != store.TripHeld {
		return page, nil
	}
	q := question{name: fmt.Sprintln("before surge", id, t.ToSeq), namesPeople: true}
	before := ask(ctx, &s.Passes, q, func(ctx context.Context, _ *ui.Printer) (store.PriorSuppressions, error) {
		return s.Operations().PriorSuppressions(ctx, id, hygiene.InstantOf(time.Now()))
	})
	page.Before, page.Sample, page.BeforeAt = before.Value.Contacts, before.Value.Samples, before.At
	page.Counting = page.Counting || before.Running
	if before.Err != nil {
		page.Error = before.Err.Error()
	}
	return page, nil
}

// ReviewSurge accepts the events of a surge, or discards their evidence, and says what
// that did.
func (s *Source) ReviewSurge(ctx context.Context, r view.SurgeReview) (did string, err error) {
	review := impact.ReleaseTrip
	if r.Discard {
		review = impact.DiscardTrip
	}
	done, err := review(ctx, s.Operations(), r.Surge, r.By, r.Note, hygiene.InstantOf(time.Now()))
	if err != nil {
		return "", surgeError(err)
	}
	return done.Summary(), nil
}

// surgeError gives an error of the caller its HTTP status.
func surgeError(err error) error {
	switch {
	case errors.Is(err, store.ErrNoTrip):
		return console.NewAPIError(http.StatusNotFound, err)
	case errors.Is(err, store.ErrReviewed):
		return console.NewAPIError(http.StatusConflict, err)
	}
	return err
}
