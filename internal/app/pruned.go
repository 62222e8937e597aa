package app

import (
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/engine"
)

// What retention deletes, for those who read it no longer.
const (
	PrunedEvents     = string(engine.PrunedEvents)
	PrunedBodies     = string(engine.PrunedBodies)
	PrunedQuarantine = string(engine.PrunedQuarantine)
)

// Pruned is what retention deleted of these kinds from the log, for a result that goes
// over the log: what was received up to Through may be missing in it. What ended before
// since does not matter; 0 for all.
func Pruned(s *store.Store, since hygiene.Instant, kinds ...string) (list []view.Pruned, err error) {
	list = []view.Pruned{}
	facts, err := s.Pruned()
	for i := range facts.Pruned {
		if p := &facts.Pruned[i]; slices.Contains(kinds, string(p.Kind)) && p.Through >= since {
			list = append(list, view.Pruned{Kind: string(p.Kind), Source: p.Source, N: p.N, Through: p.Through})
		}
	}
	return list, err
}

// PrunedText says what of a result may be missing; empty for nothing.
func PrunedText(list []view.Pruned) string {
	if len(list) == 0 {
		return ""
	}
	return "retention deleted " + DescribePruned(list) + ": they are not in this"
}

// DescribePruned names what was deleted: "events of insider received up to T".
func DescribePruned(list []view.Pruned) string {
	var parts []string
	for i := range list {
		what := list[i].Kind
		switch what {
		case PrunedBodies:
			what = "bodies of events"
		case PrunedQuarantine:
			what = "bodies in quarantine"
		}
		parts = append(parts, fmt.Sprintf("%s of %s received up to %s", what, ui.Printable(list[i].Source), list[i].Through))
	}
	return strings.Join(parts, ", ")
}
