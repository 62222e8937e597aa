package store

import (
	"context"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/quarantine"
)

// Event reads one event of the log; false when the log does not have it.
func (s *Store) Event(seq int64) (found hygiene.Event, ok bool, err error) {
	err = s.readLog(func(l engine.LogReader) error {
		return l.Events([]int64{seq}, true, func(_ int, e *hygiene.Event) error {
			found, ok = *e, true
			return nil
		})
	})
	return found, ok, err
}

// LastSeq is the place in the log of the latest event; 0 for an empty log.
func (s *Store) LastSeq() (n int64, err error) {
	err = s.readLog(func(l engine.LogReader) error {
		size, err := l.Size()
		n = size.Last
		return err
	})
	return n, err
}

// Quarantined is one body in quarantine.
type Quarantined = quarantine.Body

// EachQuarantined visits bodies in quarantine, as [quarantine.Each] does.
func (s *Store) EachQuarantined(ctx context.Context, source string, since hygiene.Instant, visit func([]Quarantined) error) error {
	return quarantine.Each(ctx, s.readLog, source, since, visit)
}

// QuarantineExcerpts reads the first bytes of the latest bodies in quarantine, and why the
// latest ones, so many, are there; at most so many of each.
func (s *Store) QuarantineExcerpts(bodies, most, bytes int) (list []quarantine.Excerpt, why []quarantine.Reason, err error) {
	err = s.readLog(func(l engine.LogReader) (err error) {
		if list, err = quarantine.Excerpts(l, most, bytes); err == nil {
			why, err = quarantine.Reasons(l, bodies, most)
		}
		return err
	})
	return list, why, err
}

// Quarantine reads what is in quarantine, the latest first, at most so many.
func (s *Store) Quarantine(most int) (list []Quarantined, err error) {
	err = s.readLog(func(l engine.LogReader) (err error) {
		list, err = quarantine.Latest(l, most)
		return err
	})
	return list, err
}
