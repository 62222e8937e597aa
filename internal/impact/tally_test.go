package impact

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"winnow/hygiene"
	"winnow/hygiene/forecast"
	"winnow/internal/ui"
)

func TestAPlanCountsAContactOnceForEachKindAndRule(t *testing.T) {
	tally := newTally(hygiene.NewPolicy(nil, "").Protects, 0)
	release := func(rule, reason string) forecast.Planned {
		return forecast.Planned{Kind: forecast.PlannedRelease, Rule: rule, Reason: reason}
	}
	tally.addContact("ann", []forecast.Planned{release("a", "x"), release("a", "y"), release("b", "z")})
	tally.addContact("bob", []forecast.Planned{{Kind: forecast.PlannedTag, Rule: "b", AtReview: true}})
	tally.addContact("carl", []forecast.Planned{{Kind: forecast.PlannedRelabel, Rule: "b"}})
	k := forecast.PlannedRelease
	if tally.byKind[k] != 1 || tally.rules["a"].byKind[k] != 1 || tally.rules["b"].byKind[k] != 1 || tally.otherChanges != 1 || tally.atRejudge != 1 || tally.atReview != 1 {
		t.Errorf("counted %+v", tally)
	}
}

func TestATallyDoesNotDependOnWhichWorkerSawAContact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	protects := hygiene.NewPolicy(nil, "").Protects
	whole, parts := newTally(protects, 1), []*tally{newTally(protects, 1), newTally(protects, 1), newTally(protects, 1)}
	for _, i := range r.Perm(1000) {
		key, part := fmt.Sprintf("c%04d", i), parts[r.IntN(len(parts))]
		changes := []forecast.Planned{{Kind: forecast.PlannedKind(i % forecast.PlannedKinds), Rule: fmt.Sprint("rule", i%7), AtReview: i%3 == 0}}
		before, after := i%2 == 0, i%5 == 0
		for _, tally := range []*tally{whole, part} {
			tally.addContact(key, changes)
			tally.segments[0].addContact(key, before, after)
		}
	}
	sum := newTally(protects, 1)
	for _, p := range parts {
		sum.add(p)
	}
	sum.protects, whole.protects = nil, nil
	if !reflect.DeepEqual(sum, whole) {
		t.Errorf("the parts add up to %+v\nthe whole is %+v", sum, whole)
	}
	if s := whole.segments[0]; s.before != 500 || s.after != 200 || s.entered != 100 || s.left != 400 || !slices.Equal(s.enteredSample, ui.Sample{"c0005", "c0015", "c0025", "c0035", "c0045"}) {
		t.Errorf("counted %+v", s)
	}
}
