package pagedata

import (
	"context"
	"io"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console/view"
	"winnow/internal/quarantine"
	"winnow/internal/ui"
	"winnow/internal/unmatched"
)

// The bounds of what the page of what could not be read shows.
const (
	countedBodies  = 2_000 // whose reasons are counted
	shownBodies    = 20
	shownBytes     = 300 // of a body
	shownUnmatched = 10
	shownConflicts = 20
)

// Quarantine returns what could not be read, and events whose contact is not known.
func (s *Source) Quarantine(context.Context) (view.Quarantine, error) {
	q := view.Quarantine{AsOf: hygiene.InstantOf(time.Now())}
	totals, err := s.Store.Totals()
	if err != nil {
		return q, err
	}
	q.Bodies, q.Unmatched, q.Among = totals.Quarantined, totals.Unmatched, min(totals.Quarantined, countedBodies)
	for _, n := range totals.Conflicts {
		q.Conflicts += n
	}
	if err := s.addBodies(&q); err != nil {
		return q, err
	}
	if err := s.addUnmatched(&q); err != nil {
		return q, err
	}
	conflicts, err := s.Store.ContactConflicts(shownConflicts)
	for _, c := range conflicts {
		q.LatestConflicts = append(q.LatestConflicts, view.ContactConflict{Source: c.Source, MessageID: c.MessageID, Contact: c.Contact, Registered: c.Registered, At: c.At})
	}
	return q, err
}

func (s *Source) addBodies(q *view.Quarantine) error {
	bodies, reasons, err := s.Store.QuarantineExcerpts(countedBodies, shownBodies, shownBytes)
	for _, r := range reasons {
		q.Reasons = append(q.Reasons, view.QuarantineReason(r))
	}
	for i := range bodies {
		b := &bodies[i]
		q.Latest = append(q.Latest, view.QuarantinedBody{ID: b.ID, ReceivedAt: b.ReceivedAt, Source: b.Source, Why: b.Why, Request: quarantine.Request(b.Unverified),
			Begins: ui.Printable(strings.ToValidUTF8(string(b.Body.Body), "\uFFFD")), Bytes: b.Bytes, Cut: b.Bytes > shownBytes})
	}
	return err
}

func (s *Source) addUnmatched(q *view.Quarantine) error {
	if q.Unmatched == 0 {
		return nil
	}
	findings, err := unmatched.Diagnose(s.Config(), s.Store)
	if err != nil {
		return err
	}
	for i := range findings {
		f := &findings[i]
		q.Findings = append(q.Findings, view.UnmatchedFinding{Source: f.Source, Sentence: f.Sentence(), Advice: f.Advice(app.ConfigFlag(s.Path))})
	}
	return s.Store.Unmatched(shownUnmatched, func(e hygiene.Event) error {
		q.Samples = append(q.Samples, view.UnmatchedEvent{Source: e.Source, Event: view.EventOf(&e)})
		return nil
	})
}

// RetryQuarantine reads all bodies in quarantine again, as winnow quarantine retry does.
func (s *Source) RetryQuarantine(ctx context.Context) (view.Reread, error) {
	a := &app.App{Config: s.Config(), Store: s.Store}
	did, err := quarantine.Retry(ctx, ui.NewPrinter(io.Discard, io.Discard, false), a, quarantine.RetryOptions{Apply: true})
	if err != nil {
		return view.Reread{}, err
	}
	return view.Reread{Bodies: did.Bodies, Read: did.Read, Events: did.Events}, nil
}
