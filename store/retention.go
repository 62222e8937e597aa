package store

import (
	"context"
	"slices"

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
	return retention.Run(ctx, s.engine, retained{s, o.Policy}, o)
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
type retained struct {
	*Store
	policy *hygiene.Policy
}

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
// contact is known now, that wait for a review of a breaker's trip, or that came in between
// the last published run and one that is held.
func (s retained) Whole(whole *retention.Seqs) error {
	if err := s.handOverPortions(); err != nil {
		return err
	}
	from, to := whole.Range()
	return s.read(func(c engine.Reader) error {
		r := c.Query("SELECT seq, seq FROM matched WHERE seq >= ? AND seq <= ?", from, to)
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
	return s.markUnmatched("SELECT seq FROM unmatched WHERE phone = ''", waiting)
}

// OnNumbers implements retention.Source.
func (s retained) OnNumbers(alone *retention.Seqs) error {
	return s.markUnmatched("SELECT seq FROM unmatched WHERE phone <> ''", alone)
}

func (s retained) markUnmatched(query string, marks *retention.Seqs) error {
	return s.read(func(c engine.Reader) error {
		r := c.Query(query)
		for r.Next() {
			marks.Add(r.Int(0))
		}
		return r.Close()
	})
}

// settleAtOnce is how many events are settled in one transaction.
const settleAtOnce = 500

// Settle implements retention.Source. A number takes the events that lie on it alone from
// the log when it becomes a subject, so it becomes one before the log loses them.
func (s retained) Settle(seqs []int64) (settled []int64, err error) {
	for some := range slices.Chunk(seqs, settleAtOnce) {
		var events []hygiene.Event
		err := s.readLog(func(l engine.LogReader) error {
			return l.Events(some, false, func(_ int, e *hygiene.Event) error {
				events = append(events, *e)
				return nil
			})
		})
		if err != nil {
			return settled, err
		}
		var done []int64
		err = s.writeAs(s.policy, func(w *txWriter) (err error) {
			done, err = w.settle(events)
			return err
		})
		if err != nil {
			return settled, err
		}
		settled = append(settled, done...)
	}
	return settled, nil
}

// settle returns which of the events lie on a number that has what it needs of them. These
// wait for a contact no longer.
func (w *txWriter) settle(events []hygiene.Event) (settled []int64, err error) {
	if w.given.strikes, err = strikesInForce(w); err != nil {
		return nil, err
	}
	for i := range events {
		e, id := &events[i], contactkey.MessageID(events[i].MessageID)
		phone, err := w.Text("SELECT phone FROM unmatched WHERE message_id = ? AND seq = ?", id, e.Seq)
		if err != nil {
			return nil, err
		}
		if phone == "" { // its contact became known meanwhile
			continue
		}
		number := &contactRow{}
		if err := number.load(w, hygiene.NumberKey(phone)); err != nil {
			return nil, err
		}
		switch {
		case !w.judge.HasNumbers(): // it may be needed under another policy
			continue
		case number.stored.ID == 0 && w.judge.GivesOutcome(e.Outcome):
			if err := w.beginNumber(number, giver{}, e.Moment()); err != nil {
				return nil, err
			}
			if err := w.spreadWords(number); err != nil {
				return nil, err
			}
		}
		if err := w.Exec("DELETE FROM unmatched WHERE message_id = ? AND seq = ?", id, e.Seq); err != nil {
			return nil, err
		}
		settled = append(settled, e.Seq)
	}
	return settled, nil
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
