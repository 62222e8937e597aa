package impact

import (
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/forecast"
	"winnow/internal/ui"
)

// coverage is how many contacts a rule or a segment hits, and how many of them never had a
// terminal event: nobody knows of any message what became of it, so what the rule takes
// for their silence may be that of the reports.
type coverage struct {
	Hits       int64 `json:"hits"`
	Unmeasured int64 `json:"never_measured"`
}

func (c *coverage) add(contact *hygiene.Contact) {
	c.Hits++
	if !contact.History.WasMeasured() {
		c.Unmeasured++
	}
}

func (c *coverage) addAll(d coverage) {
	c.Hits, c.Unmeasured = c.Hits+d.Hits, c.Unmeasured+d.Unmeasured
}

// isPoor reports whether over a fifth of the contacts were never measured.
func (c *coverage) isPoor() bool { return 5*c.Unmeasured > c.Hits }

// hitKinds are the changes of contacts that a rule hits.
const hitKinds kindSet = 1<<forecast.PlannedSuppression | 1<<forecast.PlannedRetry | 1<<forecast.PlannedTag

// cover counts the contact for each rule that hits it.
func (t *tally) cover(c *hygiene.Contact, changes []forecast.Planned) {
	for i := range changes {
		of := changes[i].Rule
		isHit := func(p forecast.Planned) bool { return p.Rule == of && hitKinds.has(p.Kind) }
		if isHit(changes[i]) && !slices.ContainsFunc(changes[:i], isHit) {
			t.rule(of).coverage.add(c)
		}
	}
}

// coverageNotes warn of rules and segments that hit many contacts who were never measured.
func (p *Plan) coverageNotes() (notes []string) {
	note := func(what, name string, c *coverage) {
		if c.isPoor() {
			notes = append(notes, fmt.Sprintf("warning: %s of the %s that %s %q hits never had a terminal event, such as a delivery or a bounce (%s): are they unresponsive, or were they never measured?",
				ui.Number(c.Unmeasured), ui.Count(c.Hits, "contact"), what, name, ui.PercentOf(c.Unmeasured, c.Hits)))
		}
	}
	for i := range p.Rules {
		note("rule", p.Rules[i].Name, &p.Rules[i].Coverage)
	}
	for i := range p.Segments {
		note("segment", p.Segments[i].Name, &p.Segments[i].Coverage)
	}
	return notes
}
