package store

import (
	"time"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/retention"
	"winnow/store/silence"
	"winnow/store/statuscounts"
)

// Totals are numbers of the whole store.
type Totals struct {
	Events      int64 // stored
	LastSeq     int64
	Received    hygiene.Instant // receipt of the last event in the log; 0 for none
	Repeats     int64
	Quarantined int64            // bodies in quarantine
	Late        int64            // events about messages to persons who were forgotten, ever: they were erased
	LongArgs    int64            // retries whose unique_args were too long to keep, ever
	Unmatched   int64            // stored events whose contact is not known
	Conflicts   map[string]int64 // messages whose events name another contact than the send log, ever, by source
	Contacts    int64
	Aliases     int64            // keys that were merged into another contact
	JoinedKeys  int64            // contacts that were joined because their keys are one
	JoinedBatch int64            // the last batch of these joins; 0 for none
	Renamed     int64            // contacts that an earlier version suppressed under another word for a protected reason
	Statuses    map[string]int64 // contacts by status, as of CountedAt
	CountedAt   hygiene.Instant  // the last sweep or review after which a count changed
	Retention   retention.Facts  // what was deleted because of its age
	Cursor      int64            // seq up to which the log has been swept
	Lag         int64            // events in the log that have not been swept
	BackedUp    hygiene.Instant  // the last backup that was recorded; 0 for none
	Silence     silence.Counted  // as of the last review
}

// Totals counts, without reading the events or the contacts one by one.
func (s *Store) Totals() (t Totals, err error) {
	err = s.readLog(func(l engine.LogReader) error {
		size, err := l.Size()
		t.Events, t.LastSeq, t.Received, t.Quarantined = size.Events, size.Last, size.Received, size.Quarantined
		return err
	})
	if err != nil {
		return t, err
	}
	if t.Retention, err = s.Pruned(); err != nil {
		return t, err
	}
	err = s.read(func(c engine.Reader) error { return t.readContacts(c, s.present) })
	return t, err
}

func (t *Totals) readContacts(c engine.Reader, present bool) (err error) {
	if t.Repeats, err = counters.Get(c, counters.Repeats); err != nil {
		return err
	}
	if t.Late, err = counters.Get(c, counters.LateEvents); err != nil {
		return err
	}
	if t.LongArgs, err = counters.Get(c, counters.LongArgs); err != nil {
		return err
	}
	if t.Cursor, err = counters.Get(c, counters.Cursor); err != nil {
		return err
	}
	t.Lag = max(0, t.LastSeq-t.Cursor)
	backedUp, err := counters.Get(c, counters.BackedUp)
	if err != nil {
		return err
	}
	t.BackedUp = hygiene.Instant(backedUp)
	if t.Unmatched, err = c.Number("SELECT count(*) FROM unmatched WHERE phone = ''"); err != nil {
		return err
	}
	if t.Aliases, err = c.Number("SELECT count(*) FROM names WHERE merged_into <> ''"); err != nil {
		return err
	}
	if t.JoinedKeys, err = counters.Get(c, counters.KeysJoined); err != nil {
		return err
	}
	if t.JoinedBatch, err = counters.Get(c, counters.KeysBatch); err != nil {
		return err
	}
	if t.Conflicts, err = conflictsBySource(c); err != nil {
		return err
	}
	if t.Renamed, err = counters.Get(c, counters.ReasonsRenamed); err != nil {
		return err
	}
	if t.Silence, err = silence.Read(c); err != nil {
		return err
	}
	at, err := counters.Get(c, counters.CountedAt)
	if err != nil {
		return err
	}
	t.CountedAt = hygiene.Instant(at)
	if t.Statuses, err = statuscounts.ByStatus(c, t.CountedAt, present); err != nil {
		return err
	}
	for _, n := range t.Statuses {
		t.Contacts += n
	}
	return nil
}

// ClockBehind is how far the time now is behind the receipt of the last event in the
// log; 0 when it is not. The clock was ahead when that event came, or is wrong now.
func (t *Totals) ClockBehind(now hygiene.Instant) time.Duration { return max(0, t.Received.Sub(now)) }

// LastReceipt is when the last event in the log was received; 0 for an empty log.
func (s *Store) LastReceipt() (at hygiene.Instant, err error) {
	err = s.readLog(func(l engine.LogReader) error {
		size, err := l.Size()
		at = size.Received
		return err
	})
	return at, err
}
