package store

import "winnow/hygiene"

// Totals are the numbers of the whole store.
type Totals struct {
	Events      int64 // stored
	LastSeq     int64
	Repeats     int64
	Quarantined int64 // bodies kept
	Unmatched   int64 // stored events whose contact is not known
	Contacts    int64
	Statuses    map[string]int64 // contacts by status, as of CountedAt
	CountedAt   hygiene.Instant  // the last sweep or review after which a count changed
	Cursor      int64            // seq up to which the log has been swept
	Lag         int64            // events in the log that have not been swept
}

// Totals counts, without looking at the events or the contacts one by one.
func (s *Store) Totals() (t Totals, err error) {
	if err := s.readLog(t.readLog); err != nil {
		return t, err
	}
	err = s.read(t.readRoster)
	return t, err
}

func (t *Totals) readLog(c *conn) (err error) {
	if t.LastSeq, err = lastSeq(c); err != nil {
		return err
	}
	first, err := c.number("SELECT min(seq) FROM events")
	if err != nil {
		return err
	}
	if t.LastSeq > 0 {
		// The log is only ever cut from its beginning, so nothing is missing between.
		t.Events = t.LastSeq - first + 1
	}
	t.Quarantined, err = c.number("SELECT coalesce(max(id) - min(id) + 1, 0) FROM quarantine")
	return err
}

func (t *Totals) readRoster(c *conn) (err error) {
	if t.Repeats, err = progress(c, repeats); err != nil {
		return err
	}
	if t.Cursor, err = progress(c, cursor); err != nil {
		return err
	}
	t.Lag = max(0, t.LastSeq-t.Cursor)
	if t.Unmatched, err = c.number("SELECT count(*) FROM unmatched"); err != nil {
		return err
	}
	at, err := progress(c, countedAt)
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
