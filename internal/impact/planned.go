package impact

import (
	"maps"
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/config"
)

// Plan is what re-judging everyone would do. Numbers are contacts.
type Plan struct {
	Policy  string `json:"policy"`
	InForce string `json:"in_force,omitempty"` // the policy that it is compared with
	planNumbers
	OptedOut int64 `json:"released_opted_out"` // of the released, those who had opted out
	// AtReview counts those with something that judging again does not bring
	// about, and the next review does.
	AtReview int64            `json:"at_review"`
	Contacts int64            `json:"contacts"` // looked at
	Unswept  int64            `json:"unswept"`  // events that wait for the next sweep, and are not in the plan
	Before   map[string]int64 `json:"statuses_before"`
	After    map[string]int64 `json:"statuses_after"`
	Rules    []plannedRule    `json:"rules"`
	Segments []plannedSegment `json:"segments"`
	Backtest *Backtest        `json:"backtest,omitempty"`

	outcomes                            bool  // a source's lines of outcomes are others than in force
	atOnce                              int64 // contacts with something that judging again brings about
	otherwise                           int64 // contacts with other changes only
	newlySuppressed, noLongerSuppressed int64 // contacts that come to be suppressed, and that cease to be
}

// planNumbers are how many contacts change in which way.
type planNumbers struct {
	Suppressed     int64 `json:"suppressed"`
	Released       int64 `json:"released"`
	Retries        int64 `json:"retries"`
	DroppedRetries int64 `json:"dropped_retries"`
	Prolonged      int64 `json:"prolonged"`
	Shortened      int64 `json:"shortened"`
	Tagged         int64 `json:"tagged"`
	Untagged       int64 `json:"untagged"`
	Reopened       int64 `json:"reopened"`
	Restated       int64 `json:"restated"`
}

// plannedKinds are the kinds in the order of hygiene.PlannedKind: as they are
// called, and as the head of a column.
var plannedKinds = [hygiene.PlannedKinds]struct{ name, head string }{
	{"suppressed", "SUPPRESSED"}, {"released", "RELEASED"}, {"retries", "RETRIES"}, {"dropped_retries", "DROPPED"}, {"prolonged", "PROLONGED"},
	{"shortened", "SHORTENED"}, {"tagged", "TAGGED"}, {"untagged", "UNTAGGED"}, {"reopened", "REOPENED"}, {"restated", "RESTATED"},
}

func numbersOf(n [hygiene.PlannedKinds]int64) planNumbers {
	return planNumbers{n[hygiene.PlannedSuppression], n[hygiene.PlannedRelease], n[hygiene.PlannedRetry], n[hygiene.PlannedDrop], n[hygiene.PlannedProlonging],
		n[hygiene.PlannedShortening], n[hygiene.PlannedTag], n[hygiene.PlannedUntag], n[hygiene.PlannedReopening], n[hygiene.PlannedRestatement]}
}

// reading is how a rule or a segment reads, against the config in force.
type reading string

const (
	readsNew     reading = "new"
	readsChanged reading = "changed"
	readsGone    reading = "gone"
	readsSame    reading = "same"
)

// plannedRule is what comes of one rule: what it opens, sets or tags, and what
// goes that it had done.
type plannedRule struct {
	Name    string  `json:"name"`
	Reading reading `json:"reading"`
	// AtReview says that what it opens comes with the next review.
	AtReview bool `json:"at_review,omitempty"`
	planNumbers
	// Samples are a few of the contacts, by Kinds of each kind.
	Samples []string            `json:"samples"`
	Kinds   map[string][]string `json:"samples_by_kind"`

	count *ruleCount
}

// plannedSegment is who would enter and leave a segment. How many are in it is
// only counted when everyone is asked, because it reads otherwise.
type plannedSegment struct {
	Name    string   `json:"name"`
	Reading reading  `json:"reading"`
	Before  *int64   `json:"before,omitempty"`
	After   *int64   `json:"after,omitempty"`
	Entered int64    `json:"entered"`
	Left    int64    `json:"left"`
	Samples []string `json:"samples"`
	Came    []string `json:"samples_entered"`
	Gone    []string `json:"samples_left"`
}

// sameOutcomes tells whether the sources read events alike in both configs.
func sameOutcomes(a, b *config.Config) bool {
	lines := func(c *config.Config) map[string][]provider.Line {
		byName := map[string][]provider.Line{}
		for _, s := range c.Sources {
			byName[s.Name] = s.Outcomes
		}
		return byName
	}
	return maps.EqualFunc(lines(a), lines(b), slices.Equal[[]provider.Line])
}

func newPlan(cfg *config.Config, base *baseline, f *comparison, n *tally, unswept int64) *Plan {
	p := &Plan{Policy: cfg.Hash, planNumbers: numbersOf(n.kinds), OptedOut: n.optedOut, AtReview: n.atReview, Contacts: n.contacts, Unswept: unswept,
		Before: map[string]int64{}, After: map[string]int64{}, Rules: []plannedRule{}, Segments: []plannedSegment{},
		atOnce: n.atOnce, otherwise: n.otherwise}
	if base.inForce != nil {
		p.InForce = base.inForce.Hash
		p.outcomes = !sameOutcomes(base.inForce, cfg)
	}
	p.countStatuses(n)
	p.addRules(cfg.Policy, base.policy(), n.rules)
	for i := range f.segments {
		p.Segments = append(p.Segments, newPlannedSegment(&f.segments[i], &n.segments[i]))
	}
	return p
}

func (p *Plan) countStatuses(n *tally) {
	for was := hygiene.Active; was <= hygiene.IsSuppressed; was++ {
		for is := hygiene.Active; is <= hygiene.IsSuppressed; is++ {
			p.Before[was.String()] += n.transitions[was][is]
			p.After[is.String()] += n.transitions[was][is]
			switch {
			case was != hygiene.IsSuppressed && is == hygiene.IsSuppressed:
				p.newlySuppressed += n.transitions[was][is]
			case was == hygiene.IsSuppressed && is != hygiene.IsSuppressed:
				p.noLongerSuppressed += n.transitions[was][is]
			}
		}
	}
}

// addRules lists the rules of the config in their order, then those that are
// gone and of which something stood.
func (p *Plan) addRules(given, inForce *hygiene.Policy, counts map[string]*ruleCount) {
	for i := range given.Rules {
		r := &given.Rules[i]
		n := counts[r.Name]
		if n == nil {
			n = &ruleCount{}
		}
		how := readsSame
		switch {
		case !has(inForce, r.Name):
			how = readsNew
		case n.edited || !given.Agrees(inForce, r.Name):
			how = readsChanged
		}
		p.Rules = append(p.Rules, newPlannedRule(r.Name, how, n))
		p.Rules[i].AtReview = r.When == nil && !given.Agrees(inForce, r.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if name != "" && !has(given, name) {
			p.Rules = append(p.Rules, newPlannedRule(name, readsGone, counts[name]))
		}
	}
}

func has(p *hygiene.Policy, rule string) bool {
	return p != nil && slices.ContainsFunc(p.Rules, func(r hygiene.Rule) bool { return r.Name == rule })
}

func newPlannedRule(name string, how reading, n *ruleCount) plannedRule {
	r := plannedRule{Name: name, Reading: how, planNumbers: numbersOf(n.kinds), Samples: []string{}, Kinds: map[string][]string{}, count: n}
	for k, list := range n.samples {
		if len(list) > 0 {
			r.Kinds[plannedKinds[k].name] = list
			r.Samples = append(r.Samples, list...)
		}
	}
	slices.Sort(r.Samples)
	r.Samples = slices.Compact(r.Samples)
	return r
}

func newPlannedSegment(s *comparedSegment, n *segmentCount) plannedSegment {
	p := plannedSegment{Name: s.name, Reading: readsSame, Entered: n.entered, Left: n.left,
		Came: append([]string{}, n.enteredSample...), Gone: append([]string{}, n.leftSample...)}
	p.Samples = slices.Compact(slices.Sorted(slices.Values(slices.Concat(p.Came, p.Gone))))
	if p.Samples == nil {
		p.Samples = []string{}
	}
	switch {
	case !s.was:
		p.Reading = readsNew
	case !s.is:
		p.Reading = readsGone
	case s.redefined:
		p.Reading = readsChanged
	}
	if s.redefined {
		p.Before, p.After = &n.before, &n.after
	}
	return p
}

// HasChanges tells whether anybody would stand otherwise, or be in another segment.
func (p *Plan) HasChanges() bool {
	return p.atOnce+p.AtReview > 0 || slices.ContainsFunc(p.Segments, plannedSegment.hasChanges)
}

func (s plannedSegment) hasChanges() bool { return s.Entered+s.Left > 0 }
