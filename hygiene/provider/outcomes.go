package provider

import (
	"errors"
	"fmt"
	"strings"

	"winnow/hygiene"
)

// Line is one line of an outcome table: what an event with that code means.
type Line struct {
	Event   string // the provider's word, matched without case and surrounding space
	Code    string // 1400 and 1400.0 are one code; empty for any code that has no line of its own
	Outcome hygiene.Outcome
}

// happening is what an outcome table is asked with: event and code as [Line]
// matches them.
type happening struct{ event, code string }

// table says what happenings mean.
type table map[happening]hygiene.Outcome

// tableOf makes one table of several lists. Of two lines for the same event and
// code the later one stands.
func tableOf(lists ...[]Line) (table, error) {
	t := table{}
	for _, lines := range lists {
		for _, l := range lines {
			event := word(l.Event)
			if event == "" {
				return nil, errors.New("a line of outcomes has no event: name the provider's word, such as undelivered")
			}
			if l.Outcome.String() == "" {
				return nil, fmt.Errorf("the line of outcomes for %s has no outcome: name one, such as soft_bounce", event)
			}
			t[happening{event, codeOfText(l.Code)}] = l.Outcome
		}
	}
	return t, nil
}

// outcome finds the line of that very code, else the line for any code. What no
// line names is never guessed.
func (t table) outcome(event, code string) hygiene.Outcome {
	h := happening{word(event), codeOfText(code)}
	if o, ok := t[h]; ok {
		return o
	}
	h.code = ""
	if o, ok := t[h]; ok {
		return o
	}
	return hygiene.Unrecognized
}

// word is an event's name in the form in which names are compared.
func word(event string) string { return strings.ToLower(strings.TrimSpace(event)) }
