// Package impact shows what a change does to contacts before it is made, and makes
// it: the plan of a changed config with its backtest, rejudge, reclassify, undo,
// and the review of what a breaker holds.
//
// Each of them previews unless asked to apply. A preview counts what the
// applying code does to copies of the contacts, so both agree.
//
// Where to change what:
//
//   - what a plan counts about a contact: tally in tally.go; what it counts as a
//     change is decided by forecast.Planner;
//   - a new kind of change: [planCounts] and kindNames in plan.go, summaryRows in
//     plan_text.go;
//   - what undo counts: effect in effect.go;
//   - which batches can be undone: checkUndoable in undo.go;
//   - sentences: plan_text.go, backtest_text.go, and the summary method of each
//     result.
package impact

import (
	"context"
	"maps"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/forecast"
	"winnow/hygiene/provider"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/ui"
)

// Plan is what rejudging all contacts by a config would do. Numbers are contacts.
type Plan struct {
	Policy  string `json:"policy"`
	InForce string `json:"in_force,omitempty"` // the policy it is compared with
	planCounts
	OptedOut int64 `json:"released_opted_out"` // of the released, those for a protected reason
	AtReview int64 `json:"at_review"`          // with a change that the next review makes, not rejudge
	Contacts int64 `json:"contacts"`           // compared
	Unswept  int64 `json:"unswept"`            // events that wait for the next sweep and are not in the plan
	// Sharing is how many contacts share their number with others, now or before, when the
	// config counts outcomes against numbers that were not always counted: what several of
	// them gave together is not in the plan.
	Sharing  int64            `json:"sharing_numbers,omitempty"`
	Before   map[string]int64 `json:"statuses_before"`
	After    map[string]int64 `json:"statuses_after"`
	Rules    []plannedRule    `json:"rules"`
	Segments []plannedSegment `json:"segments"`
	Warnings []string         `json:"warnings"` // of rules and segments that hit contacts who were never measured
	Backtest *Backtest        `json:"backtest,omitempty"`

	outcomesDiffer     bool             // a source maps events to outcomes otherwise than in force
	atRejudge          int64            // contacts with a change that rejudge makes
	otherChanges       int64            // contacts that are neither suppressed nor released nor retried, but changed
	newlySuppressed    int64            // contacts that become suppressed
	noLongerSuppressed int64            // contacts that stop being suppressed
	keptFor            map[string]int64 // contacts kept, by protected reason
	liftedFor          map[string]int64 // contacts of which it is lifted, by protected reason
}

// planCounts are the numbers of contacts by kind of change.
type planCounts struct {
	Suppressed     int64 `json:"suppressed"`
	Released       int64 `json:"released"`
	Retries        int64 `json:"retries"`
	DroppedRetries int64 `json:"dropped_retries"`
	Prolonged      int64 `json:"prolonged"`
	Shortened      int64 `json:"shortened"`
	Tagged         int64 `json:"tagged"`
	Untagged       int64 `json:"untagged"`
	Reopened       int64 `json:"reopened"`
	Kept           int64 `json:"kept"`
	Restated       int64 `json:"restated"`
}

// kindNames are the JSON key and the column title of each kind of change, in the
// order of forecast.PlannedKind.
var kindNames = [forecast.PlannedKinds]struct{ key, column string }{
	{"suppressed", "SUPPRESSED"}, {"released", "RELEASED"}, {"retries", "RETRIES"}, {"dropped_retries", "DROPPED"}, {"prolonged", "PROLONGED"},
	{"shortened", "SHORTENED"}, {"tagged", "TAGGED"}, {"untagged", "UNTAGGED"}, {"reopened", "REOPENED"}, {"kept", "KEPT"}, {"restated", "RESTATED"},
}

func newPlanCounts(n [forecast.PlannedKinds]int64) planCounts {
	return planCounts{n[forecast.PlannedSuppression], n[forecast.PlannedRelease], n[forecast.PlannedRetry], n[forecast.PlannedRetryEnd], n[forecast.PlannedExtension],
		n[forecast.PlannedShortening], n[forecast.PlannedTag], n[forecast.PlannedUntag], n[forecast.PlannedReopening], n[forecast.PlannedKept], n[forecast.PlannedRelabel]}
}

// edit is how a rule or a segment differs from the config in force.
type edit string

const (
	editNew     edit = "new"
	editChanged edit = "changed"
	editGone    edit = "gone"
	editNone    edit = "same"
)

// plannedRule is what changes because of one rule: what it does, and what it had
// done and is undone.
type plannedRule struct {
	Name     string `json:"name"`
	Edit     edit   `json:"reading"`
	AtReview bool   `json:"at_review,omitempty"` // what it opens comes with the next review
	planCounts
	Coverage      coverage            `json:"coverage"`
	Samples       []string            `json:"samples"` // a few of the contacts
	SamplesByKind map[string][]string `json:"samples_by_kind"`

	tally *ruleTally
}

// plannedSegment is who would enter and leave a segment. Its sizes are known only
// if the segment itself was edited: then every contact is asked.
type plannedSegment struct {
	Name    string `json:"name"`
	Edit    edit   `json:"reading"`
	Before  *int64 `json:"before,omitempty"`
	After   *int64 `json:"after,omitempty"`
	Entered int64  `json:"entered"`
	Left    int64  `json:"left"`
	// Coverage is that of all its contacts if it was edited, and of those who enter if not.
	Coverage      coverage `json:"coverage"`
	Samples       []string `json:"samples"`
	EnteredSample []string `json:"samples_entered"`
	LeftSample    []string `json:"samples_left"`
}

// MakePlan compares the contacts as they are with what the config would make of
// them. It writes nothing. With a span it also replays that much of the log.
func MakePlan(ctx context.Context, out *ui.Printer, a *app.App, span time.Duration, now hygiene.Instant) (*Plan, error) {
	base, err := readBaseline(out, a)
	if err != nil {
		return nil, err
	}
	p, err := compareContacts(ctx, out, a, base, "", now)
	if err == nil && span > 0 {
		p.Backtest, err = runBacktest(ctx, out, a, base.policy(), span, now)
	}
	return p, err
}

func newPlan(cfg *config.Config, base *baseline, c *comparison, t *tally, unswept int64) *Plan {
	p := &Plan{Policy: cfg.Hash, planCounts: newPlanCounts(t.byKind), OptedOut: t.optedOut, AtReview: t.atReview, Contacts: t.contacts, Unswept: unswept,
		Before: map[string]int64{}, After: map[string]int64{}, Rules: []plannedRule{}, Segments: []plannedSegment{},
		atRejudge: t.atRejudge, otherChanges: t.otherChanges, keptFor: t.kept, liftedFor: t.lifted}
	if base.inForce != nil {
		p.InForce = base.inForce.Hash
		p.outcomesDiffer = !sameOutcomes(base.inForce, cfg)
	}
	p.countStatuses(t)
	p.addRules(cfg.Policy, base.policy(), t.rules)
	for i := range c.segments {
		p.Segments = append(p.Segments, newPlannedSegment(&c.segments[i], &t.segments[i]))
	}
	p.Warnings = append([]string{}, p.coverageNotes()...)
	return p
}

// sameOutcomes reports whether the sources of both configs map events to the same
// outcomes.
func sameOutcomes(a, b *config.Config) bool {
	tables := func(c *config.Config) map[string][]provider.Line {
		bySource := map[string][]provider.Line{}
		for _, s := range c.Sources {
			bySource[s.Name] = s.Outcomes
		}
		return bySource
	}
	return maps.EqualFunc(tables(a), tables(b), slices.Equal[[]provider.Line])
}

func (p *Plan) countStatuses(t *tally) {
	for before := hygiene.Active; before <= hygiene.IsSuppressed; before++ {
		for after := hygiene.Active; after <= hygiene.IsSuppressed; after++ {
			n := t.transitions[before][after]
			p.Before[before.String()] += n
			p.After[after.String()] += n
			switch {
			case before != hygiene.IsSuppressed && after == hygiene.IsSuppressed:
				p.newlySuppressed += n
			case before == hygiene.IsSuppressed && after != hygiene.IsSuppressed:
				p.noLongerSuppressed += n
			}
		}
	}
}

// addRules lists the rules of the config in their order, then those that are gone
// and whose suppressions, retries or tags are undone.
func (p *Plan) addRules(given, inForce *hygiene.Policy, tallies map[string]*ruleTally) {
	for i := range given.Rules {
		r := &given.Rules[i]
		t := tallies[r.Name]
		if t == nil {
			t = &ruleTally{}
		}
		how := editNone
		switch {
		case !hasRule(inForce, r.Name):
			how = editNew
		case t.edited || !given.HasSameRule(inForce, r.Name):
			how = editChanged
		}
		planned := newPlannedRule(r.Name, how, t)
		planned.AtReview = r.When == nil && !given.HasSameRule(inForce, r.Name)
		p.Rules = append(p.Rules, planned)
	}
	for _, name := range slices.Sorted(maps.Keys(tallies)) {
		if name != "" && !hasRule(given, name) {
			p.Rules = append(p.Rules, newPlannedRule(name, editGone, tallies[name]))
		}
	}
}

func hasRule(p *hygiene.Policy, name string) bool {
	return p != nil && slices.ContainsFunc(p.Rules, func(r hygiene.Rule) bool { return r.Name == name })
}

func newPlannedRule(name string, how edit, t *ruleTally) plannedRule {
	r := plannedRule{Name: name, Edit: how, planCounts: newPlanCounts(t.byKind), Coverage: t.coverage, Samples: []string{}, SamplesByKind: map[string][]string{}, tally: t}
	for kind, sample := range t.samples {
		if len(sample) > 0 {
			r.SamplesByKind[kindNames[kind].key] = sample
			r.Samples = append(r.Samples, sample...)
		}
	}
	slices.Sort(r.Samples)
	r.Samples = slices.Compact(r.Samples)
	return r
}

func newPlannedSegment(s *comparedSegment, t *segmentTally) plannedSegment {
	p := plannedSegment{Name: s.name, Edit: editNone, Entered: t.entered, Left: t.left, Coverage: t.coverage,
		EnteredSample: append([]string{}, t.enteredSample...), LeftSample: append([]string{}, t.leftSample...)}
	p.Samples = slices.Compact(slices.Sorted(slices.Values(slices.Concat(p.EnteredSample, p.LeftSample))))
	if p.Samples == nil {
		p.Samples = []string{}
	}
	switch {
	case !s.before:
		p.Edit = editNew
	case !s.after:
		p.Edit = editGone
	case s.redefined:
		p.Edit = editChanged
	}
	if s.redefined {
		p.Before, p.After = &t.before, &t.after
	}
	return p
}

// sharingNote says what the plan does not count.
func (p *Plan) sharingNote() string {
	return ui.CountVerb(p.Sharing, "contact", "shares a phone number", "share phone numbers") + " with others, now or before: what their events together do to a number by an outcome that was not counted there is not in this plan"
}

// HasChanges reports whether a contact would change, or be in other segments.
func (p *Plan) HasChanges() bool {
	return p.atRejudge+p.AtReview > 0 || slices.ContainsFunc(p.Segments, plannedSegment.hasChanges)
}

func (s plannedSegment) hasChanges() bool { return s.Entered+s.Left > 0 }
