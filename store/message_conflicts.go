package store

import (
	"strings"

	"winnow/store/engine"
	"winnow/store/messages"
)

// ContactConflict is a message whose events name another contact than the send log.
type ContactConflict = messages.Conflict

// conflictsOf is the beginning of the names of the counters of conflicts, which the source
// follows.
const conflictsOf = "conflicts/"

// saveConflicts stores conflicts that are not stored yet, and counts them.
func (w *txWriter) saveConflicts(list []ContactConflict) error {
	counts, err := messages.InsertConflicts(w, list)
	if err != nil {
		return err
	}
	for source, n := range counts {
		w.added[conflictsOf+source] += n
	}
	return nil
}

// ContactConflicts returns the latest conflicts, at most so many, the latest first.
func (s *Store) ContactConflicts(most int) (list []ContactConflict, err error) {
	err = s.read(func(c engine.Reader) error {
		list, err = messages.Conflicts(c, most)
		return err
	})
	return list, err
}

// conflictsBySource reads how many conflicts each source has had.
func conflictsBySource(c engine.Querier) (map[string]int64, error) {
	counts := map[string]int64{}
	r := c.Query("SELECT name, value FROM counters WHERE name > ? AND name < ?", conflictsOf, strings.TrimSuffix(conflictsOf, "/")+"0")
	for r.Next() {
		counts[strings.TrimPrefix(r.Text(0), conflictsOf)] = r.Int(1)
	}
	return counts, r.Close()
}
