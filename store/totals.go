package store

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// Totals are numbers of the whole store.
type Totals struct {
	Events      int64 // stored
	LastSeq     int64
	Repeats     int64
	Quarantined int64 // bodies in quarantine
	Unmatched   int64 // stored events whose contact is not known
	Contacts    int64
	Statuses    map[string]int64 // contacts by status, as of CountedAt
	CountedAt   hygiene.Instant  // the last sweep or review after which a count changed
	Cursor      int64            // seq up to which the log has been swept
	Lag         int64            // events in the log that have not been swept
}

// Totals counts, without reading the events or the contacts one by one.
func (s *Store) Totals() (t Totals, err error) {
	err = s.readLog(func(l engine.LogReader) error {
		size, err := l.Size()
		t.Events, t.LastSeq, t.Quarantined = size.Events, size.Last, size.Quarantined
		return err
	})
	if err != nil {
		return t, err
	}
	err = s.read(t.readContacts)
	return t, err
}

func (t *Totals) readContacts(c engine.Reader) (err error) {
	if t.Repeats, err = counter(c, repeats); err != nil {
		return err
	}
	if t.Cursor, err = counter(c, cursor); err != nil {
		return err
	}
	t.Lag = max(0, t.LastSeq-t.Cursor)
	if t.Unmatched, err = c.Number("SELECT count(*) FROM unmatched"); err != nil {
		return err
	}
	at, err := counter(c, countedAt)
	if err != nil {
		return err
	}
	t.CountedAt = hygiene.Instant(at)
	if t.Statuses, err = countByStatus(c, t.CountedAt); err != nil {
		return err
	}
	for _, n := range t.Statuses {
		t.Contacts += n
	}
	return nil
}
