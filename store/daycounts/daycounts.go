// Package daycounts keeps how many contacts had which status at the beginning of each day,
// so that a page can say how many more or fewer there are than a week ago. The counts of
// status_counts can't: they follow what contacts are now, and what was lifted since is no
// longer in them.
//
// The first sweep or review of a day counts, in UTC. A day on which none ran has no counts.
package daycounts

import (
	"maps"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Day is the counts of a day.
type Day struct {
	Start    hygiene.Instant // its beginning, in UTC
	Statuses map[string]int64
}

func dayOf(t hygiene.Instant) int64 { return t.Time().Unix() / int64(hygiene.Day/time.Second) }

// Counted reports whether the day of now has been counted.
func Counted(q engine.Querier, now hygiene.Instant) (bool, error) {
	n, err := q.Number("SELECT EXISTS (SELECT 1 FROM day_counts WHERE day = ?)", dayOf(now))
	return n != 0, err
}

// Note keeps the counts of the day of now.
func Note(w engine.Writer, now hygiene.Instant, statuses map[string]int64) error {
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		if err := w.Exec("INSERT INTO day_counts (day, status, contacts) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", dayOf(now), status, statuses[status]); err != nil {
			return err
		}
	}
	return nil
}

// Before reads the counts of the latest day that is at least so many days before that of
// now, or else of the earliest day before it; false if there is none.
func Before(q engine.Querier, now hygiene.Instant, days int64) (d Day, ok bool, err error) {
	today := dayOf(now)
	day, err := q.Number("SELECT coalesce((SELECT max(day) FROM day_counts WHERE day <= ?), (SELECT min(day) FROM day_counts WHERE day < ?), -1)", today-days, today)
	if err != nil || day < 0 {
		return d, false, err
	}
	d = Day{Start: hygiene.Instant(day * hygiene.Day.Microseconds()), Statuses: map[string]int64{}}
	r := q.Query("SELECT status, contacts FROM day_counts WHERE day = ?", day)
	for r.Next() {
		d.Statuses[r.Text(0)] = r.Int(1)
	}
	return d, true, r.Close()
}
