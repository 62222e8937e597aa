package store

import (
	"context"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
)

// What decides on which number a contact's events lie may change outside of a sweep: an
// import gives it a number, or the send log names one. Such a contact waits in the table
// unplaced, and the next sweep judges it and its numbers again. Until then nothing that
// stands is lost: the contact keeps its faults, and its present number is looked up by
// all readers.

// placedAtOnce is how many contacts are placed in one transaction.
const placedAtOnce = 500

// placeWaiting places the contacts that wait.
func (s *Store) placeWaiting(ctx context.Context, o *SweepOptions, total *Swept) error {
	if !o.Policy.HasNumbers() {
		return nil
	}
	for ctx.Err() == nil {
		var ids []int64
		err := s.read(func(c engine.Reader) error {
			r := c.Query("SELECT contact FROM unplaced ORDER BY contact LIMIT ?", placedAtOnce)
			for r.Next() {
				ids = append(ids, r.Int(0))
			}
			return r.Close()
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		var changes int64
		err = s.writeAs(o.Policy, func(w *txWriter) error {
			changes = 0
			seq, err := counters.Get(w, counters.Cursor)
			for _, id := range ids {
				if err != nil {
					return err
				}
				err = w.place(id, hygiene.Moment{At: o.Now, Seq: seq}, &changes)
			}
			changes += w.given.changes
			return err
		})
		if err != nil {
			return err
		}
		total.Changes += changes
	}
	return ctx.Err()
}

// place judges a contact that waits, and its numbers, again.
func (w *txWriter) place(id int64, cause hygiene.Moment, total *int64) error {
	claimed, err := w.Number("DELETE FROM unplaced WHERE contact = ? RETURNING 1 + asks", id)
	if err != nil || claimed == 0 {
		return err
	}
	key, err := w.Text("SELECT key FROM contacts WHERE id = ?", id)
	if err != nil || key == "" {
		return err
	}
	k := &contactRow{}
	if err := k.load(w, key); err != nil {
		return err
	}
	if claimed == 2 || k.Asks() {
		k.Ask()
		if err := w.askSendLog(k); err != nil {
			return err
		}
	}
	changes := w.judge.Place(&k.Contact, cause)
	words, err := w.takeWords(k, cause)
	if err != nil {
		return err
	}
	changes = append(changes, words...)
	*total += int64(len(changes))
	if len(changes) == 0 && !k.factsChanged() {
		return w.give(k)
	}
	return w.save(k, changes)
}

// askSendLog notes what the send log says of the messages of the contact.
func (w *txWriter) askSendLog(k *contactRow) error {
	var events []*hygiene.Event
	err := w.log(func(l engine.LogReader) error {
		return l.Events(k.History.Seqs(), false, func(_ int, e *hygiene.Event) error {
			events = append(events, e)
			return nil
		})
	})
	if err != nil {
		return err
	}
	if err := w.askOf(events); err != nil {
		return err
	}
	for _, e := range events {
		k.AloneOf(e.Seq).NoteSending(hygiene.MessageHash(e.Source, e.MessageID), e.SentAt, e.SentTo)
	}
	return nil
}
