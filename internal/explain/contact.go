// Package explain says what winnow knows of a contact, and why it is or is not
// texted: the status in a sentence, the suppressions with their evidence, the
// retry, the verdict of each segment, the latest decisions, and the command to
// type next.
//
// [Contact] collects the facts, the Explanation holds them as the JSON of command
// and API, and textWriter prints them. Where to change what:
//
//   - a new fact is a field of [Explanation]: fill it in contact.go (or, when it
//     needs the log or the ledger, in evidence.go), and print it in facts, text.go;
//   - the sentences are in why.go, those about segments of contacts to text in texting.go;
//   - which contacts a text means, a key or a phone number, is in find.go;
//   - what stands on a phone number, and whose evidence it is, is in number.go;
//   - what was known at an earlier time is in asof.go;
//   - what is suggested for a key that does not exist is in notfound.go;
//   - the answer to winnow pin is in pin.go.
package explain

import (
	"strings"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/segments"
	"winnow/store"
)

// Contact explains the contact as of now. The key is normalized. The result is
// false when the store has no such contact.
func Contact(cfg *config.Config, s *store.Store, key string, now hygiene.Instant) (*Explanation, bool, error) {
	contact, ok, err := s.Contact(key)
	if err != nil || !ok {
		return nil, false, err
	}
	number, err := numberOf(s, contact)
	if err != nil {
		return nil, false, err
	}
	e, err := explainContact(cfg, s, subject{Contact: contact}, number, now)
	if err != nil {
		return nil, false, err
	}
	elsewhere, err := e.onOtherNumbers(s)
	if err != nil {
		return nil, false, err
	}
	e.next = strings.Join(append(e.nextSteps(cfg.Policy, contact), elsewhere...), ". ")
	e.setWhy()
	return e, true, nil
}

// explainContact explains a contact as of a time, but for what comes next. number is its
// number, if something lies on that.
func explainContact(cfg *config.Config, s *store.Store, contact, number subject, at hygiene.Instant) (*Explanation, error) {
	e := &Explanation{policy: cfg.Policy, Explanation: view.Explanation{Contact: contact.Key, AskedAs: contact.Alias, Phone: contact.Phone, Status: contact.Status(at).String(), AsOf: at,
		Attributes: contact.Attributes, History: historyOf(contact.Contact)}}
	if e.Phone == "" && cfg.Keys.Phone {
		e.Phone = e.Contact
	}
	for _, t := range contact.Tags {
		e.Tags = append(e.Tags, t.Name)
	}
	names, err := s.Names(contact.Key)
	if err != nil {
		return nil, err
	}
	e.MergedFrom = names[1:]
	if err := e.addSegments(cfg, s, contact.Contact); err != nil {
		return nil, err
	}
	if err := e.addTimeline(s, contact.Contact); err != nil {
		return nil, err
	}
	r := &evidenceReader{subject: contact, policy: cfg.Policy, store: s, timeline: e.Timeline, asOf: at}
	if err := r.addTo(e); err != nil {
		return nil, err
	}
	if number.Contact != nil {
		r.subject, r.of = number, contact.Key
		if err := r.addSuppressions(e); err != nil {
			return nil, err
		}
		e.joinCopies()
		e.addLedger(r.ledger, contact.Phone)
	}
	e.reason = e.statusReason(cfg)
	return e, nil
}

// addTimeline adds the events that the subject's history keeps.
func (e *Explanation) addTimeline(s *store.Store, c *hygiene.Contact) error {
	events, err := s.Timeline(c)
	for i := range events {
		e.Timeline = append(e.Timeline, view.EventOf(&events[i]))
	}
	if first := c.History.FirstSeen(); err == nil && first != 0 {
		e.Pruned, err = app.Pruned(s, first, app.PrunedEvents)
	}
	return err
}

// setWhy joins the sentences that people read first.
func (e *Explanation) setWhy() {
	e.Why = e.name() + " is " + e.Status + e.reason
	if e.next != "" {
		e.Why += ". " + e.next
	}
}

func (e *Explanation) is(s hygiene.Status) bool { return e.Status == s.String() }

func historyOf(c *hygiene.Contact) map[string]view.OutcomeHistory {
	history := map[string]view.OutcomeHistory{}
	for _, name := range hygiene.OutcomeNames() {
		o, _ := hygiene.ParseOutcome(name)
		if t := c.History.Outcome(o); len(t.Entries) > 0 {
			history[name] = view.OutcomeHistory{Count: len(t.Entries), More: t.Dropped, FirstAt: t.First, LastAt: t.Last().At}
		}
	}
	return history
}

// addSegments adds the lists and pins of the contact, and which segments it is in,
// and why.
func (e *Explanation) addSegments(cfg *config.Config, s *store.Store, c *hygiene.Contact) error {
	snapshot, err := s.Snapshot()
	if err != nil {
		return err
	}
	defer snapshot.Close()
	if e.Lists, err = snapshot.ListsOf(c.Key); err != nil {
		return err
	}
	m := segments.NewMembership(cfg.Segments, snapshot, e.AsOf)
	m.Reset(c)
	e.Segments, e.Conditions = map[string]bool{}, map[string]hygiene.Finding{}
	for _, segment := range cfg.Segments {
		f, err := m.Explain(segment.Name)
		if err != nil {
			return err
		}
		e.Segments[segment.Name], e.Conditions[segment.Name] = f.Holds, f
	}
	pins, err := snapshot.PinsOf(c.Key)
	for i := range pins {
		e.Pins = append(e.Pins, e.pinOf(&pins[i]))
	}
	return err
}

// pinOf compares a pin with the segments of the contact.
func (e *Explanation) pinOf(p *segments.Pin) view.Pin {
	isIn, exists := e.Segments[p.Segment]
	pin := view.Pin{Segment: p.Segment, Pin: p.Way(), At: p.At, By: p.By, Note: p.Note, Acts: exists && isIn != p.Out}
	switch {
	case !exists:
		pin.Why = "the config has no such segment"
	case !pin.Acts:
		pin.Why = e.Conditions[p.Segment].Why.String()
	}
	return pin
}
