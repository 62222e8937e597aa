package store

import (
	"context"
	"errors"
	"fmt"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Trip finds a trip, with the state that it has now.
func (s *Store) Trip(id int64) (t BreakerTrip, err error) {
	err = s.read(func(c engine.Reader) error {
		r := c.Query("SELECT "+tripColumns+" FROM breaker_trips t WHERE id = ?", id)
		found := r.Next()
		if found {
			err = t.scan(r)
		}
		switch err = errors.Join(err, r.Close()); {
		case err != nil:
			return err
		case !found:
			return fmt.Errorf("%w %d; winnow breaker lists all trips", ErrNoTrip, id)
		}
		return errors.Join(t.reopenIfUndone(c), t.countContacts(c))
	})
	return t, err
}

// TripContacts names contacts, or numbers, with a verdict that waits for the trip, or
// waited: at most so many, in byte order.
func (s *Store) TripContacts(id int64, most int) (keys []string, err error) {
	err = s.read(func(c engine.Reader) error {
		r := c.Query(`SELECT coalesce(contacts.key, numbers.phone, '') FROM
			(SELECT DISTINCT contact FROM ledger WHERE held_by = ? AND held_by <> 0 ORDER BY contact DESC LIMIT ?) AS held
			LEFT JOIN contacts ON contacts.id = held.contact LEFT JOIN numbers ON numbers.id = -held.contact ORDER BY 1`, id, most)
		for r.Next() {
			if key := r.Text(0); key != "" { // one that was merged since has another
				keys = append(keys, key)
			}
		}
		return r.Close()
	})
	return keys, err
}

// TripMinute is how many events of a trip's source were received within a part of its
// time, and how many of them had its outcome.
type TripMinute struct {
	From           hygiene.Instant
	Events, Surged int64
}

const (
	tripMinutes = 60      // parts
	tripAround  = 100_000 // events of the log that are looked through before and after the trip
	tripStep    = 100_000 // events that are read at a time
)

// TripMinutes counts the events around a trip, from one window before it to one after.
// It reads that part of the log.
func (s *Store) TripMinutes(ctx context.Context, t *BreakerTrip) (list []TripMinute, err error) {
	if t.Rule != "" { // there is no surge to show
		return nil, nil
	}
	from, until := t.Since.Add(-t.Window), t.Until.Add(t.Window)
	part := max((int64(until-from)+tripMinutes)/tripMinutes, 1)
	for i := range int64(tripMinutes) {
		list = append(list, TripMinute{From: from + hygiene.Instant(i*part)})
	}
	for seq := max(t.FromSeq-tripAround, 1); seq <= t.ToSeq+tripAround && err == nil; seq += tripStep {
		err = s.readLog(func(l engine.LogReader) error {
			r := l.Query(`SELECT (received_at - ?) / ? AS part, count(*), sum(CASE WHEN outcome = ? THEN 1 ELSE 0 END) FROM events
				WHERE seq >= ? AND seq < ? AND source = ? AND received_at >= ? AND received_at <= ? GROUP BY part`,
				int64(from), part, t.Outcome.String(), seq, seq+tripStep, t.Source, int64(from), int64(until))
			for r.Next() {
				m := &list[min(r.Int(0), tripMinutes-1)]
				m.Events, m.Surged = m.Events+r.Int(1), m.Surged+r.Int(2)
			}
			return errors.Join(r.Close(), ctx.Err())
		})
	}
	return list, err
}
