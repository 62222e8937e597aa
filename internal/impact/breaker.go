package impact

import (
	"context"
	"fmt"
	"io"
	"strings"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
)

// Trip is one surge as JSON.
type Trip struct {
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

func tripOf(t *store.Trip) Trip {
	return Trip{ID: t.ID, Source: t.Source, Outcome: t.Outcome.String(), From: t.Since, Until: t.Until, Share: t.Share, Window: hygiene.FormatDuration(t.Window),
		Events: t.Events, Contacts: t.Contacts, State: t.State, ReviewedAt: t.ReviewedAt, By: t.By, Batch: t.Batch}
}

// TripList is all surges, those that wait for review first.
type TripList struct {
	trips    []store.Trip
	before   []store.Before // of those that wait: what was suppressed before they tripped
	breakers bool           // the config has some
}

// ListTrips reads the surges, and what was suppressed before those tripped that
// wait.
func ListTrips(ctx context.Context, a *app.App, now hygiene.Instant, progress func(int64)) (*TripList, error) {
	trips, err := a.Store.Trips()
	if err != nil {
		return nil, err
	}
	waiting := 0
	for waiting < len(trips) && trips[waiting].State == store.TripHeld {
		waiting++
	}
	before, err := a.Store.SuppressedBefore(ctx, trips[:waiting], now, progress)
	return &TripList{trips, before, len(a.Config.Breakers) > 0}, err
}

// Items are the surges as JSON.
func (l *TripList) Items() []Trip {
	items := []Trip{}
	for i := range l.trips {
		it := tripOf(&l.trips[i])
		if i < len(l.before) {
			it.AlreadySuppressed, it.Samples = &l.before[i].Contacts, l.before[i].Samples
		}
		items = append(items, it)
	}
	return items
}

// shownTrips is how many surges are shown, of those that wait and of the others: a
// screen.
const shownTrips = 10

// Print shows the surges.
func (l *TripList) Print(w io.Writer) {
	switch {
	case len(l.trips) == 0 && !l.breakers:
		fmt.Fprintln(w, "there is no breaker in the config: hygiene.breaker is where one goes")
		return
	case len(l.before) == 0:
		fmt.Fprintln(w, "nothing waits for review: no breaker holds anything")
	default:
		fmt.Fprintf(w, "%s for review\n", ui.CountVerb(int64(len(l.before)), "surge", "waits", "wait"))
	}
	for i := range l.before[:min(shownTrips, len(l.before))] {
		printTrip(w, &l.trips[i], &l.before[i])
	}
	if more := len(l.before) - shownTrips; more > 0 {
		fmt.Fprintf(w, "\nand %s, with --json\n", ui.Count(int64(more), "more surge"))
	}
	printReviewed(w, l.trips[len(l.before):])
}

// printTrip shows what surged, what waits, what did not wait, and what to type.
func printTrip(w io.Writer, t *store.Trip, before *store.Before) {
	fmt.Fprintf(w, "\ntrip %d: %s\n", t.ID, DescribeSurge(t))
	fmt.Fprintf(w, "  %s held; on them verdicts on %s wait\n", ui.CountVerb(t.Events, "event", "is", "are"), ui.Count(t.Contacts, "contact"))
	if before.Contacts > 0 {
		fmt.Fprintf(w, "  before it tripped, such events since %s had suppressed %s, which nothing holds back: %s\n",
			t.From(), ui.Count(before.Contacts, "contact"), formatPrior(before))
	}
	ui.Table(w, [][]string{
		{fmt.Sprintf("  winnow breaker release %d", t.ID), "the events are right: what waits takes effect"},
		{fmt.Sprintf("  winnow breaker discard %d", t.ID), "the provider or the carrier was wrong: nobody stays suppressed on them"},
	})
}

// DescribeSurge is the surge in words.
func DescribeSurge(t *store.Trip) string {
	return fmt.Sprintf("%s was up to %s of the events of %s within %s, from %s to %s", t.Outcome, ui.Percent(t.Share), ui.Printable(t.Source),
		hygiene.FormatDuration(t.Window), t.Since, t.Until)
}

// formatPrior names the contacts that are named, and counts the others.
func formatPrior(b *store.Before) string {
	text := ui.Printable(strings.Join(b.Samples, ", "))
	if more := b.Contacts - int64(len(b.Samples)); more > 0 {
		text += " and " + ui.Number(more) + " more"
	}
	return text
}

// printReviewed lists what was reviewed, the latest first.
func printReviewed(w io.Writer, trips []store.Trip) {
	if len(trips) == 0 {
		return
	}
	rows := [][]string{{"TRIP", "STATE", "SOURCE", "OUTCOME", "FROM", "UNTIL", "EVENTS", "CONTACTS", "REVIEWED", "BY", "BATCH"}}
	for i := range trips[:min(shownTrips, len(trips))] {
		t := &trips[i]
		rows = append(rows, []string{fmt.Sprint(t.ID), string(t.State), t.Source, t.Outcome.String(), t.Since.String(), t.Until.String(),
			ui.Number(t.Events), ui.Number(t.Contacts), t.ReviewedAt.String(), t.By, fmt.Sprint(t.Batch)})
	}
	fmt.Fprintln(w)
	ui.Table(w, rows)
}

// TripReview is what a review did.
type TripReview struct {
	Trip
	Changed int64 `json:"changed"` // contacts
	Changes int64 `json:"changes"` // ledger entries
}

// ReleaseTrip lets the verdicts of a surge take effect.
func ReleaseTrip(ctx context.Context, ops *app.Operations, id int64, note string, now hygiene.Instant) (*TripReview, error) {
	return reviewTrip(ctx, ops, ops.Store.ReleaseTrip, id, note, now)
}

// DiscardTrip strikes the evidence of a surge.
func DiscardTrip(ctx context.Context, ops *app.Operations, id int64, note string, now hygiene.Instant) (*TripReview, error) {
	return reviewTrip(ctx, ops, ops.Store.DiscardTrip, id, note, now)
}

// reviewTrip settles a surge, after all that has happened has been swept: so
// nothing of it comes late.
func reviewTrip(ctx context.Context, ops *app.Operations, settle func(context.Context, store.Review) (store.Trip, store.Batched, error), id int64, note string, now hygiene.Instant) (*TripReview, error) {
	var did TripReview
	err := ops.AfterSweep(ctx, now, func() error {
		before, err := ops.PriorSuppressions(ctx, id, now)
		if err != nil {
			return err
		}
		t, batched, err := settle(ctx, store.Review{Trip: id, Policy: ops.Config.Policy, Now: now, By: app.Operator(), Note: note, Progress: ops.Progress})
		did = TripReview{tripOf(&t), batched.Contacts, batched.Changes}
		did.AlreadySuppressed, did.Samples = &before.Contacts, before.Samples
		return err
	})
	return &did, err
}

// Summary says what the review did.
func (did *TripReview) Summary() string {
	if did.State == store.TripReleased {
		return fmt.Sprintf("released trip %d: %s changed, %s in the ledger", did.ID, ui.Count(did.Changed, "contact"), ui.Count(did.Changes, "change"))
	}
	text := fmt.Sprintf("discarded trip %d: the evidence of %s struck, of them %s that had been suppressed before it tripped; %s in the ledger", did.ID,
		ui.Count(did.Changed, "contact"), ui.Number(*did.AlreadySuppressed), ui.Count(did.Changes, "change"))
	if did.Batch != 0 {
		text += fmt.Sprintf("; winnow undo --batch %d --apply takes it back", did.Batch)
	}
	return text
}
