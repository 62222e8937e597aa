package app

import (
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/suggest"
	"winnow/segments"
	"winnow/store"
)

// ListsUsed returns the names of the static lists that segments refer to.
func ListsUsed(all []segments.Segment) (names []string) {
	for _, s := range all {
		if s.List != "" {
			names = append(names, s.List)
		}
		names = append(names, hygiene.InputsOf(s.Where).Lists...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// EmptyListWarnings returns a warning for each list that segments refer to and that has no
// contacts: its name may be misspelled.
func EmptyListWarnings(cfg *config.Config, s *store.Store) (warnings []string, err error) {
	names, err := s.ListNames()
	for _, name := range slices.DeleteFunc(ListsUsed(cfg.Segments), func(name string) bool { return slices.Contains(names, name) }) {
		warnings = append(warnings, fmt.Sprintf("the list %q, which a segment uses, is empty; %s", name, suggest.Hint(name, names)))
	}
	return warnings, err
}
