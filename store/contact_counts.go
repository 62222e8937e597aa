package store

import (
	"errors"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/daycounts"
	"winnow/store/engine"
	"winnow/store/statuscounts"
)

// secondOf is the second of t: a change to come within it counts as come.
func secondOf(t hygiene.Instant) int64 { return int64(t) / 1_000_000 }

// markCounted stores now as the time of the counts by status, when a contact's status has
// changed since the time before, and the counts once a day: an idle sweep writes nothing.
func (s *Store) markCounted(now hygiene.Instant) error {
	var changed int64
	var counted bool
	err := s.read(func(c engine.Reader) error {
		before, err := counters.Get(c, counters.CountedAt)
		if err != nil {
			return err
		}
		from, to := secondOf(min(hygiene.Instant(before), now)), secondOf(max(hygiene.Instant(before), now))
		changed, err = c.Number("SELECT EXISTS (SELECT 1 FROM status_counts WHERE at > ? AND at <= ?)", from, to)
		if err == nil {
			counted, err = daycounts.Counted(c, now)
		}
		return err
	})
	if err != nil || changed == 0 && counted {
		return err
	}
	return s.write(func(c engine.Writer) error {
		if !counted {
			statuses, err := statuscounts.ByStatus(c, now, s.present)
			if err = errors.Join(err, daycounts.Note(c, now, statuses)); err != nil || changed == 0 {
				return err
			}
		}
		return counters.Set(c, counters.CountedAt, int64(now))
	})
}

// CountsBefore reads how many contacts had which status at the beginning of the latest day
// that is at least so many days before that of now, or else of the earliest day that was
// counted before it; false if there is none.
func (s *Store) CountsBefore(now hygiene.Instant, days int64) (d daycounts.Day, ok bool, err error) {
	err = s.read(func(c engine.Reader) error {
		d, ok, err = daycounts.Before(c, now, days)
		return err
	})
	return d, ok, err
}
