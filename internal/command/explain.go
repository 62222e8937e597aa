package command

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

// explanation is all that winnow knows of a contact. Absent things are absent
// keys.
type explanation struct {
	Contact      string                     `json:"contact"`
	Phone        string                     `json:"phone,omitempty"`
	Status       string                     `json:"status"`
	AsOf         hygiene.Instant            `json:"as_of"`
	Why          string                     `json:"why"`
	Suppressions []suppression              `json:"suppressions,omitempty"`
	Retry        *retry                     `json:"retry,omitempty"`
	Tags         []string                   `json:"tags,omitempty"`
	Lists        []string                   `json:"lists,omitempty"`
	Pins         []pinning                  `json:"pins,omitempty"`
	Attributes   hygiene.Attributes         `json:"attributes,omitempty"`
	History      map[string]outcomeSeen     `json:"history,omitempty"`
	Segments     map[string]bool            `json:"segments,omitempty"`
	Conditions   map[string]hygiene.Finding `json:"conditions,omitempty"`
	Timeline     []happening                `json:"timeline,omitempty"`

	state  string              // who, status and why
	next   string              // what ends that, and how to
	ledger []store.LedgerEntry // the latest first, for people
}

// suppression is an open one, or one that a breaker holds. Of the events that were counted Events has those
// that the log still has.
type suppression struct {
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
	Events   []happening      `json:"events,omitempty"`

	stands string // since when and until when, and who said so
}

// pinning is a pin of the contact, and whether the contact is where it says.
type pinning struct {
	Segment string          `json:"segment"`
	Pin     string          `json:"pin"` // in or out
	At      hygiene.Instant `json:"at"`
	By      string          `json:"by"`
	Note    string          `json:"note,omitempty"`
	Acts    bool            `json:"acts"`
	Why     string          `json:"why,omitempty"` // it does not act
}

// words is the pin as people say it.
func (p *pinning) words() string {
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

type retry struct {
	DueAt     hygiene.Instant `json:"due_at"`
	Attempt   int             `json:"attempt"`
	MessageID string          `json:"message_id,omitempty"`
	Attempts  int             `json:"attempts,omitempty"` // how many the rule allows, while it reads as it did
	LapsesAt  hygiene.Instant `json:"lapses_at"`
	Rule      string          `json:"rule"`
	Bounce    *happening      `json:"bounce,omitempty"`
}

type outcomeSeen struct {
	Count   int             `json:"count"`
	More    bool            `json:"more,omitempty"` // older ones were dropped
	FirstAt hygiene.Instant `json:"first_at"`
	LastAt  hygiene.Instant `json:"last_at"`
}

type happening struct {
	At        hygiene.Instant `json:"at"`
	Seq       int64           `json:"seq"`
	Outcome   string          `json:"outcome"`
	Code      any             `json:"code,omitempty"`
	MessageID string          `json:"message_id"`
}

// explainCommand tells what winnow knows of a contact.
type explainCommand struct {
	Contact string `arg:"" help:"The contact's key."`
	Verbose bool   `short:"v" help:"Show all: the conditions of the segments, the ledger and the timeline."`
	Segment string `placeholder:"NAME" help:"Show the conditions of this segment only."`
}

// Run explains the contact.
func (x explainCommand) Run(c *call) error {
	return c.look(func(h *house) error {
		key, err := h.config.Keys.Normalize(x.Contact)
		if err != nil {
			return err
		}
		if err := x.checkSegment(h.config); err != nil {
			return err
		}
		e, ok, err := explain(h.config, h.store, key, c.present())
		switch {
		case err != nil:
			return err
		case !ok:
			return nobody(h, x.Contact, key)
		case c.json:
			x.narrow(e)
			return c.printJSON(e)
		}
		s := &screen{Writer: c.Stdout, verbose: x.Verbose, paint: c.inColour()}
		if x.Segment != "" {
			s.tree(e, x.Segment)
			return nil
		}
		s.show(e, h.config)
		if !x.Verbose {
			fmt.Fprintf(c.Stdout, "\n%s shows the conditions, the ledger and the timeline\n", typed("winnow explain", key, "-v"))
		}
		return nil
	})
}

func (x explainCommand) checkSegment(cfg *config.Config) error {
	var names []string
	for _, s := range cfg.Segments {
		if s.Name == x.Segment {
			return nil
		}
		names = append(names, s.Name)
	}
	if x.Segment == "" {
		return nil
	}
	return fmt.Errorf("there is no segment %q in %s; it has %q", x.Segment, cfg.Path, names)
}

// narrow leaves only the conditions of the segment that was asked for.
func (x explainCommand) narrow(e *explanation) {
	if x.Segment != "" {
		e.Conditions = map[string]hygiene.Finding{x.Segment: e.Conditions[x.Segment]}
	}
}

// explain gathers what is known of the contact at the time now.
func explain(cfg *config.Config, s *store.Store, key string, now hygiene.Instant) (*explanation, bool, error) {
	contact, ok, err := s.Contact(key)
	if err != nil || !ok {
		return nil, false, err
	}
	e := &explanation{Contact: contact.Key, Phone: contact.Phone, Status: contact.Status(now).String(), AsOf: now,
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
		e.Timeline = append(e.Timeline, happened(&events[i]))
	}
	g := &grounds{policy: cfg.Policy, store: s, contact: contact, known: e.Timeline}
	if err := g.tell(e); err != nil {
		return nil, false, err
	}
	e.state, e.next = e.status(), e.whatNext(cfg.Policy, contact)
	if waits := e.waits(); waits != "" {
		e.next = strings.Join(slices.DeleteFunc([]string{e.next, waits}, func(s string) bool { return s == "" }), ". ")
	}
	e.Why = e.state
	if e.next != "" {
		e.Why += ". " + e.next
	}
	return e, true, nil
}

func (e *explanation) is(s hygiene.Status) bool { return e.Status == s.String() }

func happened(e *hygiene.Event) happening {
	return happening{e.At, e.Seq, e.Outcome.String(), codeOf(e.Code), e.MessageID}
}

// codeOf is a code as the provider sends it: a number where it is one.
func codeOf(code string) any {
	switch {
	case code == "":
		return nil
	case hygiene.ParseValue(code).Type == hygiene.Number:
		return json.Number(code)
	}
	return code
}

func historyOf(c *hygiene.Contact) map[string]outcomeSeen {
	seen := map[string]outcomeSeen{}
	for _, name := range hygiene.OutcomeNames() {
		o, _ := hygiene.ParseOutcome(name)
		if t := c.History.Trail(o); len(t.Entries) > 0 {
			seen[name] = outcomeSeen{len(t.Entries), t.Dropped, t.First, t.Last().At}
		}
	}
	return seen
}

// placeInSegments tells which segments the contact is in, and why.
func (e *explanation) placeInSegments(cfg *config.Config, s *store.Store, c *hygiene.Contact) error {
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
		e.Pins = append(e.Pins, e.pinning(&pins[i]))
	}
	return err
}

func (e *explanation) pinning(p *segments.Pin) pinning {
	is, known := e.Segments[p.Segment]
	told := pinning{Segment: p.Segment, Pin: p.Way(), At: p.At, By: p.By, Note: p.Note, Acts: known && is != p.Out}
	switch {
	case !known:
		told.Why = "the config has no such segment"
	case !told.Acts:
		told.Why = e.Conditions[p.Segment].Why.String()
	}
	return told
}
