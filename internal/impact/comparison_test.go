package impact

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"winnow/hygiene"
	"winnow/internal/ui"
)

func TestAPlanCountsAContactOnceForEachKindAndRule(t *testing.T) {
	n := newTally(0)
	release := func(rule, reason string) hygiene.Planned {
		return hygiene.Planned{Kind: hygiene.PlannedRelease, Rule: rule, Reason: reason}
	}
	n.addContact("ann", []hygiene.Planned{release("a", "x"), release("a", "y"), release("b", "z")})
	n.addContact("bob", []hygiene.Planned{{Kind: hygiene.PlannedTag, Rule: "b", AtReview: true}})
	n.addContact("carl", []hygiene.Planned{{Kind: hygiene.PlannedRestatement, Rule: "b"}})
	k := hygiene.PlannedRelease
	if n.kinds[k] != 1 || n.rules["a"].kinds[k] != 1 || n.rules["b"].kinds[k] != 1 || n.otherwise != 1 || n.atOnce != 1 || n.atReview != 1 {
		t.Errorf("counted %+v", n)
	}
}

func TestItDoesNotMatterWhichReaderFoundWhat(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	whole, parts := newTally(1), []*tally{newTally(1), newTally(1), newTally(1)}
	for _, i := range r.Perm(1000) {
		key, part := fmt.Sprintf("c%04d", i), parts[r.IntN(len(parts))]
		found := []hygiene.Planned{{Kind: hygiene.PlannedKind(i % hygiene.PlannedKinds), Rule: fmt.Sprint("rule", i%7), AtReview: i%3 == 0}}
		was, is := i%2 == 0, i%5 == 0
		for _, n := range []*tally{whole, part} {
			n.addContact(key, found)
			n.segments[0].addContact(key, was, is)
		}
	}
	sum := newTally(1)
	for _, p := range parts {
		sum.add(p)
	}
	if !reflect.DeepEqual(sum, whole) {
		t.Errorf("together %+v\nalone %+v", sum, whole)
	}
	if s := whole.segments[0]; s.before != 500 || s.after != 200 || s.entered != 100 || s.left != 400 || !slices.Equal(s.enteredSample, ui.Sample{"c0005", "c0015", "c0025", "c0035", "c0045"}) {
		t.Errorf("counted %+v", s)
	}
}
