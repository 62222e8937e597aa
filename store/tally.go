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
	second int64
	status hygiene.Status
}

// secondOf is the second of t: within it, a turn to come counts as come.
func secondOf(t hygiene.Instant) int64 { return int64(t) / 1_000_000 }

// move takes a contact's turns out and puts others in. Each turn is the status
// it leads to coming, and the one before going.
func (t tally) move(old, new []hygiene.Turn) {
	if slices.Equal(old, new) {
		return
	}
	t.add(old, -1)
	t.add(new, +1)
}

func (t tally) add(turns []hygiene.Turn, n int64) {
	for i, turn := range turns {
		at := secondOf(turn.At)
		t[turnKey{at, turn.Status}] += n
		if i > 0 {
			t[turnKey{at, turns[i-1].Status}] -= n
		}
	}
}

// save writes what was gathered; a row that comes to nothing goes.
func (t tally) save(c *conn) error {
	keys := slices.SortedFunc(maps.Keys(t), func(a, b turnKey) int {
		return cmp.Or(cmp.Compare(a.second, b.second), cmp.Compare(a.status, b.status))
	})
	for _, k := range keys {
		if t[k] == 0 {
			continue
		}
		if err := c.exec(`INSERT INTO tally (at, status, n) VALUES (?, ?, ?) ON CONFLICT (at, status) DO UPDATE SET n = n + excluded.n`,
			k.second, k.status.String(), t[k]); err != nil {
			return err
		}
		if err := c.exec("DELETE FROM tally WHERE at = ? AND status = ? AND n = 0", k.second, k.status.String()); err != nil {
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
	r := c.query("SELECT status, sum(n) FROM tally WHERE at <= ? GROUP BY status", secondOf(t))
	for r.next() {
		counts[r.text(0)] = r.int(1)
	}
	return counts, r.close()
}
