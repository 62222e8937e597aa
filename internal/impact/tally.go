package impact

import (
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/forecast"
	"winnow/internal/ui"
)

// tally is what was counted about contacts, by one worker or by all.
type tally struct {
	contacts     int64
	byKind       [forecast.PlannedKinds]int64 // contacts
	otherChanges int64                        // contacts that are neither suppressed nor released nor retried, but changed
	atRejudge    int64                        // contacts with a change that rejudge makes
	atReview     int64                        // contacts with a change that only the next review makes
	protects     func(reason string) bool
	optedOut     int64            // contacts of which a protected reason is lifted
	lifted       map[string]int64 // the same, by that reason
	kept         map[string]int64 // contacts that stay suppressed for a protected reason, by it
	transitions  [hygiene.IsSuppressed + 1][hygiene.IsSuppressed + 1]int64
	rules        map[string]*ruleTally // by name
	segments     []segmentTally
}

type ruleTally struct {
	edited   bool
	byKind   [forecast.PlannedKinds]int64 // contacts
	samples  [forecast.PlannedKinds]ui.Sample
	coverage coverage
}

type segmentTally struct {
	before, after             int64
	entered, left             int64
	enteredSample, leftSample ui.Sample
	coverage                  coverage
}

func newTally(protects func(reason string) bool, segments int) *tally {
	return &tally{protects: protects, kept: map[string]int64{}, lifted: map[string]int64{}, rules: map[string]*ruleTally{}, segments: make([]segmentTally, segments)}
}

// kindSet is a set of kinds of changes.
type kindSet uint

func (s kindSet) has(k forecast.PlannedKind) bool { return s&(1<<k) != 0 }

// headlineKinds are the kinds that the first sentence of a plan names.
const headlineKinds kindSet = 1<<forecast.PlannedSuppression | 1<<forecast.PlannedRelease | 1<<forecast.PlannedRetry

// addContact counts the changes of one contact: once for each kind, and once for
// each kind and rule.
func (t *tally) addContact(key string, changes []forecast.Planned) {
	var seen kindSet
	var atRejudge, atReview, optedOut int64
	for i, change := range changes {
		if !seen.has(change.Kind) {
			t.byKind[change.Kind]++
			seen |= 1 << change.Kind
		}
		switch {
		case change.AtReview:
			atReview = 1
		case change.Kind < forecast.PlannedKept:
			atRejudge = 1
		}
		if change.Kind == forecast.PlannedRelease && t.protects(change.Reason) {
			optedOut = 1
			t.lifted[change.Reason]++
		}
		if change.Kind == forecast.PlannedKept {
			t.kept[change.Reason]++
		}
		t.rule(change.Rule).addChange(key, changes[:i], change)
	}
	t.atRejudge, t.atReview, t.optedOut = t.atRejudge+atRejudge, t.atReview+atReview, t.optedOut+optedOut
	if seen&headlineKinds == 0 && atRejudge+atReview > 0 {
		t.otherChanges++
	}
}

// addChange counts one change of a contact, unless one of the same kind and rule
// was among its earlier changes.
func (t *ruleTally) addChange(key string, earlier []forecast.Planned, change forecast.Planned) {
	t.edited = t.edited || change.Edited
	if slices.ContainsFunc(earlier, func(c forecast.Planned) bool { return c.Kind == change.Kind && c.Rule == change.Rule }) {
		return
	}
	t.byKind[change.Kind]++
	t.samples[change.Kind].Add(key)
}

func (t *tally) rule(name string) *ruleTally {
	r := t.rules[name]
	if r == nil {
		r = &ruleTally{}
		t.rules[name] = r
	}
	return r
}

func (t *segmentTally) addContact(key string, before, after bool) {
	if before {
		t.before++
	}
	if after {
		t.after++
	}
	switch {
	case after && !before:
		t.entered++
		t.enteredSample.Add(key)
	case before && !after:
		t.left++
		t.leftSample.Add(key)
	}
}

// add adds what another worker counted.
func (t *tally) add(u *tally) {
	t.contacts += u.contacts
	t.otherChanges += u.otherChanges
	t.atRejudge += u.atRejudge
	t.atReview += u.atReview
	t.optedOut += u.optedOut
	for reason, n := range u.kept {
		t.kept[reason] += n
	}
	for reason, n := range u.lifted {
		t.lifted[reason] += n
	}
	for kind := range t.byKind {
		t.byKind[kind] += u.byKind[kind]
	}
	for before := range t.transitions {
		for after := range t.transitions[before] {
			t.transitions[before][after] += u.transitions[before][after]
		}
	}
	for name, r := range u.rules {
		t.rule(name).add(r)
	}
	for i := range t.segments {
		t.segments[i].add(&u.segments[i])
	}
}

func (t *ruleTally) add(u *ruleTally) {
	t.coverage.addAll(u.coverage)
	t.edited = t.edited || u.edited
	for kind := range t.byKind {
		t.byKind[kind] += u.byKind[kind]
		t.samples[kind].AddAll(u.samples[kind])
	}
}

func (t *segmentTally) add(u *segmentTally) {
	t.coverage.addAll(u.coverage)
	t.before, t.after = t.before+u.before, t.after+u.after
	t.entered, t.left = t.entered+u.entered, t.left+u.left
	t.enteredSample.AddAll(u.enteredSample)
	t.leftSample.AddAll(u.leftSample)
}
