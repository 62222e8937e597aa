package impact

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"winnow/hygiene"
	"winnow/internal/ui"
)

// effect counts what undoing does to contacts. Numbers are contacts.
type effect struct {
	Contacts        int64         `json:"contacts"`                          // affected, for themselves or by their number
	Unowned         int64         `json:"numbers_without_contact,omitempty"` // phone numbers that no contact has, on which something changes
	Released        int64         `json:"released"`                          // no longer suppressed
	NewlySuppressed int64         `json:"suppressed"`
	StillSuppressed int64         `json:"still_suppressed"` // before and after
	NotSuppressed   int64         `json:"not_suppressed"`   // neither before nor after: only what counts as evidence changed
	Retries         int64         `json:"retries"`          // that get a retry
	Rules           []*ruleEffect `json:"rules"`
	Samples         effectSamples `json:"samples"`

	policy *hygiene.Policy
	now    hygiene.Instant
	rules  map[ruleAndReason]*ruleEffect
}

type effectSamples struct {
	NotSuppressed   ui.Sample `json:"not_suppressed"`
	Released        ui.Sample `json:"released"`
	StillSuppressed ui.Sample `json:"still_suppressed"`
	NewlySuppressed ui.Sample `json:"suppressed"`
}

// ruleEffect is what happens to the suppressions of one rule for one reason.
type ruleEffect struct {
	Rule    string    `json:"rule"` // empty for manual changes
	Reason  string    `json:"reason"`
	Lifted  int64     `json:"lifted"`
	Opened  int64     `json:"opened"`
	Samples ui.Sample `json:"samples"`
}

type ruleAndReason struct{ rule, reason string }

func newEffect(policy *hygiene.Policy, now hygiene.Instant) *effect {
	return &effect{policy: policy, now: now, rules: map[ruleAndReason]*ruleEffect{}, Rules: []*ruleEffect{},
		Samples: effectSamples{ui.Sample{}, ui.Sample{}, ui.Sample{}, ui.Sample{}}}
}

// observeUnowned counts a number that no contact has.
func (e *effect) observeUnowned(before, after *hygiene.Contact) {
	e.Unowned++
	e.countMissing(before, after, func(r *ruleEffect) { r.Lifted++ })
	e.countMissing(after, before, func(r *ruleEffect) { r.Opened++ })
}

// observe counts one contact. It is a [store.Observer].
func (e *effect) observe(before, after *hygiene.Contact) {
	e.Contacts++
	was, is := before.Status(e.now) == hygiene.IsSuppressed, after.Status(e.now) == hygiene.IsSuppressed
	n, sample := &e.NotSuppressed, &e.Samples.NotSuppressed
	switch {
	case was && is:
		n, sample = &e.StillSuppressed, &e.Samples.StillSuppressed
	case was:
		n, sample = &e.Released, &e.Samples.Released
	case is:
		n, sample = &e.NewlySuppressed, &e.Samples.NewlySuppressed
	}
	*n++
	sample.Add(before.Key)
	if after.Retry.OpenAt(e.now) && !before.Retry.OpenAt(e.now) {
		e.Retries++
	}
	e.countMissing(before, after, func(r *ruleEffect) { r.Lifted++ })
	e.countMissing(after, before, func(r *ruleEffect) { r.Opened++ })
}

// countMissing counts the open suppressions of a that b does not have. What stands on a
// contact and on its number is one.
func (e *effect) countMissing(a, b *hygiene.Contact, count func(*ruleEffect)) {
	seen := b.OpenSuppressions(e.now)
	for _, s := range a.OpenSuppressions(e.now) {
		if slices.ContainsFunc(seen, func(o hygiene.Suppression) bool { return o.Reason == s.Reason && o.Origin == s.Origin }) {
			continue
		}
		seen = append(seen, s)
		r := e.rule(s.Rule, s.Reason)
		count(r)
		r.Samples.Add(cmp.Or(hygiene.NumberIn(a.Key), a.Key))
	}
}

func (e *effect) rule(rule, reason string) *ruleEffect {
	key := ruleAndReason{rule, reason}
	if e.rules[key] == nil {
		e.rules[key] = &ruleEffect{Rule: rule, Reason: reason, Samples: ui.Sample{}}
	}
	return e.rules[key]
}

// liftedUnnamed are the protected reasons that are lifted and not among the named,
// sorted, and how many suppressions for them.
func (e *effect) liftedUnnamed(named []string) (reasons []string, n int64) {
	for key, r := range e.rules {
		if e.policy.Protects(key.reason) && r.Lifted > 0 && !slices.Contains(named, key.reason) {
			reasons, n = append(reasons, key.reason), n+r.Lifted
		}
	}
	slices.Sort(reasons)
	return slices.Compact(reasons), n
}

// add adds what another reader counted.
func (e *effect) add(f *effect) {
	e.Contacts, e.Unowned, e.Released, e.NewlySuppressed = e.Contacts+f.Contacts, e.Unowned+f.Unowned, e.Released+f.Released, e.NewlySuppressed+f.NewlySuppressed
	e.StillSuppressed, e.NotSuppressed, e.Retries = e.StillSuppressed+f.StillSuppressed, e.NotSuppressed+f.NotSuppressed, e.Retries+f.Retries
	e.Samples.NotSuppressed.AddAll(f.Samples.NotSuppressed)
	e.Samples.Released.AddAll(f.Samples.Released)
	e.Samples.StillSuppressed.AddAll(f.Samples.StillSuppressed)
	e.Samples.NewlySuppressed.AddAll(f.Samples.NewlySuppressed)
	for _, other := range f.rules {
		r := e.rule(other.Rule, other.Reason)
		r.Lifted, r.Opened = r.Lifted+other.Lifted, r.Opened+other.Opened
		r.Samples.AddAll(other.Samples)
	}
}

// sortRules lists the rules, those with the most suppressions first.
func (e *effect) sortRules() {
	e.Rules = slices.AppendSeq(e.Rules[:0], maps.Values(e.rules))
	slices.SortFunc(e.Rules, func(a, b *ruleEffect) int {
		return cmp.Or(cmp.Compare(b.Lifted+b.Opened, a.Lifted+a.Opened), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Reason, b.Reason))
	})
}

// each calls visit for each number that is not 0, with what it means. notSuppressed says
// what changes for contacts that are not suppressed.
func (e *effect) each(notSuppressed string, visit func(name string, n int64, meaning string, sample ui.Sample)) {
	add := func(name string, n int64, meaning string, sample ui.Sample) {
		if n > 0 {
			visit(name, n, meaning, sample)
		}
	}
	add("released", e.Released, "can be texted again", e.Samples.Released)
	add("suppressed", e.NewlySuppressed, "can no longer be texted", e.Samples.NewlySuppressed)
	add("still suppressed", e.StillSuppressed, "for another reason, or on other evidence", e.Samples.StillSuppressed)
	add("not suppressed", e.NotSuppressed, notSuppressed, e.Samples.NotSuppressed)
	add("retries", e.Retries, "of them have a retry date", nil)
}

// print prints the numbers, each with what it means, and the rules.
func (e *effect) print(w io.Writer, notSuppressed string) {
	var rows [][]string
	e.each(notSuppressed, func(name string, n int64, meaning string, sample ui.Sample) {
		rows = append(rows, []string{name, ui.Number(n), meaning, ui.FormatSamples(ui.LabeledSample{Keys: sample})})
	})
	fmt.Fprintln(w)
	ui.Table(w, rows)
	if len(e.Rules) == 0 {
		return
	}
	rows = [][]string{{"RULE", "REASON", "LIFTED", "OPENED", "SAMPLES"}}
	for _, r := range e.Rules {
		rows = append(rows, []string{cmp.Or(r.Rule, "(manual)"), r.Reason, ui.Number(r.Lifted), ui.Number(r.Opened), ui.FormatSamples(ui.LabeledSample{Keys: r.Samples})})
	}
	fmt.Fprintln(w)
	ui.Table(w, rows)
}
