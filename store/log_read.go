package store

import (
	"winnow/hygiene"
	"winnow/store/engine"
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
type Quarantined struct {
	ID int64
	hygiene.Unreadable
}

// Quarantine reads what is in quarantine, the latest first, at most so many.
func (s *Store) Quarantine(most int) (list []Quarantined, err error) {
	err = s.readLog(func(l engine.LogReader) error {
		r := l.Query("SELECT id, received_at, source, why, body FROM quarantine ORDER BY id DESC LIMIT ?", most)
		for r.Next() {
			list = append(list, Quarantined{r.Int(0), hygiene.Unreadable{ReceivedAt: hygiene.Instant(r.Int(1)), Source: r.Text(2), Why: r.Text(3), Body: r.Blob(4)}})
		}
		return r.Close()
	})
	return list, err
}
