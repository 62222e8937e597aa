package hygiene

// horizon is the time up to which a replay does not evaluate a rule, because the
// history no longer shows everything that the rule looked at; 0 when it shows
// everything. What the rule opened up to then is frozen, and what it lifted stays
// lifted.
type horizon struct{ opens, lifts Instant }

// horizons is the horizon of each rule.
func (p *Policy) horizons(h *History) []horizon {
	horizons := make([]horizon, len(p.Rules))
	if h.knownSince(allOutcomes) == 0 {
		return horizons // nothing was dropped
	}
	for i := range p.Rules {
		if r := &p.Rules[i]; r.When != nil {
			horizons[i] = horizon{p.opensHorizon(h, r), r.liftsHorizon(h)}
		}
	}
	p.raiseForRetries(horizons)
	return horizons
}

// raiseForRetries raises the horizon of rules that retry to that of all rules that
// suppress: a suppression that the history no longer shows may be why there was no
// retry.
func (p *Policy) raiseForRetries(horizons []horizon) {
	var highest Instant
	for i := range p.Rules {
		if p.Rules[i].Then.Suppress != nil {
			highest = max(highest, horizons[i].opens)
		}
	}
	for i := range p.Rules {
		if p.Rules[i].Then.Retry != nil {
			horizons[i].opens = max(horizons[i].opens, highest)
		}
	}
}

func (p *Policy) opensHorizon(h *History, r *Rule) Instant {
	t := r.horizon(h)
	if r.Then.Retry != nil {
		t = max(t, h.knownSince(OutcomesOf(Delivered)))
	}
	for i := range p.Rules {
		if u := &p.Rules[i]; u.When != nil && u.Undoes(r) && !u.AlwaysTriggers() {
			t = max(t, h.overflowedUntil(u.outcomes()))
		}
	}
	return t
}

// liftsHorizon is 0 for a rule that lifts on every event of its outcomes: the
// history keeps the latest of those, and one of them lifts what any dropped one
// did.
func (r *Rule) liftsHorizon(h *History) Instant {
	if r.AlwaysTriggers() {
		return 0
	}
	return r.horizon(h)
}

// horizon is the time up to which the history does not show everything that the
// rule itself looks at.
func (r *Rule) horizon(h *History) Instant {
	return max(h.knownSince(r.When.Outcomes|r.When.Since), h.overflowedUntil(r.whereOf))
}

// overflowedUntil is the latest time at which one of the outcomes that overflowed
// was seen. How they looked to a condition before then is lost.
func (h *History) overflowedUntil(set Outcomes) Instant {
	var t Instant
	for o := range set.All() {
		if trail := &h.outcomes[o]; trail.Dropped {
			t = max(t, trail.Last().At, trail.Oldest())
		}
	}
	return t
}
