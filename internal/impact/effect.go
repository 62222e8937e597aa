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

// effect counts what an act by hand does to contacts. Numbers are contacts.
type effect struct {
	now hygiene.Instant

	Contacts        int64 `json:"contacts"` // that it concerns
	Released        int64 `json:"released"` // suppressed no longer
	NewlySuppressed int64 `json:"suppressed"`
	// Kept are suppressed before and after; Idle are not suppressed
	// either way: evidence about them counts no longer, or again.
	Kept       int64                 `json:"still_suppressed"`
	Unaffected int64                 `json:"not_suppressed"`
	Retries    int64                 `json:"retries"` // who come to have a retry
	Rules      []*ruleImpact         `json:"rules"`
	Samples    map[string]*ui.Sample `json:"samples"`

	rules map[ruleEffectKey]*ruleImpact
}

// ruleImpact is what becomes of the suppressions of one rule for one reason.
type ruleImpact struct {
	Rule    string    `json:"rule"` // empty for what was done by hand
	Reason  string    `json:"reason"`
	Lifted  int64     `json:"lifted"`
	Opened  int64     `json:"opened"`
	Samples ui.Sample `json:"samples"`
}

type ruleEffectKey struct{ rule, reason string }

func newEffect(now hygiene.Instant) *effect {
	e := &effect{now: now, Samples: map[string]*ui.Sample{}, rules: map[ruleEffectKey]*ruleImpact{}}
	for _, name := range []string{"released", "suppressed", "still_suppressed", "not_suppressed"} {
		e.Samples[name] = &ui.Sample{}
	}
	return e
}

// observe counts one contact.
func (e *effect) observe(before, after *hygiene.Contact) {
	e.Contacts++
	was, is := before.Status(e.now) == hygiene.IsSuppressed, after.Status(e.now) == hygiene.IsSuppressed
	name, n := "not_suppressed", &e.Unaffected
	switch {
	case was && is:
		name, n = "still_suppressed", &e.Kept
	case was:
		name, n = "released", &e.Released
	case is:
		name, n = "suppressed", &e.NewlySuppressed
	}
	*n++
	e.Samples[name].Add(before.Key)
	if after.Retry.OpenAt(e.now) && !before.Retry.OpenAt(e.now) {
		e.Retries++
	}
	e.compare(before, after, func(r *ruleImpact) { r.Lifted++ })
	e.compare(after, before, func(r *ruleImpact) { r.Opened++ })
}

// compare counts the suppressions that a has and b has not.
func (e *effect) compare(a, b *hygiene.Contact, count func(*ruleImpact)) {
	open := b.OpenSuppressions(e.now)
	for _, s := range a.OpenSuppressions(e.now) {
		if slices.ContainsFunc(open, func(o hygiene.Suppression) bool { return o.Reason == s.Reason && o.Hand == s.Hand }) {
			continue
		}
		r := e.of(s.Rule, s.Reason)
		count(r)
		r.Samples.Add(a.Key)
	}
}

func (e *effect) of(rule, reason string) *ruleImpact {
	key := ruleEffectKey{rule, reason}
	if e.rules[key] == nil {
		e.rules[key] = &ruleImpact{Rule: rule, Reason: reason, Samples: ui.Sample{}}
	}
	return e.rules[key]
}

// add adds what another reader counted.
func (e *effect) add(f *effect) {
	e.Contacts, e.Released, e.NewlySuppressed = e.Contacts+f.Contacts, e.Released+f.Released, e.NewlySuppressed+f.NewlySuppressed
	e.Kept, e.Unaffected, e.Retries = e.Kept+f.Kept, e.Unaffected+f.Unaffected, e.Retries+f.Retries
	for name, keys := range f.Samples {
		for _, key := range *keys {
			e.Samples[name].Add(key)
		}
	}
	for _, of := range f.rules {
		r := e.of(of.Rule, of.Reason)
		r.Lifted, r.Opened = r.Lifted+of.Lifted, r.Opened+of.Opened
		for _, key := range of.Samples {
			r.Samples.Add(key)
		}
	}
}

// done lists the rules, the most first.
func (e *effect) done() *effect {
	e.Rules = slices.SortedFunc(maps.Values(e.rules), func(a, b *ruleImpact) int {
		return cmp.Or(cmp.Compare(b.Lifted+b.Opened, a.Lifted+a.Opened), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Reason, b.Reason))
	})
	if e.Rules == nil {
		e.Rules = []*ruleImpact{}
	}
	return e
}

// print shows the numbers to people, each with what it means.
func (e *effect) print(w io.Writer, idle string) {
	var rows [][]string
	tell := func(name string, n int64, meaning, samples string) {
		if n > 0 {
			rows = append(rows, []string{name, ui.Number(n), meaning, e.excerpt(samples)})
		}
	}
	tell("released", e.Released, "can be texted again", "released")
	tell("suppressed", e.NewlySuppressed, "can't be texted any more", "suppressed")
	tell("still suppressed", e.Kept, "for another reason, or on other evidence", "still_suppressed")
	tell("not suppressed", e.Unaffected, idle, "not_suppressed")
	tell("retries", e.Retries, "of them may be tried again at a date", "")
	fmt.Fprintln(w)
	ui.Table(w, rows)
	if len(e.Rules) == 0 {
		return
	}
	rows = [][]string{{"RULE", "REASON", "LIFTED", "OPENED", "SAMPLES"}}
	for _, r := range e.Rules {
		rows = append(rows, []string{cmp.Or(r.Rule, "(by hand)"), r.Reason, ui.Number(r.Lifted), ui.Number(r.Opened), ui.FormatSamples(ui.LabeledSample{Keys: r.Samples})})
	}
	fmt.Fprintln(w)
	ui.Table(w, rows)
}

func (e *effect) excerpt(name string) string {
	sample := e.Samples[name]
	if sample == nil {
		return ""
	}
	return ui.FormatSamples(ui.LabeledSample{Keys: *sample})
}
