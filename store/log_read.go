package store

import (
	"context"
	"errors"
	"slices"

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

// The bounds of what [Store.EachQuarantined] reads together.
const (
	quarantinePage      = 256
	quarantinePageBytes = 4 << 20
)

// EachQuarantined visits the bodies in quarantine, the oldest first, a page at a time:
// those of the source, empty for all, that were received at since or later. What comes
// into quarantine meanwhile is left out.
func (s *Store) EachQuarantined(ctx context.Context, source string, since hygiene.Instant, visit func([]Quarantined) error) error {
	last, err := s.lastQuarantined()
	for id := int64(0); err == nil && id < last && ctx.Err() == nil; {
		var page []Quarantined
		if page, err = s.quarantinedAfter(id, last); err != nil || len(page) == 0 {
			return err
		}
		id = page[len(page)-1].ID
		err = visit(slices.DeleteFunc(page, func(q Quarantined) bool {
			return source != "" && q.Source != source || q.ReceivedAt < since
		}))
	}
	return errors.Join(err, ctx.Err())
}

func (s *Store) lastQuarantined() (id int64, err error) {
	err = s.readLog(func(l engine.LogReader) (err error) {
		id, err = l.Number("SELECT max(id) FROM quarantine")
		return err
	})
	return id, err
}

func (s *Store) quarantinedAfter(id, last int64) (page []Quarantined, err error) {
	err = s.readLog(func(l engine.LogReader) error {
		r := l.Query("SELECT id, received_at, source, why, body FROM quarantine WHERE id > ? AND id <= ? ORDER BY id LIMIT ?", id, last, quarantinePage)
		for bytes := 0; bytes < quarantinePageBytes && r.Next(); bytes += len(page[len(page)-1].Body) {
			page = append(page, quarantinedIn(r))
		}
		return r.Close()
	})
	return page, err
}

func quarantinedIn(r engine.Rows) Quarantined {
	return Quarantined{r.Int(0), hygiene.Unreadable{ReceivedAt: hygiene.Instant(r.Int(1)), Source: r.Text(2), Why: r.Text(3), Body: r.Blob(4)}}
}

// Quarantine reads what is in quarantine, the latest first, at most so many.
func (s *Store) Quarantine(most int) (list []Quarantined, err error) {
	err = s.readLog(func(l engine.LogReader) error {
		r := l.Query("SELECT id, received_at, source, why, body FROM quarantine ORDER BY id DESC LIMIT ?", most)
		for r.Next() {
			list = append(list, quarantinedIn(r))
		}
		return r.Close()
	})
	return list, err
}
