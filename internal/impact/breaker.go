package impact

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/app"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/store"
)

// Trip is one surge that a breaker held, or one rule that is held because too many of its
// suppressions were regretted, as JSON.
type Trip struct {
	ID         int64           `json:"id"`
	Rule       string          `json:"rule,omitempty"` // then there is no source and no outcome
	Source     string          `json:"source"`
	Outcome    string          `json:"outcome"`
	From       hygiene.Instant `json:"from"`  // receipt of the first event that was held
	Until      hygiene.Instant `json:"until"` // receipt of the last one
	Share      float64         `json:"share"` // the highest, from 0 to 1
	Window     string          `json:"window"`
	Events     int64           `json:"events"`
	Contacts   int64           `json:"contacts"`
	State      store.TripState `json:"state"`
	ReviewedAt hygiene.Instant `json:"reviewed_at,omitzero"`
	By         string          `json:"by,omitempty"`
	Batch      int64           `json:"batch,omitempty"`

	// While it waits for review: the contacts suppressed before it tripped.
	AlreadySuppressed *int64   `json:"already_suppressed,omitempty"`
	Samples           []string `json:"samples,omitempty"`
}

func newTrip(t *store.BreakerTrip) Trip {
	outcome := ""
	if t.Rule == "" {
		outcome = t.Outcome.String()
	}
	return Trip{ID: t.ID, Rule: t.Rule, Source: t.Source, Outcome: outcome, From: t.Since, Until: t.Until, Share: t.Share, Window: instant.FormatDuration(t.Window),
		Events: t.Events, Contacts: t.Contacts, State: t.State, ReviewedAt: t.ReviewedAt, By: t.By, Batch: t.Batch}
}

// TripList is all trips, those that wait for review first.
type TripList struct {
	trips       []store.BreakerTrip
	before      []store.PriorSuppressions // of each that waits: what was suppressed before it tripped
	hasBreakers bool                      // the config has a breaker, or a limit of regret
	pruned      []view.Pruned
	policy      *hygiene.Policy // in force
}

// tripsJSON is all trips for programs.
type tripsJSON struct {
	// Pruned is what retention deleted: no breaker sees it.
	Pruned []view.Pruned `json:"pruned"`
	Trips  []Trip        `json:"trips"`
}

// ListTrips reads the trips and, for those that wait for review, what was
// suppressed before they tripped. progress may be nil.
func ListTrips(ctx context.Context, a *app.App, now hygiene.Instant, progress func(int64)) (*TripList, error) {
	trips, err := a.Store.BreakerTrips()
	if err != nil {
		return nil, err
	}
	waiting := 0
	for waiting < len(trips) && trips[waiting].State == store.TripHeld {
		waiting++
	}
	pruned := []view.Pruned{}
	if len(a.Config.Breakers) > 0 {
		if pruned, err = app.Pruned(a.Store, 0, app.PrunedEvents); err != nil {
			return nil, err
		}
	}
	before, err := a.Store.PriorSuppressions(ctx, trips[:waiting], now, progress)
	return &TripList{trips, before, len(a.Config.Breakers) > 0 || a.Config.Regret != nil, pruned, a.Config.Policy}, err
}

// PrunedText says what retention deleted, which no breaker sees; empty for nothing.
func (l *TripList) PrunedText() string { return app.PrunedText(l.pruned) }

// JSON is the trips for programs.
func (l *TripList) JSON() any {
	items := []Trip{}
	for i := range l.trips {
		item := newTrip(&l.trips[i])
		if i < len(l.before) {
			item.AlreadySuppressed, item.Samples = &l.before[i].Contacts, l.before[i].Samples
		}
		items = append(items, item)
	}
	return tripsJSON{l.pruned, items}
}

// maxTrips is how many trips fit on a screen, of those that wait and of the others.
const maxTrips = 10

// Print prints the trips.
func (l *TripList) Print(w io.Writer) {
	switch {
	case len(l.trips) == 0 && !l.hasBreakers:
		fmt.Fprintln(w, "the config has no breaker; add one under hygiene.breaker")
		return
	case len(l.before) == 0:
		fmt.Fprintln(w, "nothing waits for review: no breaker holds anything")
	default:
		fmt.Fprintf(w, "%s for review\n", ui.CountVerb(int64(len(l.before)), l.noun(), "waits", "wait"))
	}
	for i := range l.before[:min(maxTrips, len(l.before))] {
		if t := &l.trips[i]; t.Rule != "" {
			printRule(w, t, l.policy)
		} else {
			printTrip(w, t, &l.before[i])
		}
	}
	if more := len(l.before) - maxTrips; more > 0 {
		fmt.Fprintf(w, "\nand %s; --json lists all\n", ui.Count(int64(more), "more surge"))
	}
	told, reviewed := l.split()
	printTold(w, told)
	printReviewed(w, reviewed)
}

// noun is what waits.
func (l *TripList) noun() string {
	if slices.ContainsFunc(l.trips[:len(l.before)], func(t store.BreakerTrip) bool { return t.Rule != "" }) {
		return "trip"
	}
	return "surge"
}

// split parts the trips that do not wait: those that were only reported, and those that
// were reviewed.
func (l *TripList) split() (told, reviewed []store.BreakerTrip) {
	for _, t := range l.trips[len(l.before):] {
		if t.State == store.TripTold {
			told = append(told, t)
		} else {
			reviewed = append(reviewed, t)
		}
	}
	return told, reviewed
}

// printTold prints the trips of breakers that only report, the latest first.
func printTold(w io.Writer, trips []store.BreakerTrip) {
	if len(trips) == 0 {
		return
	}
	rows := [][]string{{"TOLD", "SOURCE", "OUTCOME", "FROM", "UNTIL", "EVENTS", "SHARE"}}
	for i := range trips[:min(maxTrips, len(trips))] {
		t := &trips[i]
		rows = append(rows, []string{fmt.Sprint(t.ID), t.Source, t.Outcome.String(), t.Since.String(), t.Until.String(), ui.Number(t.Events), ui.Percent(t.Share)})
	}
	fmt.Fprintln(w, "\nsurges that are only reported: nothing is held")
	ui.Table(w, rows)
}

// printTrip prints what surged, what waits, what did not wait, and what to type.
func printTrip(w io.Writer, t *store.BreakerTrip, before *store.PriorSuppressions) {
	fmt.Fprintf(w, "\ntrip %d: %s\n", t.ID, DescribeSurge(t))
	fmt.Fprintf(w, "  %s held, and with them the verdicts on %s\n", ui.CountVerb(t.Events, "event", "is", "are"), ui.Count(t.Contacts, "contact"))
	if before.Contacts > 0 {
		fmt.Fprintf(w, "  before it tripped, such events since %s suppressed %s, and these suppressions are in effect: %s\n",
			t.From(), ui.Count(before.Contacts, "contact"), formatKeys(before))
	}
	ui.Table(w, [][]string{
		{fmt.Sprintf("  winnow breaker release %d", t.ID), "the events are right: the verdicts take effect"},
		{fmt.Sprintf("  winnow breaker discard %d", t.ID), "the provider or the carrier was wrong: these events suppress nobody"},
	})
}

// printRule prints why a rule is held, what waits, and what to type.
func printRule(w io.Writer, t *store.BreakerTrip, policy *hygiene.Policy) {
	fmt.Fprintf(w, "\ntrip %d: %s\n", t.ID, DescribeSurge(t))
	fmt.Fprintf(w, "  its verdicts on %s since then are held\n", ui.Count(t.Contacts, "contact"))
	if t.RuleOf(policy) == nil {
		fmt.Fprintln(w, "  the rule was changed or removed since: nothing more is held")
	}
	ui.Table(w, [][]string{
		{fmt.Sprintf("  winnow breaker release %d", t.ID), "the rule is right: the verdicts take effect, and what it does from tomorrow on is measured anew"},
		{fmt.Sprintf("  winnow breaker discard %d", t.ID), "the rule is wrong: what is held suppresses nobody, and what it suppressed before stays; change the rule too"},
	})
}

// DescribeSurge says of which outcome, source and time the surge was, or why a rule is held.
func DescribeSurge(t *store.BreakerTrip) string {
	if t.Rule != "" {
		return fmt.Sprintf("rule %s only proposes since %s, because of what it suppressed in 90 days %s was followed by a delivery", ui.Printable(t.Rule), t.Since, ui.Percent(t.Share))
	}
	if t.State == store.TripTold {
		return fmt.Sprintf("%s of %s, up to %s of the events of %s within %s, from %s to %s; nothing is held", ui.Count(t.Events, "event"), t.Outcome, ui.Percent(t.Share),
			ui.Printable(t.Source), instant.FormatDuration(t.Window), t.Since, t.Until)
	}
	return fmt.Sprintf("%s was up to %s of the events of %s within %s, from %s to %s", t.Outcome, ui.Percent(t.Share), ui.Printable(t.Source),
		instant.FormatDuration(t.Window), t.Since, t.Until)
}

// formatKeys lists the contacts of the sample and counts the others.
func formatKeys(b *store.PriorSuppressions) string {
	text := ui.Printable(strings.Join(b.Samples, ", "))
	if more := b.Contacts - int64(len(b.Samples)); more > 0 {
		text += " and " + ui.Number(more) + " more"
	}
	return text
}

// printReviewed prints the reviewed trips, the latest first.
func printReviewed(w io.Writer, trips []store.BreakerTrip) {
	if len(trips) == 0 {
		return
	}
	rows := [][]string{{"TRIP", "STATE", "SOURCE", "OUTCOME", "FROM", "UNTIL", "EVENTS", "CONTACTS", "REVIEWED", "BY", "BATCH"}}
	for i := range trips[:min(maxTrips, len(trips))] {
		t := &trips[i]
		of := newTrip(t)
		if t.Rule != "" {
			of.Source = "rule " + ui.Printable(t.Rule)
		}
		rows = append(rows, []string{fmt.Sprint(t.ID), string(t.State), of.Source, of.Outcome, t.Since.String(), t.Until.String(),
			ui.Number(t.Events), ui.Number(t.Contacts), t.ReviewedAt.String(), t.By, fmt.Sprint(t.Batch)})
	}
	fmt.Fprintln(w)
	ui.Table(w, rows)
}

// TripReview is what the review of a trip did.
type TripReview struct {
	Trip
	Changed int64 `json:"changed"` // contacts
	Changes int64 `json:"changes"` // ledger entries
}

// ReleaseTrip lets the verdicts on the events of a surge take effect. by signs it.
func ReleaseTrip(ctx context.Context, ops *app.Operations, id int64, by, note string, now hygiene.Instant) (*TripReview, error) {
	return reviewTrip(ctx, ops, ops.Store.ReleaseTrip, id, by, note, now)
}

// DiscardTrip makes the events of a surge count as evidence no longer. by signs it.
func DiscardTrip(ctx context.Context, ops *app.Operations, id int64, by, note string, now hygiene.Instant) (*TripReview, error) {
	return reviewTrip(ctx, ops, ops.Store.DiscardTrip, id, by, note, now)
}

// reviewTrip sweeps first, so that no event of the surge is judged after its
// review.
func reviewTrip(ctx context.Context, ops *app.Operations, review func(context.Context, store.TripReview) (store.BreakerTrip, store.BatchResult, error), id int64, by, note string, now hygiene.Instant) (*TripReview, error) {
	var r TripReview
	err := ops.AfterSweep(ctx, now, func() error {
		before, err := ops.PriorSuppressions(ctx, id, now)
		if err != nil {
			return err
		}
		t, did, err := review(ctx, store.TripReview{Trip: id, Policy: ops.Config.Policy, Now: now, By: by, Note: note, Progress: ops.Progress})
		r = TripReview{newTrip(&t), did.Contacts, did.Changes}
		r.AlreadySuppressed, r.Samples = &before.Contacts, before.Samples
		return err
	})
	return &r, err
}

// Summary says what the review did, and how to undo a discard.
func (r *TripReview) Summary() string {
	if r.State == store.TripReleased {
		return fmt.Sprintf("released trip %d: %s changed, %s in the ledger", r.ID, ui.Count(r.Changed, "contact"), ui.Count(r.Changes, "change"))
	}
	text := fmt.Sprintf("discarded trip %d: its evidence about %s no longer counts; %s of them had been suppressed before it tripped; %s in the ledger", r.ID,
		ui.Count(r.Changed, "contact"), ui.Number(*r.AlreadySuppressed), ui.Count(r.Changes, "change"))
	if r.Rule != "" {
		text = fmt.Sprintf("discarded trip %d: what rule %s said of %s suppresses nobody; %s in the ledger", r.ID, ui.Printable(r.Rule), ui.Count(r.Changed, "contact"), ui.Count(r.Changes, "change"))
	}
	if r.Batch != 0 {
		text += fmt.Sprintf("; to undo this: winnow undo --batch %d --apply", r.Batch)
	}
	return text
}
