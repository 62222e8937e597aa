package explain

import (
	"slices"

	"winnow/hygiene"
	"winnow/store"
)

// evidenceReader finds what a contact's suppressions and retry stand on: the events
// that were counted, and the policy that was in force.
type evidenceReader struct {
	policy  *hygiene.Policy // today's
	store   *store.Store
	contact *hygiene.Contact
	known   []Event // events that were read already
	ledger  []store.LedgerEntry
}

// collect puts suppressions, retry and ledger into the explanation.
func (g *evidenceReader) collect(e *Explanation) error {
	open := append(g.contact.OpenSuppressions(e.AsOf), g.contact.HeldSuppressions(e.AsOf)...)
	if err := g.readLedger(open); err != nil {
		return err
	}
	e.ledger = g.ledger[:min(10, len(g.ledger))]
	for i := range open {
		s, err := g.suppression(&open[i])
		if err != nil {
			return err
		}
		e.Suppressions = append(e.Suppressions, s)
	}
	if r := g.contact.Retry; r.OpenAt(e.AsOf) && !e.is(hygiene.IsSuppressed) {
		var err error
		e.Retry, err = g.retry(r)
		return err
	}
	return nil
}

// maxLedgerRead is how many entries of its ledger a contact's openings are looked for
// in: at some 300 bytes each. Behind them the policy of an opening is not told.
const maxLedgerRead = 100_000

// readLedger reads the latest entries, and as far back as the openings of what
// is open lie.
func (g *evidenceReader) readLedger(open []hygiene.Suppression) (err error) {
	for most := 10; ; most *= 10 {
		if g.ledger, err = g.store.Ledger(g.contact.Key, most); err != nil {
			return err
		}
		found := !slices.ContainsFunc(open, func(s hygiene.Suppression) bool { return g.openingEntry(&s) == nil })
		if found || len(g.ledger) < most || most >= maxLedgerRead {
			return nil
		}
	}
}

// openingEntry is the latest entry that tells of this suppression as it stands; nil
// when none was read.
func (g *evidenceReader) openingEntry(s *hygiene.Suppression) *store.LedgerEntry {
	i := slices.IndexFunc(g.ledger, func(l store.LedgerEntry) bool {
		return (l.Act == hygiene.Suppressed || l.Act == hygiene.Renewed) &&
			l.Reason == s.Reason && l.Hand == s.Hand && l.Held == s.Held && l.At == s.Since.At
	})
	if i < 0 {
		return nil
	}
	return &g.ledger[i]
}

func (g *evidenceReader) suppression(p *hygiene.Suppression) (Suppression, error) {
	s := Suppression{Reason: p.Reason, Since: p.Since.At, Until: endOf(p.Until), Rule: p.Rule, By: p.By, Note: p.Note,
		Evidence: p.Evidence, Hand: p.Hand.String(), Held: p.Held, described: g.describe(p)}
	if l := g.openingEntry(p); l != nil {
		s.Policy = l.Policy
	}
	for _, seq := range p.Evidence {
		h, err := g.event(seq)
		if err != nil {
			return s, err
		}
		if h != nil {
			s.Events = append(s.Events, *h)
		}
	}
	s.Why = s.sentence()
	return s, nil
}

func endOf(until hygiene.Instant) *hygiene.Instant {
	if until == 0 {
		return nil
	}
	return &until
}

func (g *evidenceReader) retry(r *hygiene.Retry) (*Retry, error) {
	of := &Retry{DueAt: r.Due, Attempt: r.Attempt, MessageID: r.MessageID, LapsesAt: r.Lapses, Rule: r.Rule}
	if rule := g.policy.RuleOf(&r.Grounds); rule != nil && rule.Then.Retry != nil {
		of.Attempts = len(rule.Then.Retry.After)
	}
	var err error
	of.Bounce, err = g.event(r.Since.Seq)
	return of, err
}

// event is the event of that place in the log; nil when the log no longer has it.
func (g *evidenceReader) event(seq int64) (*Event, error) {
	if i := slices.IndexFunc(g.known, func(h Event) bool { return h.Seq == seq }); i >= 0 {
		return &g.known[i], nil
	}
	e, ok, err := g.store.Event(seq)
	if err != nil || !ok {
		return nil, err
	}
	h := EventOf(&e)
	return &h, nil
}
