package status

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
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

// addSources says for how long nothing came from sources that are quiet for longer than is
// their habit, and which have no habit yet. Without a daemon nothing could come.
func addSources(to *view.Status, cfg *config.Config, s *store.Store, now hygiene.Instant) error {
	if _, _, listens := s.Lock("jobs").Taken(); !listens {
		return nil
	}
	states, err := s.QuietSources(now)
	to.QuietSources = map[string]int64{}
	for name, state := range states {
		if state.For > 0 {
			to.QuietSources[name] = int64(state.For / time.Second)
		}
	}
	for i := range cfg.Sources {
		if name := cfg.Sources[i].Name; !states[name].HasHabit {
			to.NewSources = append(to.NewSources, name)
		}
	}
	return err
}

func quietRows(s *view.Status) (rows [][]string) {
	for _, name := range slices.Sorted(maps.Keys(s.QuietSources)) {
		rows = append(rows, []string{"quiet", name, fmt.Sprintf("nothing came for %s, longer than ever in its last 14 days: does the provider still call?", time.Duration(s.QuietSources[name])*time.Second)})
	}
	for _, name := range s.NewSources {
		rows = append(rows, []string{"new source", name, "seen for less than a day: it has no habit yet, so how long it may be quiet is not known"})
	}
	return rows
}
