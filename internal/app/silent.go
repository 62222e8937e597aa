package app

import (
	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/console/view"
	"winnow/store/silence"
)

// Silent is what the last review counted of the days that begin at since or later and
// before until; nil when no review counted.
func Silent(of *silence.Counted, since, until hygiene.Instant) *view.Silent {
	if of.At == 0 {
		return nil
	}
	v := &view.Silent{AsOf: of.At, After: instant.FormatDuration(of.After), Sources: map[string]int64{}, Days: []view.SilentDay{}}
	for i := range of.Counts {
		c := &of.Counts[i]
		if c.Start() < since || c.Start() >= until {
			continue
		}
		v.Messages += c.Messages
		v.Sources[c.Source] += c.Messages
		v.Days = append(v.Days, view.SilentDay{Source: c.Source, Day: c.Date(), Messages: c.Messages})
	}
	return v
}
