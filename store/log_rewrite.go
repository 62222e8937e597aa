package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/store/appender"
	"winnow/store/engine"
)

// The log is rewritten so many rows at a time, and so many bytes: a callback
// that comes meanwhile waits for a few milliseconds.
const (
	rewriteRows  = 200
	rewriteBytes = 256 << 10
)

// rowWeight is about what a row of the log has in bytes beside its body.
const rowWeight = 200

// savePending remembers outcomes that contacts have and the log does not have
// yet, of the events at the places in order.
func (w *txWriter) savePending(updates []engine.OutcomeUpdate, order []int) error {
	for _, i := range order {
		u := updates[i]
		if err := w.Exec("INSERT INTO pending_outcomes (seq, outcome) VALUES (?, ?) ON CONFLICT (seq) DO UPDATE SET outcome = excluded.outcome", u.Seq, u.Outcome.String()); err != nil {
			return err
		}
	}
	return nil
}

// pendingOutcomes are the outcomes that the log may not have yet, by seq: at most
// those of one step.
func (s *Store) pendingOutcomes() (updates []engine.OutcomeUpdate, err error) {
	err = s.read(func(c engine.Reader) error {
		r := c.Query("SELECT seq, outcome FROM pending_outcomes ORDER BY seq")
		for r.Next() {
			o, err := hygiene.ParseOutcome(r.Text(1))
			if err != nil {
				return errors.Join(err, r.Close())
			}
			updates = append(updates, engine.OutcomeUpdate{Seq: r.Int(0), Outcome: o})
		}
		return r.Close()
	})
	return updates, err
}

func isPending(updates []engine.OutcomeUpdate, seq int64) bool {
	_, found := slices.BinarySearchFunc(updates, seq, func(u engine.OutcomeUpdate, seq int64) int { return cmp.Compare(u.Seq, seq) })
	return found
}

// finishPending writes to the log what an interrupted reclassification left to
// write.
func (s *Store) finishPending(ctx context.Context) (n int64, err error) {
	updates, err := s.pendingOutcomes()
	if err != nil || len(updates) == 0 {
		return 0, err
	}
	if err := s.updateLog(ctx, updates); err != nil {
		return 0, err
	}
	return int64(len(updates)), s.deletePending(updates)
}

// deletePending forgets outcomes that the log has now.
func (s *Store) deletePending(updates []engine.OutcomeUpdate) error {
	return s.write(func(c engine.Writer) error {
		for _, u := range updates {
			if err := c.Exec("DELETE FROM pending_outcomes WHERE seq = ? AND outcome = ?", u.Seq, u.Outcome.String()); err != nil {
				return err
			}
		}
		return nil
	})
}

// updateLog writes outcomes to the log, a few at a time, alternating with other
// commits there: those of this process wait in the same queue, and another
// process gets as much time between them as they took.
func (s *Store) updateLog(ctx context.Context, updates []engine.OutcomeUpdate) error {
	for len(updates) > 0 {
		n, weight, err := s.rewriteNext(updates)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := s.appender.Commit(ctx, &appender.Batch{Outcomes: updates[:n], Weight: weight}); err != nil {
			return fmt.Errorf("write outcomes to the log: %w", err)
		}
		updates = updates[n:]
		select {
		case <-time.After(time.Since(began)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// rewriteNext is how many of the updates, but at least one, are written in one
// step, and about how many bytes their rows have.
func (s *Store) rewriteNext(updates []engine.OutcomeUpdate) (n, weight int, err error) {
	err = s.readLog(func(l engine.LogReader) error {
		for n < min(len(updates), rewriteRows) {
			body, err := l.Number("SELECT length(body) FROM events WHERE seq = ?", updates[n].Seq)
			if err != nil {
				return err
			}
			more := int(body) + rowWeight
			if n > 0 && weight+more > rewriteBytes {
				return nil
			}
			n, weight = n+1, weight+more
		}
		return nil
	})
	return n, weight, err
}

// commitErasure erases events, and bodies in quarantine, a few at a time, alternating with
// other commits.
func (s *Store) commitErasure(ctx context.Context, list []engine.Erasure, quarantined []int64) error {
	for len(list)+len(quarantined) > 0 {
		n, ids := 0, min(len(quarantined), rewriteRows)
		for bytes := 0; n < min(len(list), rewriteRows) && bytes < rewriteBytes; n++ {
			bytes += list[n].Bytes + rowWeight
		}
		began := time.Now()
		if err := s.appender.Commit(ctx, &appender.Batch{Erased: list[:n], Retried: quarantined[:ids]}); err != nil {
			return fmt.Errorf("erase from the log: %w", err)
		}
		list, quarantined = list[n:], quarantined[ids:]
		select {
		case <-time.After(time.Since(began)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
