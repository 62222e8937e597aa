package store

import (
	"context"
	"errors"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/counters"
	"winnow/store/engine"
)

// waits reports whether the event waits for its message to be registered, so that it has
// not been applied to the contact that its body names.
func waits(c engine.Querier, e *hygiene.Event) (bool, error) {
	n, err := c.Number("SELECT count(*) FROM unmatched WHERE message_id = ? AND seq = ?", contactkey.MessageID(e.MessageID), e.Seq)
	return n > 0, err
}

// Unmatched visits the events whose contact and number are not known yet, by message id.
func (s *Store) Unmatched(most int, visit func(hygiene.Event) error) error {
	var seqs []int64
	err := s.read(func(c engine.Reader) error {
		r := c.Query("SELECT seq FROM unmatched WHERE phone = '' ORDER BY message_id, seq LIMIT ?", most)
		for r.Next() {
			seqs = append(seqs, r.Int(0))
		}
		return r.Close()
	})
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		e, ok, err := s.Event(seq)
		if err == nil && ok {
			err = visit(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unmatchedChunk is how many events [Store.EachUnmatched] reads together.
const unmatchedChunk = 500

// EachUnmatched visits all events whose contact and number are not known yet, with their bodies, by
// message id. Those that are matched meanwhile may be left out.
func (s *Store) EachUnmatched(ctx context.Context, visit func(*hygiene.Event) error) error {
	lastID, lastSeq := "", int64(0)
	for {
		var seqs []int64
		err := s.read(func(c engine.Reader) error {
			r := c.Query("SELECT message_id, seq FROM unmatched WHERE (message_id, seq) > (?, ?) AND phone = '' ORDER BY message_id, seq LIMIT ?",
				lastID, lastSeq, unmatchedChunk)
			for r.Next() {
				lastID, lastSeq = r.Text(0), r.Int(1)
				seqs = append(seqs, lastSeq)
			}
			return r.Close()
		})
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		err = s.readLog(func(l engine.LogReader) error {
			return l.Events(seqs, true, func(_ int, e *hygiene.Event) error { return visit(e) })
		})
		if err != nil || len(seqs) < unmatchedChunk {
			return err
		}
	}
}

// completeAtOnce is how many unmatched events [Store.completeUnmatched] completes in one
// transaction.
const completeAtOnce = 2000

// completeUnmatched gives the unmatched events of a version that did not tell sources
// apart their sources, which the log has. It is called before anything is matched. After an
// interruption it does the rest, and once it is done it does nothing.
func (s *Store) completeUnmatched(ctx context.Context) error {
	var left int64
	err := s.read(func(c engine.Reader) (err error) {
		left, err = counters.Get(c, counters.IncompleteUnmatched)
		return err
	})
	if err != nil || left == 0 {
		return err
	}
	last := waitingEvent{}
	for {
		list, err := s.incompleteAfter(last)
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if len(list) == 0 {
			return s.write(func(c engine.Writer) error { return counters.Set(c, counters.IncompleteUnmatched, 0) })
		}
		err = s.writeAs(nil, func(w *txWriter) error { return w.completeWaiting(list) })
		if err != nil {
			return err
		}
		last = list[len(list)-1]
	}
}

// waitingEvent is an unmatched event as it is stored.
type waitingEvent struct {
	id    string
	seq   int64
	event hygiene.Event
	found bool // the log still has it
}

// incompleteAfter reads unmatched events without a source, with what the log has of them.
func (s *Store) incompleteAfter(last waitingEvent) (list []waitingEvent, err error) {
	var seqs []int64
	err = s.read(func(c engine.Reader) error {
		r := c.Query("SELECT message_id, seq FROM unmatched WHERE (message_id, seq) > (?, ?) AND source = '' ORDER BY message_id, seq LIMIT ?",
			last.id, last.seq, completeAtOnce)
		for r.Next() {
			list, seqs = append(list, waitingEvent{id: r.Text(0), seq: r.Int(1)}), append(seqs, r.Int(1))
		}
		return r.Close()
	})
	if err != nil {
		return nil, err
	}
	err = s.readLog(func(l engine.LogReader) error {
		return l.Events(seqs, false, func(i int, e *hygiene.Event) error {
			list[i].event, list[i].found = *e, true
			return nil
		})
	})
	return list, err
}

// completeWaiting writes the sources of these events, and their message ids as they are
// compared today. By that id the send log may have the message already.
func (w *txWriter) completeWaiting(list []waitingEvent) error {
	for i := range list {
		e := &list[i]
		if !e.found {
			continue
		}
		id := contactkey.MessageID(e.event.MessageID)
		if err := w.Exec("UPDATE unmatched SET source = ?, message_id = ? WHERE message_id = ? AND seq = ?", e.event.Source, id, e.id, e.seq); err != nil {
			return err
		}
		if id == e.id {
			continue
		}
		var m engine.Message
		key := engine.MessageKey{Source: e.event.Source, ID: id}
		if err := w.FindMessages([]engine.MessageKey{key}, func(_ int, found *engine.Message) { m = *found }); err != nil {
			return err
		}
		if m.Contact == "" && m.Phone == "" {
			continue
		}
		if _, err := w.releaseUnmatched(key); err != nil {
			return err
		}
	}
	return nil
}

// releaseUnmatched lets the events that wait for a message be judged by the next sweep,
// and returns how many they are.
func (w *txWriter) releaseUnmatched(key engine.MessageKey) (n int64, err error) {
	n, err = w.Number("SELECT count(*) FROM unmatched WHERE message_id = ? AND source = ?", key.ID, key.Source)
	if err != nil || n == 0 {
		return 0, err
	}
	if err := w.Exec("INSERT INTO matched (seq, held_by, phone) SELECT seq, held_by, phone FROM unmatched WHERE message_id = ? AND source = ?", key.ID, key.Source); err != nil {
		return 0, err
	}
	return n, w.Exec("DELETE FROM unmatched WHERE message_id = ? AND source = ?", key.ID, key.Source)
}
