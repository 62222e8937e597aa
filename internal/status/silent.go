package status

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/store"
)

// silentRows is a row about what the last review counted, if it did.
func silentRows(s *view.Silent, now hygiene.Instant) [][]string {
	if s == nil {
		return nil
	}
	return [][]string{{"silent", ui.Number(s.Messages), fmt.Sprintf("messages had no answer %s after the sending, as counted %s: winnow silent lists them", s.After, ui.Ago(now.Sub(s.AsOf)))}}
}

// quietSeconds is for how long nothing came from sources that are quiet for longer than is
// their habit.
func quietSeconds(s *store.Store, now hygiene.Instant) (map[string]int64, error) {
	sources, err := s.QuietSources(now)
	seconds := map[string]int64{}
	for name, d := range sources {
		seconds[name] = int64(d / time.Second)
	}
	return seconds, err
}

func quietRows(sources map[string]int64) (rows [][]string) {
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		rows = append(rows, []string{"quiet", name, fmt.Sprintf("nothing came for %s, longer than ever in its last 14 days: does the provider still call?", time.Duration(sources[name])*time.Second)})
	}
	return rows
}
