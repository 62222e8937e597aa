package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	Contact      string                 `json:"contact"`
	Phone        string                 `json:"phone,omitempty"`
	Status       string                 `json:"status"`
	AsOf         hygiene.Instant        `json:"as_of"`
	Suppressions []suppression          `json:"suppressions,omitempty"`
	Retry        *retry                 `json:"retry,omitempty"`
	Tags         []string               `json:"tags,omitempty"`
	Attributes   hygiene.Attributes     `json:"attributes,omitempty"`
	History      map[string]outcomeSeen `json:"history,omitempty"`
	Segments     map[string]bool        `json:"segments,omitempty"`
	Timeline     []happening            `json:"timeline,omitempty"`

	ledger []store.LedgerEntry // the latest first, for people
}

type suppression struct {
	Reason   string           `json:"reason"`
	Since    hygiene.Instant  `json:"since"`
	Until    *hygiene.Instant `json:"until,omitempty"`
	Rule     string           `json:"rule,omitempty"`
	By       string           `json:"by,omitempty"`
	Note     string           `json:"note,omitempty"`
	Evidence []int64          `json:"evidence,omitempty"`
}

type retry struct {
	DueAt     hygiene.Instant `json:"due_at"`
	Attempt   int             `json:"attempt"`
	MessageID string          `json:"message_id,omitempty"`
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
}

// Run explains the contact.
func (x explainCommand) Run(c *call) error {
	return c.look(func(h *house) error {
		key, err := h.config.Keys.Normalize(x.Contact)
		if err != nil {
			return err
		}
		e, ok, err := explain(h.config, h.store, key, c.present())
		switch {
		case err != nil:
			return err
		case !ok:
			return fmt.Errorf("no contact %q is known: nothing happened to it yet, or its events are unmatched or not swept; winnow status counts both", key)
		case c.json:
			return c.printJSON(e)
		}
		e.print(c.Stdout, h.config)
		return nil
	})
}

// explain gathers what is known of the contact at the time now.
func explain(cfg *config.Config, s *store.Store, key string, now hygiene.Instant) (*explanation, bool, error) {
	contact, ok, err := s.Contact(key)
	if err != nil || !ok {
		return nil, false, err
	}
	e := &explanation{Contact: contact.Key, Phone: contact.Phone, Status: contact.Status(now).String(), AsOf: now, Attributes: contact.Attributes}
	for _, p := range contact.OpenSuppressions(now) {
		e.Suppressions = append(e.Suppressions, suppression{p.Reason, p.Since.At, endOf(p.Until), p.Rule, p.By, p.Note, p.Evidence})
	}
	if e.Phone == "" && cfg.Keys.Phone {
		e.Phone = e.Contact
	}
	if r := contact.Retry; r.OpenAt(now) && e.Suppressions == nil {
		e.Retry = &retry{r.Due, r.Attempt, r.MessageID}
	}
	for _, t := range contact.Tags {
		e.Tags = append(e.Tags, t.Name)
	}
	e.History = historyOf(contact)
	if e.Segments, err = segmentsOf(cfg, s, contact, now); err != nil {
		return nil, false, err
	}
	if e.ledger, err = s.Ledger(key, 10); err != nil {
		return nil, false, err
	}
	events, err := s.Timeline(contact)
	for i := range events {
		ev := &events[i]
		e.Timeline = append(e.Timeline, happening{ev.At, ev.Seq, ev.Outcome.String(), codeOf(ev.Code), ev.MessageID})
	}
	return e, true, err
}

func endOf(until hygiene.Instant) *hygiene.Instant {
	if until == 0 {
		return nil
	}
	return &until
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

// segmentsOf tells which segments the contact is in.
func segmentsOf(cfg *config.Config, s *store.Store, c *hygiene.Contact, now hygiene.Instant) (map[string]bool, error) {
	snapshot, err := s.Snapshot()
	if err != nil {
		return nil, err
	}
	m := segments.NewMembership(cfg.Segments, snapshot, now)
	m.Turn(c)
	in := map[string]bool{}
	var errs []error
	for _, segment := range cfg.Segments {
		is, err := m.In(segment.Name)
		in[segment.Name] = is
		errs = append(errs, err)
	}
	return in, errors.Join(append(errs, snapshot.Close())...)
}

// print writes the explanation for a support person: one screen.
func (e *explanation) print(w io.Writer, cfg *config.Config) {
	fmt.Fprintf(w, "%s is %s as of %s\n", e.Contact, e.Status, e.AsOf)
	rows := [][]string{}
	add := func(name, text string) {
		if text != "" {
			rows = append(rows, []string{"  " + name, text})
		}
	}
	add("phone", e.Phone)
	for _, s := range e.Suppressions {
		add("suppressed", s.sentence())
	}
	if e.Retry != nil {
		add("retry", fmt.Sprintf("attempt %d of message %s is due at %s", e.Retry.Attempt, e.Retry.MessageID, e.Retry.DueAt))
	}
	add("tags", strings.Join(e.Tags, ", "))
	for _, a := range e.Attributes {
		add(a.Name, a.Value.String())
	}
	var in, out []string
	for _, segment := range cfg.Segments {
		if e.Segments[segment.Name] {
			in = append(in, segment.Name)
		} else {
			out = append(out, segment.Name)
		}
	}
	add("in", strings.Join(in, ", "))
	add("not in", strings.Join(out, ", "))
	table(w, rows)
	e.printLedger(w)
	e.printHistory(w)
}

// printLedger writes what was decided, the latest first.
func (e *explanation) printLedger(w io.Writer) {
	if len(e.ledger) == 0 {
		return
	}
	rows := [][]string{{"DECIDED", "WHAT", "", "BY"}}
	for _, l := range e.ledger {
		what := l.Reason
		if l.Attempt > 0 {
			what = fmt.Sprintf("attempt %d", l.Attempt)
		}
		if l.Until != 0 {
			what = strings.TrimSpace(what + " until " + l.Until.String())
		}
		by := l.By
		if l.Rule != "" {
			by = "rule " + l.Rule
		}
		rows = append(rows, []string{l.At.String(), string(l.Act), what, strings.TrimSpace(by + " " + l.Note)})
	}
	fmt.Fprintln(w)
	table(w, rows)
}

func (s *suppression) sentence() string {
	text := s.Reason + " since " + s.Since.String()
	if s.Until != nil {
		text += " until " + s.Until.String()
	} else {
		text += ", for good"
	}
	switch {
	case s.Rule != "":
		text += ", by rule " + s.Rule
	case s.By != "":
		text += ", by " + s.By
	}
	if s.Evidence != nil {
		text += fmt.Sprintf(", on %s", strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Evidence), " ", ", "), "[]"))
	}
	if s.Note != "" {
		text += fmt.Sprintf(" (%s)", s.Note)
	}
	return text
}

func (e *explanation) printHistory(w io.Writer) {
	if len(e.History) == 0 {
		return
	}
	rows := [][]string{{"OUTCOME", "COUNT", "FIRST", "LAST"}}
	for _, name := range hygiene.OutcomeNames() {
		if h, ok := e.History[name]; ok {
			count := fmt.Sprint(h.Count)
			if h.More {
				count += "+"
			}
			rows = append(rows, []string{name, count, h.FirstAt.String(), h.LastAt.String()})
		}
	}
	fmt.Fprintln(w)
	table(w, rows)
	rows = [][]string{{"AT", "SEQ", "OUTCOME", "CODE", "MESSAGE"}}
	for _, t := range slices.Backward(e.Timeline) {
		code := ""
		if t.Code != nil {
			code = fmt.Sprint(t.Code)
		}
		rows = append(rows, []string{t.At.String(), fmt.Sprint(t.Seq), t.Outcome, code, t.MessageID})
		if len(rows) > 20 {
			break
		}
	}
	fmt.Fprintln(w)
	table(w, rows)
}
