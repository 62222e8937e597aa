package hygiene

import (
	"time"

	"winnow/hygiene/instant"
)

// OutcomeTest holds when enough entries of the history count now.
type OutcomeTest struct{ Counting }

// Holds implements [Condition].
func (c OutcomeTest) Holds(s *Subject) bool {
	if s.finding != nil {
		return c.recordedHolds(s)
	}
	return c.reaches(&s.History, s.At, s.struck)
}

// recordedHolds is Holds for a finding. The record holds on to the test, which is
// only allocated here.
func (c OutcomeTest) recordedHolds(s *Subject) bool {
	r := c.record(&s.History, s.At, s.struck)
	s.finding.Why, s.finding.counted = r.why(), r.tally(c.Count)
	return len(r.counted) >= max(c.Count, 1)
}

// String implements [Condition].
func (c OutcomeTest) String() string { return "{" + c.Counting.String() + "}" }

func (OutcomeTest) parts() []Condition { return nil }

func (c OutcomeTest) addInputs(in *Inputs) {
	in.Outcomes |= c.Outcomes | c.Since
	in.Codes = append(in.Codes, c.Codes...)
	if c.Silent > 0 {
		in.Outcomes |= TerminalOutcomes()
	}
}

// nextChange is when the next entry becomes older than Within.
func (c OutcomeTest) nextChange(h *History, t Instant) Instant {
	var next Instant
	if c.Silent > 0 {
		next = c.silentNext(h, t)
	}
	if c.Within == 0 {
		return next
	}
	for o := range c.Outcomes.All() {
		for i := range h.outcomes[o].Entries {
			if at := h.outcomes[o].Entries[i].At.Add(c.Within) + 1; at > t {
				next = earliest(next, at)
			}
		}
	}
	return next
}

// countedAgainst are the outcomes of which a condition counts entries where more of
// them make it hold. Under a Not more of them make it fail. spared says that the
// condition is under one.
func countedAgainst(c Condition, spared bool) (set Outcomes) {
	switch c := c.(type) {
	case nil:
		return 0
	case Not:
		return countedAgainst(c.Of, !spared)
	case OutcomeTest:
		if spared {
			return 0
		}
		return c.Outcomes
	}
	for _, part := range c.parts() {
		set |= countedAgainst(part, spared)
	}
	return set
}

// SeenTest compares how long ago the contact's first or latest event was. A contact
// without events was never seen: it is neither older than nor within any time.
type SeenTest struct {
	First     bool // first_seen rather than last_seen
	OlderThan time.Duration
	Within    time.Duration // exactly one of the two is set
}

// Holds implements [Condition].
func (c SeenTest) Holds(s *Subject) bool {
	seen := c.seen(&s.History)
	ago := s.At.At.Sub(seen)
	if s.finding != nil {
		s.finding.Why = c.why(seen, s.At.At)
	}
	switch {
	case seen == 0:
		return false
	case c.Within > 0:
		return ago <= c.Within
	}
	return ago > c.OlderThan
}

// seen is the time of the event that the test is about; 0 for none.
func (c SeenTest) seen(h *History) Instant {
	if c.First {
		return h.FirstSeen()
	}
	return h.Latest().At
}

func (c SeenTest) why(seen, now Instant) Phrase {
	which := "last"
	if c.First {
		which = "first"
	}
	switch {
	case seen == 0:
		return Phrase{"never seen"}
	case seen > now:
		return Phrase{which, " seen later, at ", seen}
	}
	return Phrase{which, " seen ", roughly(now.Sub(seen)), " ago, at ", seen}
}

// String implements [Condition].
func (c SeenTest) String() string {
	name, test := "last_seen", "older_than: "+instant.FormatDuration(c.OlderThan)
	if c.First {
		name = "first_seen"
	}
	if c.Within > 0 {
		test = "within: " + instant.FormatDuration(c.Within)
	}
	return "{" + name + ": {" + test + "}}"
}

func (SeenTest) parts() []Condition { return nil }

func (SeenTest) addInputs(*Inputs) {}

// nextChange is when the event becomes older than the time that is written.
func (c SeenTest) nextChange(h *History, t Instant) Instant {
	if at := c.seen(h).Add(max(c.Within, c.OlderThan)) + 1; at > t {
		return at
	}
	return 0
}
