package provider

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
)

// Line is one line of an outcome table: what an event with that code means.
type Line struct {
	Event   string // the provider's word; case and surrounding space do not matter
	Code    string // 1400 and 1400.0 are one code; empty for any code without a line of its own; see [NoCode]
	Outcome hygiene.Outcome
}

// NoCode as the code of a line is that there is none.
const NoCode = "none"

// eventCode is the key of an outcome table: event and code as [Line] compares
// them.
type eventCode struct{ event, code string }

// OutcomeTable is an outcome table: what the events and codes of a source mean.
type OutcomeTable map[eventCode]hygiene.Outcome

// newOutcomeTable joins several lists. Of two lines for the same event and code the later
// one counts.
func newOutcomeTable(lists ...[]Line) (OutcomeTable, error) {
	t := OutcomeTable{}
	for _, lines := range lists {
		for _, l := range lines {
			event := NormalizeEvent(l.Event)
			if event == "" {
				return nil, errors.New("outcomes: a line has no event; add the provider's word, such as undelivered")
			}
			if l.Outcome.String() == "" {
				return nil, fmt.Errorf("outcomes: the line for %q has no outcome; add one, such as soft_bounce", event)
			}
			t[eventCode{event, codeOfText(l.Code)}] = l.Outcome
		}
	}
	return t, nil
}

// outcome is what an event of that name and code means.
func (t OutcomeTable) outcome(event, code string) hygiene.Outcome {
	return t.find(NormalizeEvent(event), codeOfText(code))
}

// find finds the line of exactly this code, else the line for any code. What no
// line names is Unrecognized, never guessed; but see [Refused].
func (t OutcomeTable) find(event, code string) hygiene.Outcome {
	if o, ok := t[eventCode{event, code}]; ok {
		return o
	}
	if o, ok := t[eventCode{event, NoCode}]; ok && code == "" {
		return o
	}
	if o, ok := t[eventCode{event, ""}]; ok {
		return o
	}
	if event == Refused {
		return t.refused(code)
	}
	return hygiene.Unrecognized
}

// refused is the outcome of a refusal for which the provider has no word.
func (t OutcomeTable) refused(code string) hygiene.Outcome {
	var is hygiene.Outcome
	known := 0
	for o := range t.ForCode(code).All() {
		is, known = o, known+1
	}
	if known == 1 {
		return is
	}
	return hygiene.SenderFault
}

// NormalizeEvent is the form in which the names of events are compared: trimmed, in
// lower case.
func NormalizeEvent(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// Lines is the whole table, ordered by event and code.
func (t OutcomeTable) Lines() []Line {
	var lines []Line
	for key, o := range t {
		lines = append(lines, Line{Event: key.event, Code: key.code, Outcome: o})
	}
	slices.SortFunc(lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Event, b.Event), cmp.Compare(len(a.Code), len(b.Code)), cmp.Compare(a.Code, b.Code))
	})
	return lines
}

// Possible is every outcome that an event can have; with codes, an event with one
// of them. Unrecognized is always possible: providers send what no table knows. So is the
// outcome of a refusal.
func (t OutcomeTable) Possible(codes ...string) hygiene.Outcomes {
	all := hygiene.OutcomesOf(hygiene.Unrecognized)
	if len(codes) == 0 {
		all |= hygiene.OutcomesOf(hygiene.SenderFault)
	}
	for _, code := range codes {
		all |= hygiene.OutcomesOf(t.outcome(Refused, code))
	}
	for key, o := range t {
		if len(codes) == 0 {
			all |= hygiene.OutcomesOf(o)
		}
		for _, code := range codes {
			all |= hygiene.OutcomesOf(t.outcome(key.event, code))
		}
	}
	return all
}

// ForCode is the outcomes of the lines for exactly this code.
func (t OutcomeTable) ForCode(code string) hygiene.Outcomes {
	var all hygiene.Outcomes
	for key, o := range t {
		if code != "" && key.code == codeOfText(code) {
			all |= hygiene.OutcomesOf(o)
		}
	}
	return all
}
