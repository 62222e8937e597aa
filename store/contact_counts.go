package store

import (
	"cmp"
	"maps"
	"slices"

	"winnow/hygiene"
)

// tally gathers how contacts' turns change within one transaction.
type tally map[turnKey]int64

type turnKey struct {
	second   int64
	was, now hygiene.Status
}

// secondOf is the second of t: within it, a turn to come counts as come.
func secondOf(t hygiene.Instant) int64 { return int64(t) / 1_000_000 }

// move takes a contact's turns out and puts others in.
func (t tally) move(old, new []hygiene.Turn) {
	if slices.Equal(old, new) {
		return
	}
	t.add(old, -1)
	t.add(new, +1)
}

func (t tally) add(turns []hygiene.Turn, n int64) {
	var was hygiene.Status
	for _, turn := range turns {
		t[turnKey{secondOf(turn.At), was, turn.Status}] += n
		was = turn.Status
	}
}

// save writes what was gathered; a row that comes to nothing goes.
func (t tally) save(c *conn) error {
	keys := slices.SortedFunc(maps.Keys(t), func(a, b turnKey) int {
		return cmp.Or(cmp.Compare(a.second, b.second), cmp.Compare(a.was, b.was), cmp.Compare(a.now, b.now))
	})
	for _, k := range keys {
		if t[k] == 0 {
			continue
		}
		if err := c.exec(`INSERT INTO tally (at, was, now, n) VALUES (?, ?, ?, ?) ON CONFLICT (at, was, now) DO UPDATE SET n = n + excluded.n`,
			k.second, int64(k.was), int64(k.now), t[k]); err != nil {
			return err
		}
		if t[k] > 0 {
			continue // it can't have come to nothing
		}
		if err := c.exec("DELETE FROM tally WHERE at = ? AND was = ? AND now = ? AND n = 0", k.second, int64(k.was), int64(k.now)); err != nil {
			return err
		}
	}
	clear(t)
	return nil
}

// countByStatus counts contacts by status as they are at the instant t.
func countByStatus(c *conn, t hygiene.Instant) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, name := range hygiene.StatusNames() {
		counts[name] = 0
	}
	r := c.query("SELECT was, now, sum(n) FROM tally WHERE at <= ? GROUP BY was, now", secondOf(t))
	for r.next() {
		if was := hygiene.Status(r.int(0)); was != 0 {
			counts[was.String()] -= r.int(2)
		}
		counts[hygiene.Status(r.int(1)).String()] += r.int(2)
	}
	return counts, r.close()
}
