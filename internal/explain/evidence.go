package explain

import (
	"slices"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console/view"
	"winnow/store"
)

// subject is a contact, or a phone number as a subject of its own, to be explained.
type subject struct {
	*hygiene.Contact
	ledger []store.LedgerEntry // the latest first; nil for that of the store
}

// evidenceReader finds what the suppressions and the retry of a contact or a number are
// based on: the events that were counted, and the policy that was in force.
type evidenceReader struct {
	subject
	policy   *hygiene.Policy // of the config
	store    *store.Store
	timeline []view.Event // events that need not be read again
	asOf     hygiene.Instant
	of       string // the contact that has the number; empty for another subject
}

// addTo adds suppressions, retry and ledger to the explanation.
func (r *evidenceReader) addTo(e *Explanation) error {
	if err := r.addSuppressions(e); err != nil {
		return err
	}
	e.addLedger(r.ledger, "")
	if retry := r.Retry; retry.OpenAt(e.AsOf) && !e.is(hygiene.IsSuppressed) {
		var err error
		e.Retry, err = r.retry(retry)
		return err
	}
	return nil
}

// addSuppressions adds what stands on the subject itself: of a contact, not what stands
// on its number.
func (r *evidenceReader) addSuppressions(e *Explanation) error {
	alone := *r.Contact
	alone.OnNumber = nil
	open := append(alone.OpenSuppressions(e.AsOf), alone.HeldSuppressions(e.AsOf)...)
	if r.ledger == nil {
		if err := r.readLedger(open); err != nil {
			return err
		}
	}
	for i := range open {
		s, err := r.suppression(&open[i])
		if err != nil {
			return err
		}
		e.Suppressions = append(e.Suppressions, s)
	}
	return nil
}

// maxLedgerRead is how many ledger entries are searched for those that opened the
// suppressions, at about 300 bytes each. If an entry is older, the policy that
// opened the suppression is not shown.
const maxLedgerRead = 100_000

// readLedger reads the latest entries, and as many more as it takes to find those
// that opened the suppressions.
func (r *evidenceReader) readLedger(open []hygiene.Suppression) (err error) {
	for limit := 10; ; limit *= 10 {
		if r.ledger, err = r.store.Ledger(r.Key, limit); err != nil {
			return err
		}
		found := !slices.ContainsFunc(open, func(s hygiene.Suppression) bool { return r.openingEntry(&s) == nil })
		if found || len(r.ledger) < limit || limit >= maxLedgerRead {
			return nil
		}
	}
}

// openingEntry is the latest entry that opened or renewed the suppression; nil
// when none was read.
func (r *evidenceReader) openingEntry(s *hygiene.Suppression) *store.LedgerEntry {
	i := slices.IndexFunc(r.ledger, func(l store.LedgerEntry) bool {
		return (l.Act == hygiene.Suppressed || l.Act == hygiene.Renewed) &&
			l.Reason == s.Reason && l.Origin == s.Origin && l.Held == s.Held && l.At == s.Since.At
	})
	if i < 0 {
		return nil
	}
	return &r.ledger[i]
}

func (r *evidenceReader) suppression(p *hygiene.Suppression) (view.Suppression, error) {
	s := view.Suppression{Reason: p.Reason, Since: p.Since.At, Rule: p.Rule, By: p.By, Note: p.Note,
		Evidence: p.Evidence, Hand: p.Origin.String(), Held: p.Held, Summary: r.summary(p), SaidOf: r.SaidOf(p)}
	if p.Until != 0 {
		s.Until = &p.Until
	}
	if l := r.openingEntry(p); l != nil {
		s.Policy = l.Policy
	}
	for _, seq := range p.Evidence {
		event, err := r.event(seq)
		if err != nil {
			return s, err
		}
		if event != nil {
			s.Events = append(s.Events, *event)
		}
	}
	if r.IsNumber() {
		if err := r.addGiver(&s, p); err != nil {
			return s, err
		}
	}
	s.Why = suppressionSentence(&s, r.asOf)
	return s, nil
}

func (r *evidenceReader) retry(p *hygiene.Retry) (*view.Retry, error) {
	retry := &view.Retry{DueAt: p.DueAt, Attempt: p.Attempt, MessageID: p.MessageID, LapsesAt: p.LapsesAt, Rule: p.Rule}
	if rule := r.policy.RuleOf(&p.Cause); rule != nil && rule.Then.Retry != nil {
		retry.Attempts = len(rule.Then.Retry.After)
	}
	bounce, ok, err := r.store.Event(p.Since.Seq)
	if err != nil {
		return nil, err
	}
	if ok {
		event := view.EventOf(&bounce)
		retry.Bounce = &event
	}
	if p.UniqueArgs == nil && len(bounce.Body) == 0 {
		retry.Pruned, err = r.prunedBefore(p.Since.At, bounce.Source)
	}
	return retry, err
}

// prunedBefore is what retention deleted of a source, empty for any, of which that of
// that time may be a part.
func (r *evidenceReader) prunedBefore(at hygiene.Instant, source string) ([]view.Pruned, error) {
	list, err := app.Pruned(r.store, at, app.PrunedEvents, app.PrunedBodies)
	return slices.DeleteFunc(list, func(p view.Pruned) bool { return source != "" && p.Source != source }), err
}

// event is the event with that seq; nil when it is no longer in the log.
func (r *evidenceReader) event(seq int64) (*view.Event, error) {
	if i := slices.IndexFunc(r.timeline, func(e view.Event) bool { return e.Seq == seq }); i >= 0 {
		return &r.timeline[i], nil
	}
	e, ok, err := r.store.Event(seq)
	if err != nil || !ok {
		return nil, err
	}
	event := view.EventOf(&e)
	return &event, nil
}
