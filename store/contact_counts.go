package store

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"winnow/hygiene"
	"winnow/store/daycounts"
	"winnow/store/engine"
)

// statusCounts collects how many contacts change from which status to which, and
// when, within one transaction.
type statusCounts map[statusChange]int64

type statusChange struct {
	second   int64
	was, now hygiene.Status
}

// secondOf is the second of t: a change to come within it counts as come.
func secondOf(t hygiene.Instant) int64 { return int64(t) / 1_000_000 }

// move replaces the changes that a contact had by those that it has now.
func (t statusCounts) move(old, new []hygiene.StatusChange) {
	if slices.Equal(old, new) {
		return
	}
	t.add(old, -1)
	t.add(new, +1)
}

func (t statusCounts) add(changes []hygiene.StatusChange, n int64) {
	var was hygiene.Status
	for _, c := range changes {
		t[statusChange{secondOf(c.At), was, c.Status}] += n
		was = c.Status
	}
}

// save writes what was collected, and deletes rows that come to 0.
func (t statusCounts) save(c engine.Writer) error {
	keys := slices.SortedFunc(maps.Keys(t), func(a, b statusChange) int {
		return cmp.Or(cmp.Compare(a.second, b.second), cmp.Compare(a.was, b.was), cmp.Compare(a.now, b.now))
	})
	for _, k := range keys {
		if t[k] == 0 {
			continue
		}
		if err := c.Exec(`INSERT INTO status_counts (at, was, now, n) VALUES (?, ?, ?, ?) ON CONFLICT (at, was, now) DO UPDATE SET n = status_counts.n + excluded.n`,
			k.second, int64(k.was), int64(k.now), t[k]); err != nil {
			return err
		}
		if t[k] > 0 {
			continue // it can't have come to 0
		}
		if err := c.Exec("DELETE FROM status_counts WHERE at = ? AND was = ? AND now = ? AND n = 0", k.second, int64(k.was), int64(k.now)); err != nil {
			return err
		}
	}
	clear(t)
	return nil
}

// countByStatus counts contacts by status as they are at the instant t. In the present a
// contact that is suppressed later is suppressed: that is known, on a clock that was
// ahead.
func countByStatus(c engine.Querier, t hygiene.Instant, present bool) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, name := range hygiene.StatusNames() {
		counts[name] = 0
	}
	r := c.Query("SELECT was, now, sum(n) FROM status_counts WHERE at <= ? OR (? AND now = ?) GROUP BY was, now", secondOf(t), asInt(present), int64(hygiene.IsSuppressed))
	for r.Next() {
		if was := hygiene.Status(r.Int(0)); was != 0 {
			counts[was.String()] -= r.Int(2)
		}
		counts[hygiene.Status(r.Int(1)).String()] += r.Int(2)
	}
	return counts, r.Close()
}

// markCounted stores now as the time of the counts by status, when a contact's status has
// changed since the time before, and the counts once a day: an idle sweep writes nothing.
func (s *Store) markCounted(now hygiene.Instant) error {
	var changed int64
	var counted bool
	err := s.read(func(c engine.Reader) error {
		before, err := counter(c, countedAt)
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
			statuses, err := countByStatus(c, now, s.present)
			if err = errors.Join(err, daycounts.Note(c, now, statuses)); err != nil || changed == 0 {
				return err
			}
		}
		return setCounter(c, countedAt, int64(now))
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
