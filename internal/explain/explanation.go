// Package explain says all that winnow knows of a contact, and why: its status in
// a sentence, the suppressions with their evidence, the retry, what each segment
// decided on, what was decided before, and what to type next.
//
// A new fact is a field of [Explanation] that [Contact] fills and text.go prints.
package explain

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/segments"
	"winnow/store"
)

// Explanation is all that winnow knows of a contact. Absent things are absent
// keys.
type Explanation struct {
	Contact      string                     `json:"contact"`
	Phone        string                     `json:"phone,omitempty"`
	Status       string                     `json:"status"`
	AsOf         hygiene.Instant            `json:"as_of"`
	Why          string                     `json:"why"`
	Suppressions []Suppression              `json:"suppressions,omitempty"`
	Retry        *Retry                     `json:"retry,omitempty"`
	Tags         []string                   `json:"tags,omitempty"`
	Lists        []string                   `json:"lists,omitempty"`
	Pins         []Pin                      `json:"pins,omitempty"`
	Attributes   hygiene.Attributes         `json:"attributes,omitempty"`
	History      map[string]OutcomeHistory  `json:"history,omitempty"`
	Segments     map[string]bool            `json:"segments,omitempty"`
	Conditions   map[string]hygiene.Finding `json:"conditions,omitempty"`
	Timeline     []Event                    `json:"timeline,omitempty"`

	state  string              // as of when and why, after the status
	next   string              // what ends that, and how to
	ledger []store.LedgerEntry // the latest first, for people
}

// Suppression is an open one, or one that a breaker holds. Of the events that were counted Events has those
// that the log still has.
type Suppression struct {
	Reason   string           `json:"reason"`
	Since    hygiene.Instant  `json:"since"`
	Until    *hygiene.Instant `json:"until,omitempty"`
	Rule     string           `json:"rule,omitempty"`
	By       string           `json:"by,omitempty"`
	Note     string           `json:"note,omitempty"`
	Evidence []int64          `json:"evidence,omitempty"`
	Hand     string           `json:"hand"`
	Policy   string           `json:"policy,omitempty"` // hash of the policy that opened it as it stands
	Held     int64            `json:"held,omitempty"`   // the breaker's trip whose review it waits for: until then it is none
	Why      string           `json:"why"`
	Events   []Event          `json:"events,omitempty"`

	described string // since when and until when, and who said so
}

// Pin is a pin of the contact, and whether the contact is where it says.
type Pin struct {
	Segment string          `json:"segment"`
	Pin     string          `json:"pin"` // in or out
	At      hygiene.Instant `json:"at"`
	By      string          `json:"by"`
	Note    string          `json:"note,omitempty"`
	Acts    bool            `json:"acts"`
	Why     string          `json:"why,omitempty"` // it does not act
}

// describe is the pin as people say it.
func (p *Pin) describe() string {
	text := p.Pin + " " + p.Segment
	if !p.Acts {
		text += ", without effect,"
	}
	text += fmt.Sprintf(" by %s since %s", p.By, p.At)
	if p.Note != "" {
		text += " (" + p.Note + ")"
	}
	return text
}

// Retry is the contact's retry, with the bounce that it is of.
type Retry struct {
	DueAt     hygiene.Instant `json:"due_at"`
	Attempt   int             `json:"attempt"`
	MessageID string          `json:"message_id,omitempty"`
	Attempts  int             `json:"attempts,omitempty"` // how many the rule allows, while it reads as it did
	LapsesAt  hygiene.Instant `json:"lapses_at"`
	Rule      string          `json:"rule"`
	Bounce    *Event          `json:"bounce,omitempty"`
}

// OutcomeHistory is how often and when the contact had an outcome.
type OutcomeHistory struct {
	Count   int             `json:"count"`
	More    bool            `json:"more,omitempty"` // older ones were dropped
	FirstAt hygiene.Instant `json:"first_at"`
	LastAt  hygiene.Instant `json:"last_at"`
}

// Event is one event of the contact.
type Event struct {
	At        hygiene.Instant `json:"at"`
	Seq       int64           `json:"seq"`
	Outcome   string          `json:"outcome"`
	Code      any             `json:"code,omitempty"`
	MessageID string          `json:"message_id"`
}

// Contact gathers what is known of the contact at the time now.
func Contact(cfg *config.Config, s *store.Store, key string, now hygiene.Instant) (*Explanation, bool, error) {
	contact, ok, err := s.Contact(key)
	if err != nil || !ok {
		return nil, false, err
	}
	e := &Explanation{Contact: contact.Key, Phone: contact.Phone, Status: contact.Status(now).String(), AsOf: now,
		Attributes: contact.Attributes, History: historyOf(contact)}
	if e.Phone == "" && cfg.Keys.Phone {
		e.Phone = e.Contact
	}
	for _, t := range contact.Tags {
		e.Tags = append(e.Tags, t.Name)
	}
	if err := e.placeInSegments(cfg, s, contact); err != nil {
		return nil, false, err
	}
	events, err := s.Timeline(contact)
	if err != nil {
		return nil, false, err
	}
	for i := range events {
		e.Timeline = append(e.Timeline, EventOf(&events[i]))
	}
	g := &evidenceReader{policy: cfg.Policy, store: s, contact: contact, known: e.Timeline}
	if err := g.collect(e); err != nil {
		return nil, false, err
	}
	e.state, e.next = e.reason(), e.whatNext(cfg.Policy, contact)
	if waits := e.heldNote(); waits != "" {
		e.next = strings.Join(slices.DeleteFunc([]string{e.next, waits}, func(s string) bool { return s == "" }), ". ")
	}
	e.Why = e.Contact + " is " + e.Status + e.state
	if e.next != "" {
		e.Why += ". " + e.next
	}
	return e, true, nil
}

func (e *Explanation) is(s hygiene.Status) bool { return e.Status == s.String() }

// EventOf is an event of the log as people and programs are shown it.
func EventOf(e *hygiene.Event) Event {
	return Event{e.At, e.Seq, e.Outcome.String(), CodeOf(e.Code), e.MessageID}
}

// CodeOf is a code as the provider sends it: a number where it is one.
func CodeOf(code string) any {
	switch {
	case code == "":
		return nil
	case hygiene.ParseValue(code).Type == hygiene.Number:
		return json.Number(code)
	}
	return code
}

func historyOf(c *hygiene.Contact) map[string]OutcomeHistory {
	seen := map[string]OutcomeHistory{}
	for _, name := range hygiene.OutcomeNames() {
		o, _ := hygiene.ParseOutcome(name)
		if t := c.History.Trail(o); len(t.Entries) > 0 {
			seen[name] = OutcomeHistory{len(t.Entries), t.Dropped, t.First, t.Last().At}
		}
	}
	return seen
}

// placeInSegments tells which segments the contact is in, and why.
func (e *Explanation) placeInSegments(cfg *config.Config, s *store.Store, c *hygiene.Contact) error {
	snapshot, err := s.Snapshot()
	if err != nil {
		return err
	}
	defer snapshot.Close()
	if e.Lists, err = snapshot.ListsOf(c.Key); err != nil {
		return err
	}
	m := segments.NewMembership(cfg.Segments, snapshot, e.AsOf)
	m.Turn(c)
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
		e.Pins = append(e.Pins, e.pin(&pins[i]))
	}
	return err
}

func (e *Explanation) pin(p *segments.Pin) Pin {
	is, known := e.Segments[p.Segment]
	told := Pin{Segment: p.Segment, Pin: p.Way(), At: p.At, By: p.By, Note: p.Note, Acts: known && is != p.Out}
	switch {
	case !known:
		told.Why = "the config has no such segment"
	case !told.Acts:
		told.Why = e.Conditions[p.Segment].Why
	}
	return told
}
