package command

import (
	"context"
	"fmt"
	"strings"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/store"
)

// breakerCommand is about surges whose verdicts wait for someone to look.
type breakerCommand struct {
	List    breakerListCommand    `cmd:"" default:"1" help:"Show the surges that breakers hold, and what waits for them."`
	Release breakerReleaseCommand `cmd:"" help:"The events are what they say: let their verdicts take effect."`
	Discard breakerDiscardCommand `cmd:"" help:"It was the provider's or the carrier's fault: strike the evidence. winnow undo takes it back."`
}

// trip is one surge as JSON.
type trip struct {
	ID         int64           `json:"id"`
	Source     string          `json:"source"`
	Outcome    string          `json:"outcome"`
	From       hygiene.Instant `json:"from"`  // receipt of the first event that was held
	Until      hygiene.Instant `json:"until"` // of the last one
	Share      float64         `json:"share"` // the highest
	Window     string          `json:"window"`
	Events     int64           `json:"events"`
	Contacts   int64           `json:"contacts"`
	State      store.TripState `json:"state"`
	ReviewedAt hygiene.Instant `json:"reviewed_at,omitzero"`
	By         string          `json:"by,omitempty"`
	Batch      int64           `json:"batch,omitempty"`

	// Of one that waits: who was suppressed before it tripped.
	AlreadySuppressed *int64   `json:"already_suppressed,omitempty"`
	Samples           []string `json:"samples,omitempty"`
}

func tripOf(t *store.Trip) trip {
	return trip{ID: t.ID, Source: t.Source, Outcome: t.Outcome.String(), From: t.Since, Until: t.Until, Share: t.Share, Window: hygiene.FormatDuration(t.Window),
		Events: t.Events, Contacts: t.Contacts, State: t.State, ReviewedAt: t.ReviewedAt, By: t.By, Batch: t.Batch}
}

// breakerListCommand shows the surges.
type breakerListCommand struct{}

// Run lists them: those that wait first, with what to do.
func (breakerListCommand) Run(c *call) error {
	return c.look(func(h *house) error {
		trips, before, err := c.tripsOf(h)
		if err != nil {
			return err
		}
		items := []trip{}
		for i := range trips {
			it := tripOf(&trips[i])
			if i < len(before) {
				it.AlreadySuppressed, it.Samples = &before[i].Contacts, before[i].Samples
			}
			items = append(items, it)
		}
		if c.JSON {
			return c.PrintJSON(items)
		}
		c.showTrips(h, trips, before)
		return nil
	})
}

// tripsOf reads the surges, and of those that wait, which come first, what was
// suppressed before.
func (c *call) tripsOf(h *house) ([]store.Trip, []store.Before, error) {
	trips, err := h.store.Trips()
	if err != nil {
		return nil, nil, err
	}
	waiting := 0
	for waiting < len(trips) && trips[waiting].State == store.TripHeld {
		waiting++
	}
	show, done := c.Progress("contact")
	before, err := h.store.SuppressedBefore(c.ctx, trips[:waiting], c.present(), show)
	done()
	return trips, before, err
}

// shownTrips is how many surges are told of, of those that wait and of the
// others: a screen.
const shownTrips = 10

func (c *call) showTrips(h *house, trips []store.Trip, before []store.Before) {
	switch {
	case len(trips) == 0 && len(h.config.Breakers) == 0:
		fmt.Fprintln(c.Stdout, "there is no breaker in the config: hygiene.breaker is where one goes")
		return
	case len(before) == 0:
		fmt.Fprintln(c.Stdout, "nothing waits for review: no breaker holds anything")
	default:
		fmt.Fprintf(c.Stdout, "%s for review\n", ui.CountVerb(int64(len(before)), "surge", "waits", "wait"))
	}
	for i := range before[:min(shownTrips, len(before))] {
		c.showTrip(&trips[i], &before[i])
	}
	if more := len(before) - shownTrips; more > 0 {
		fmt.Fprintf(c.Stdout, "\nand %s, with --json\n", ui.Count(int64(more), "more surge"))
	}
	c.showReviewed(trips[len(before):])
}

// showTrip tells what surged, what waits, what did not wait, and what to type.
func (c *call) showTrip(t *store.Trip, before *store.Before) {
	fmt.Fprintf(c.Stdout, "\ntrip %d: %s\n", t.ID, surged(t))
	fmt.Fprintf(c.Stdout, "  %s held; on them verdicts on %s wait\n", ui.CountVerb(t.Events, "event", "is", "are"), ui.Count(t.Contacts, "contact"))
	if before.Contacts > 0 {
		fmt.Fprintf(c.Stdout, "  before it tripped, such events since %s had suppressed %s, which nothing holds back: %s\n",
			t.From(), ui.Count(before.Contacts, "contact"), someOfMany(before))
	}
	ui.Table(c.Stdout, [][]string{
		{fmt.Sprintf("  winnow breaker release %d", t.ID), "the events are right: what waits takes effect"},
		{fmt.Sprintf("  winnow breaker discard %d", t.ID), "the provider or the carrier was wrong: nobody stays suppressed on them"},
	})
}

// surged is the surge in words.
func surged(t *store.Trip) string {
	return fmt.Sprintf("%s was up to %s of the events of %s within %s, from %s to %s", t.Outcome, ui.Percent(t.Share), ui.Printable(t.Source),
		hygiene.FormatDuration(t.Window), t.Since, t.Until)
}

// someOfMany names the contacts that are named, and counts the others.
func someOfMany(b *store.Before) string {
	text := ui.Printable(strings.Join(b.Samples, ", "))
	if more := b.Contacts - int64(len(b.Samples)); more > 0 {
		text += " and " + ui.Number(more) + " more"
	}
	return text
}

// showReviewed lists what was settled, the latest first.
func (c *call) showReviewed(trips []store.Trip) {
	if len(trips) == 0 {
		return
	}
	rows := [][]string{{"TRIP", "STATE", "SOURCE", "OUTCOME", "FROM", "UNTIL", "EVENTS", "CONTACTS", "REVIEWED", "BY", "BATCH"}}
	for i := range trips[:min(shownTrips, len(trips))] {
		t := &trips[i]
		rows = append(rows, []string{fmt.Sprint(t.ID), string(t.State), t.Source, t.Outcome.String(), t.Since.String(), t.Until.String(),
			ui.Number(t.Events), ui.Number(t.Contacts), t.ReviewedAt.String(), t.By, fmt.Sprint(t.Batch)})
	}
	fmt.Fprintln(c.Stdout)
	ui.Table(c.Stdout, rows)
}

// tripReview is what the review of a surge is told.
type tripReview struct {
	ID   int64  `arg:"" help:"The trip's number, see winnow breaker."`
	Note string `placeholder:"TEXT" help:"Why, for whoever asks later."`
}

// breakerReleaseCommand lets what waits take effect.
type breakerReleaseCommand struct {
	tripReview `embed:""`
}

// Run releases, and tells what that did.
func (x breakerReleaseCommand) Run(c *call) error {
	return c.reviewTrip(x.tripReview, (*store.Store).ReleaseTrip, func(did *reviewedTrip) string {
		return fmt.Sprintf("released trip %d: %s changed, %s in the ledger", x.ID, ui.Count(did.Changed, "contact"), ui.Count(did.Changes, "change"))
	})
}

// breakerDiscardCommand strikes the evidence.
type breakerDiscardCommand struct {
	tripReview `embed:""`
}

// Run discards, and tells what that did and how to take it back.
func (x breakerDiscardCommand) Run(c *call) error {
	return c.reviewTrip(x.tripReview, (*store.Store).DiscardTrip, func(did *reviewedTrip) string {
		text := fmt.Sprintf("discarded trip %d: %s of %s struck, of them %s that had been suppressed before it tripped; %s in the ledger", x.ID,
			"the evidence", ui.Count(did.Changed, "contact"), ui.Number(*did.AlreadySuppressed), ui.Count(did.Changes, "change"))
		if did.Batch != 0 {
			text += fmt.Sprintf("; winnow undo --batch %d --apply takes it back", did.Batch)
		}
		return text
	})
}

// reviewedTrip is what a review did.
type reviewedTrip struct {
	trip
	Changed int64 `json:"changed"` // contacts
	Changes int64 `json:"changes"` // ledger entries
}

// reviewTrip settles a surge, after all that has happened has been swept: so
// nothing of it comes late.
func (c *call) reviewTrip(x tripReview, settle func(*store.Store, context.Context, store.Review) (store.Trip, store.Batched, error), say func(*reviewedTrip) string) error {
	return c.with(store.OpenExisting, func(h *house) error {
		var did reviewedTrip
		a, done := c.act(h, "contact")
		err := a.alone(c.ctx, func() error {
			if _, err := a.sweepNow(c.ctx, c.present()); err != nil {
				return err
			}
			before, err := a.before(c.ctx, x.ID, c.present())
			if err != nil {
				return err
			}
			t, batched, err := settle(h.store, c.ctx, store.Review{Trip: x.ID, Policy: h.config.Policy, Now: c.present(), By: operator(), Note: x.Note, Progress: a.progress})
			did = reviewedTrip{tripOf(&t), batched.Contacts, batched.Changes}
			did.AlreadySuppressed, did.Samples = &before.Contacts, before.Samples
			return err
		})
		done()
		switch {
		case err != nil:
			return err
		case c.JSON:
			return c.PrintJSON(did)
		}
		_, err = fmt.Fprintln(c.Stdout, say(&did))
		return err
	})
}

// before is who was suppressed before the surge of that number tripped.
func (a *act) before(ctx context.Context, id int64, now hygiene.Instant) (store.Before, error) {
	t, err := a.store.WaitingTrip(id)
	if err != nil {
		return store.Before{}, err
	}
	list, err := a.store.SuppressedBefore(ctx, []store.Trip{t}, now, a.progress)
	if err != nil {
		return store.Before{}, err
	}
	return list[0], nil
}

// toldTrips is how many surges a sweep by hand tells of one by one.
const toldTrips = 3

// tripped tells whoever swept by hand that breakers tripped.
func (c *call) tripped(trips []*store.Trip) {
	for _, t := range trips[:min(toldTrips, len(trips))] {
		fmt.Fprintf(c.Stderr, "winnow: a breaker tripped: %s; winnow breaker shows what waits for review\n", surged(t))
	}
	if more := len(trips) - toldTrips; more > 0 {
		fmt.Fprintf(c.Stderr, "winnow: and %s\n", ui.Count(int64(more), "more time"))
	}
}
