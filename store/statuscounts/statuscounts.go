// Package statuscounts counts contacts by status without reading one: it keeps how many
// change from which status to which, and when, also in the future. Adding up all changes
// until an instant gives the counts as of it.
//
// Changes are kept to the second, and added up for each day: over a year there may be a
// million seconds with a change, and adding them up would take too long for a page.
package statuscounts

import (
	"cmp"
	"maps"
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Changes collects how many contacts change from which status to which, and
// when, within one transaction.
type Changes map[change]int64

type change struct {
	second   int64 // or the day, of what is added up by day
	was, now hygiene.Status
}

// Move replaces the changes that a contact had by those that it has now.
func (t Changes) Move(old, new []hygiene.StatusChange) {
	if slices.Equal(old, new) {
		return
	}
	t.Add(old, -1)
	t.Add(new, +1)
}

// Add adds the changes of n contacts; n may be negative.
func (t Changes) Add(changes []hygiene.StatusChange, n int64) {
	var was hygiene.Status
	for _, c := range changes {
		t[change{secondOf(c.At), was, c.Status}] += n
		was = c.Status
	}
}

// Save writes what was collected, to the second and by day, and deletes rows that come
// to 0.
func (t Changes) Save(c engine.Writer) error {
	days := Changes{}
	for k, n := range t {
		days[change{dayOfSecond(k.second), k.was, k.now}] += n
	}
	if err := t.saveIn(c, "status_counts", "at"); err != nil {
		return err
	}
	if err := days.saveIn(c, "status_days", "day"); err != nil {
		return err
	}
	clear(t)
	return nil
}

// saveIn writes the counts to a table, whose column at has their times.
func (t Changes) saveIn(c engine.Writer, table, at string) error {
	keys := slices.SortedFunc(maps.Keys(t), func(a, b change) int {
		return cmp.Or(cmp.Compare(a.second, b.second), cmp.Compare(a.was, b.was), cmp.Compare(a.now, b.now))
	})
	insert := "INSERT INTO " + table + " (" + at + ", was, now, n) VALUES (?, ?, ?, ?) ON CONFLICT (" + at + ", was, now) DO UPDATE SET n = " + table + ".n + excluded.n"
	for _, k := range keys {
		if t[k] == 0 {
			continue
		}
		if err := c.Exec(insert, k.second, int64(k.was), int64(k.now), t[k]); err != nil {
			return err
		}
		if t[k] > 0 {
			continue // it can't have come to 0
		}
		if err := c.Exec("DELETE FROM "+table+" WHERE "+at+" = ? AND was = ? AND now = ? AND n = 0", k.second, int64(k.was), int64(k.now)); err != nil {
			return err
		}
	}
	return nil
}

const daySeconds = 24 * 60 * 60

// dayOfSecond is the day of a second, in days since 1970 in UTC.
func dayOfSecond(second int64) int64 {
	return (second - (second%daySeconds+daySeconds)%daySeconds) / daySeconds
}

// ByStatus counts contacts by status as they are at the instant t. In the present a
// contact that is suppressed later is suppressed: that is known, on a clock that was
// ahead.
func ByStatus(c engine.Querier, t hygiene.Instant, present bool) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, name := range hygiene.StatusNames() {
		counts[name] = 0
	}
	second, day := secondOf(t), dayOfSecond(secondOf(t))
	later := []any{0, int64(hygiene.IsSuppressed)}
	if present {
		later[0] = 1
	}
	r := c.Query(`SELECT was, now, sum(n) FROM (
			SELECT was, now, n FROM status_days WHERE day < ?
			UNION ALL SELECT was, now, n FROM status_days WHERE day > ? AND ? <> 0 AND now = ?
			UNION ALL SELECT was, now, n FROM status_counts WHERE at >= ? AND at < ? AND (at <= ? OR ? <> 0 AND now = ?)
		) AS counted GROUP BY was, now`,
		slices.Concat([]any{day, day}, later, []any{day * daySeconds, (day + 1) * daySeconds, second}, later)...)
	for r.Next() {
		if was := hygiene.Status(r.Int(0)); was != 0 {
			counts[was.String()] -= r.Int(2)
		}
		counts[hygiene.Status(r.Int(1)).String()] += r.Int(2)
	}
	return counts, r.Close()
}

// DaysOtherwise is on how many days the changes of the day are not those of its
// seconds; 0 if the counts are well.
func DaysOtherwise(c engine.Querier) (int64, error) {
	return c.Number(`SELECT count(DISTINCT day) FROM (SELECT day FROM (
			SELECT day, was, now, n FROM status_days
			UNION ALL SELECT (at - (at % 86400 + 86400) % 86400) / 86400, was, now, -n FROM status_counts
		) AS counted GROUP BY day, was, now HAVING sum(n) <> 0) AS differ`)
}

// secondOf is the second of t: a change to come within it counts as come.
func secondOf(t hygiene.Instant) int64 { return int64(t) / 1_000_000 }
