package store

import (
	"context"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/segments"
	"winnow/store/engine"
	"winnow/store/retention"
	"winnow/store/sqlite"
)

// Retain deletes from the log what is too old; see [retention.Run]. The caller holds the
// store lock.
func (s *Store) Retain(ctx context.Context, o retention.Options) (retention.Result, error) {
	return retention.Run(ctx, s.engine, retained{s}, o)
}

// Pruned is what retention deleted from the log, by kind and source.
func (s *Store) Pruned() (p retention.Facts, err error) { return retention.Read(s.readLog) }

// LogSpace is how much room the log takes.
func (s *Store) LogSpace() (space engine.LogSpace, err error) {
	err = s.readLog(func(l engine.LogReader) error {
		space, err = l.Space()
		return err
	})
	return space, err
}

// RebuildLog writes the log of the store at path anew; see [sqlite.RebuildLog].
func RebuildLog(path string) error { return sqlite.RebuildLog(path) }

// retained says what of the log is needed. It implements retention.Source.
type retained struct{ *Store }

// Through implements retention.Source. The last event stays: the log ends with it.
func (s retained) Through() (int64, error) {
	at, err := s.Cursor()
	return at - 1, err
}

// Evidence implements retention.Source.
func (s retained) Evidence(ctx context.Context, evidence *retention.Seqs) error {
	_, err := s.stepThrough(ctx, func(c *hygiene.Contact) bool {
		c.EachEvidence(evidence.Add)
		return false
	}, nil, nil)
	return err
}

// Whole implements retention.Source: events that the next sweep judges because their
// contact is known now, that lie on a number until it is, that wait for a review of a
// breaker's trip, or that came in between the last published run and one that is held.
func (s retained) Whole(whole *retention.Seqs) error {
	from, to := whole.Range()
	return s.read(func(c engine.Reader) error {
		r := c.Query("SELECT seq, seq FROM matched WHERE seq >= ? AND seq <= ?", from, to)
		for r.Next() {
			whole.Add(r.Int(0))
		}
		if err := r.Close(); err != nil {
			return err
		}
		r = c.Query("SELECT seq FROM unmatched WHERE phone <> ''")
		for r.Next() {
			whole.Add(r.Int(0))
		}
		if err := r.Close(); err != nil {
			return err
		}
		waiting, err := trips(c, "id")
		for _, t := range waiting {
			if t.State == TripHeld {
				whole.AddRange(t.FromSeq, t.ToSeq)
			}
		}
		if err != nil {
			return err
		}
		r = c.Query(`SELECT h.through_seq, (SELECT coalesce(max(p.through_seq), 0) FROM runs p WHERE p.export = h.export AND p.status IN (?, ?) AND p.id < h.id)
			FROM runs h WHERE h.status = ?`, string(segments.Published), string(segments.Released), string(segments.Held))
		for r.Next() {
			whole.AddRange(r.Int(1)+1, r.Int(0))
		}
		return r.Close()
	})
}

// Waiting implements retention.Source.
func (s retained) Waiting(waiting *retention.Seqs) error {
	return s.read(func(c engine.Reader) error {
		r := c.Query("SELECT seq FROM unmatched WHERE phone = ''")
		for r.Next() {
			waiting.Add(r.Int(0))
		}
		return r.Close()
	})
}

// Abandon implements retention.Source.
func (s retained) Abandon(seqs []int64) (given []int64, err error) {
	ids := make([]string, len(seqs))
	err = s.readLog(func(l engine.LogReader) error {
		return l.Events(seqs, false, func(i int, e *hygiene.Event) error {
			ids[i] = contactkey.MessageID(e.MessageID)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	err = s.write(func(c engine.Writer) error {
		given = given[:0]
		for i, seq := range seqs {
			n, err := c.Number("DELETE FROM unmatched WHERE message_id = ? AND seq = ? AND phone = '' RETURNING 1", ids[i], seq)
			if err != nil {
				return err
			}
			if n == 1 {
				given = append(given, seq)
			}
		}
		return nil
	})
	return given, err
}

// OnHold implements retention.Source.
func (s retained) OnHold(seqs []int64) (held []int64, err error) {
	some := int64(0)
	err = s.read(func(c engine.Reader) (err error) {
		some, err = c.Number("SELECT EXISTS (SELECT 1 FROM holds)")
		return err
	})
	if err != nil || some == 0 || len(seqs) == 0 {
		return nil, err
	}
	var events []hygiene.Event
	err = s.readLog(func(l engine.LogReader) error {
		return l.Events(seqs, false, func(_ int, e *hygiene.Event) error {
			events = append(events, *e)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	err = s.read(func(c engine.Reader) error {
		if err := findContactsOf(c, events); err != nil {
			return err
		}
		known := map[string]bool{}
		for i := range events {
			key := events[i].Contact
			if _, ok := known[key]; !ok {
				of, err := heldKeys(c, []string{key})
				if err != nil {
					return err
				}
				known[key] = key != "" && len(of) > 0
			}
			if known[key] {
				held = append(held, events[i].Seq)
			}
		}
		return nil
	})
	return held, err
}
