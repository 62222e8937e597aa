package hygiene

import (
	"slices"
	"time"
)

// Breaker doubts a surge. When one outcome has an unusually high share of the
// events of a source, the provider or the carrier is far more likely at fault than
// the contacts. What rules make of those events is held until someone confirms it.
// A breaker trips at its share or at its rate, whichever comes first.
type Breaker struct {
	Outcome Outcome
	Share   float64       // of the events of a source, 0 to 1; the breaker trips from here on; 0 for no share
	Window  time.Duration // how far back from the event that is looked at events are counted
	Min     int           // with fewer events in the window the share never trips it
	Rate    int           // it trips from so many events of the outcome within the window on; 0 for no rate
	Tell    bool          // it only reports a surge, and holds nothing
}

// ActingBreakers are the breakers as they act: one on an outcome for which a rule
// suppresses for a protected reason only reports. To hold what a person said would be to
// text them against their word.
func (p *Policy) ActingBreakers(list []Breaker) []Breaker {
	acting := slices.Clone(list)
	for i := range acting {
		acting[i].Tell = acting[i].Tell || p.ProtectedBy(acting[i].Outcome) != ""
	}
	return acting
}

// ProtectedBy is the name of a rule that suppresses for a protected reason on that
// outcome; empty for none.
func (p *Policy) ProtectedBy(o Outcome) string {
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.When != nil && r.When.Outcomes.Has(o) && r.Then.Suppress != nil && p.Protects(r.Then.Suppress.Reason) {
			return r.Name
		}
	}
	return ""
}
