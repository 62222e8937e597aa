package provider

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
)

// Meanings is the outcome table of a source, for who asks what can come of it
// rather than what an event means.
type Meanings struct{ table table }

// MeaningsOf is the table of a preset with a source's own lines. Its errors are
// those of [New].
func MeaningsOf(preset string, lines []Line) (Meanings, error) {
	p, ok := presets[preset]
	if !ok {
		return Meanings{}, fmt.Errorf("unknown preset %q: known is %s", preset, strings.Join(Presets(), ", "))
	}
	t, err := tableOf(p.outcomes, lines)
	return Meanings{t}, err
}

// Possible is every outcome that an event can have; with codes, an event with
// one of them. Unrecognized always is: providers send what no table knows.
func (m Meanings) Possible(codes ...string) hygiene.Outcomes {
	all := hygiene.OutcomesOf(hygiene.Unrecognized)
	for h, o := range m.table {
		if len(codes) == 0 {
			all |= hygiene.OutcomesOf(o)
		}
		for _, code := range codes {
			all |= hygiene.OutcomesOf(m.table.outcome(h.event, code))
		}
	}
	return all
}

// Of is what lines for that very code say.
func (m Meanings) Of(code string) hygiene.Outcomes {
	var all hygiene.Outcomes
	for h, o := range m.table {
		if h.code == codeOfText(code) && code != "" {
			all |= hygiene.OutcomesOf(o)
		}
	}
	return all
}

// Lines is the source's whole table, in the order of event and code.
func (r *Reader) Lines() []Line {
	var lines []Line
	for h, o := range r.table {
		lines = append(lines, Line{Event: h.event, Code: h.code, Outcome: o})
	}
	slices.SortFunc(lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Event, b.Event), cmp.Compare(len(a.Code), len(b.Code)), cmp.Compare(a.Code, b.Code))
	})
	return lines
}
