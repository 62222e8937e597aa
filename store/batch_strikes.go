package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/reason"
	"winnow/store/engine"
	"winnow/store/messages"
)

// A strike is an instruction by which evidence of a range no longer counts. It is
// stored with its batch, because an event recorded before it may find its contact
// only later.

// InvalidateEvidence invalidates evidence of a range for every contact that has some, at the
// time now, as one batch. in is of the kind [hygiene.Strike]. Repeated it changes
// nothing, and after an interruption it does the rest. Contacts that are found
// later for events recorded before are changed by the sweep that finds them.
func (s *Store) InvalidateEvidence(ctx context.Context, policy *hygiene.Policy, in hygiene.Instruction, b Batch, now hygiene.Instant, progress func(contacts int64)) (BatchResult, error) {
	// What was recorded but not swept yet stays: it would be struck only for
	// contacts that are concerned for another reason.
	if err := s.handOverPortions(); err != nil {
		return BatchResult{}, err
	}
	swept, err := s.Cursor()
	if err != nil {
		return BatchResult{}, err
	}
	if policy, err = s.Judging(policy); err != nil {
		return BatchResult{}, err
	}
	in.Moment = hygiene.Moment{At: now, Seq: swept}
	in.By, in.Note, in.Spares = b.By, b.Note, policy.Spared(&in)
	if !b.Unregistered { // else a contact that becomes known later has its message registered
		b.strike = &in
	}
	if b.strike != nil && b.ID != 0 {
		if err := s.write(func(c engine.Writer) error { return saveStrike(c, b.ID, &in) }); err != nil {
			return b.did(), err
		}
	}
	var failed error
	// What a contact strikes is struck on its numbers too, but not after it was forgotten.
	concerns := func(c *hygiene.Contact) bool {
		return (!c.IsNumber() || c.HasOwnEntries() || c.HasForgottenGiver()) && policy.Affects(c, &in)
	}
	strike := func(c *hygiene.Contact, batch int64, _ hygiene.Moment) []hygiene.Change {
		ofBatch := in
		if b.Unregistered && failed == nil {
			ofBatch.Messages, failed = s.UnregisteredMessages(c, &in)
		}
		if failed != nil || !policy.Affects(c, &ofBatch) {
			return nil
		}
		ofBatch.Batch = batch
		return policy.Instruct(c, ofBatch)
	}
	did, err := s.changeAll(ctx, policy, b, now, progress, manualChange{concerns, strike})
	err = errors.Join(err, failed)
	if err == nil && did.Batch == 0 && !b.Unregistered {
		did.Batch, err = s.recordStrike(b, now)
	}
	return did, err
}

// UnregisteredMessages are the messages of which a Strike covers entries of the contact
// and that the send log does not have. It is never nil.
func (s *Store) UnregisteredMessages(contact *hygiene.Contact, in *hygiene.Instruction) ([]uint64, error) {
	var events []hygiene.Event
	err := s.readLog(func(l engine.LogReader) error {
		return l.Events(contact.SeqsCovered(in), false, func(_ int, e *hygiene.Event) error {
			events = append(events, *e)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	registered := make([]bool, len(events))
	err = s.read(func(c engine.Reader) error {
		return messages.Of(c, events, nil, func(i int, _ *engine.Message) { registered[i] = true })
	})
	unregistered := []uint64{}
	for i := range events {
		if !registered[i] {
			unregistered = append(unregistered, hygiene.MessageHash(events[i].Source, events[i].MessageID))
		}
	}
	return unregistered, err
}

// saveStrike stores the strike of a batch, in place of one that it had.
func saveStrike(c engine.Writer, batch int64, in *hygiene.Instruction) error {
	return c.Exec(`INSERT INTO strikes (batch, at, seq, reason, rule, since, until, source, code, outcome, held_by, from_seq, spares)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (batch) DO UPDATE SET at = excluded.at, seq = excluded.seq, reason = excluded.reason, rule = excluded.rule, since = excluded.since,
		until = excluded.until, source = excluded.source, code = excluded.code, outcome = excluded.outcome, held_by = excluded.held_by, from_seq = excluded.from_seq, spares = excluded.spares`,
		batch, int64(in.At), in.Seq, in.Reason, in.Rule, int64(in.From), int64(in.To), in.Source, in.Code, in.Outcome.String(), in.Held, in.FromSeq, strings.Join(in.Spares, "|"))
}

const strikeQuery = `SELECT s.batch, s.at, s.seq, s.reason, s.rule, s.since, s.until, s.source, s.code, s.outcome, s.held_by, b.by, b.note, s.spares, s.from_seq
	FROM strikes s JOIN batches b ON b.id = s.batch `

func scanStrike(r engine.Rows) (in hygiene.Instruction, err error) {
	in = hygiene.Instruction{Kind: hygiene.Strike, Batch: r.Int(0), Moment: hygiene.Moment{At: hygiene.Instant(r.Int(1)), Seq: r.Int(2)},
		Reason: r.Text(3), Rule: r.Text(4), From: hygiene.Instant(r.Int(5)), To: hygiene.Instant(r.Int(6)), Source: r.Text(7), Code: r.Text(8),
		Held: r.Int(10), FromSeq: r.Int(14), By: r.Text(11), Note: r.Text(12)}
	if in.Reason == "" {
		in.Spares = strings.Split(r.Text(13), "|")
	}
	in.Reason, _ = reason.Of(in.Reason) // earlier versions took other words for reasons of their own
	if outcome := r.Text(9); outcome != "" {
		if in.Outcome, err = hygiene.ParseOutcome(outcome); err != nil {
			return in, fmt.Errorf("read the strike of batch %d: %w", in.Batch, err)
		}
	}
	return in, nil
}

// strikesOf reads the strike of a batch, or, for 0, those of all batches.
func strikesOf(c engine.Querier, batch int64) (list []hygiene.Instruction, err error) {
	r := c.Query(strikeQuery+"WHERE ? = 0 OR s.batch = ? ORDER BY s.batch", batch, batch)
	for err == nil && r.Next() {
		var in hygiene.Instruction
		in, err = scanStrike(r)
		list = append(list, in)
	}
	return list, errors.Join(err, r.Close())
}

// strikesInForce reads the strikes that were not undone, by batch.
func strikesInForce(c engine.Querier) ([]hygiene.Instruction, error) {
	all, err := strikesOf(c, 0)
	if err != nil {
		return nil, err
	}
	var list []hygiene.Instruction
	for _, in := range all {
		b, _, err := batch(c, in.Batch)
		if err == nil {
			_, err = b.follow(c)
		}
		if err != nil {
			return nil, err
		}
		if b.UndoneBy == 0 {
			list = append(list, in)
		}
	}
	return list, nil
}

// sameStrike reports whether both invalidate the same, whenever they were made.
func sameStrike(a, b *hygiene.Instruction) bool {
	return a.Reason == b.Reason && a.Rule == b.Rule && a.From == b.From && a.To == b.To && a.Source == b.Source && a.Code == b.Code &&
		a.Outcome == b.Outcome && a.Held == b.Held && a.FromSeq == b.FromSeq && slices.Equal(a.Spares, b.Spares)
}

// recordStrike stores a strike that concerns no contact yet, as a batch of its
// own, when there are events without a known contact that no such strike covers.
// It returns 0 when there are none.
func (s *Store) recordStrike(b Batch, now hygiene.Instant) (int64, error) {
	err := s.write(func(c engine.Writer) error {
		inForce, err := strikesInForce(c)
		if err != nil {
			return err
		}
		covered := int64(0)
		for i := range inForce {
			if sameStrike(&inForce[i], b.strike) {
				covered = max(covered, inForce[i].Seq)
			}
		}
		unknown, err := c.Number(`SELECT EXISTS (SELECT 1 FROM unmatched WHERE seq > ? AND seq <= ?) OR EXISTS (SELECT 1 FROM matched WHERE seq > ? AND seq <= ?)`,
			covered, b.strike.Seq, covered, b.strike.Seq)
		if err != nil || unknown == 0 {
			return err
		}
		b.At, b.Done = now, true
		return saveBatch(c, &b)
	})
	return b.ID, err
}

// applyLateStrikes applies the strikes in force to the contacts of events that
// were judged only now: they would have been changed by them, had they been known
// when the strikes were made.
func (w *txWriter) applyLateStrikes(events []hygiene.Event, did *Swept) error {
	strikes, err := strikesInForce(w)
	if err != nil || len(strikes) == 0 {
		return err
	}
	var keys []string
	for i := range events {
		if events[i].Contact != "" {
			keys = append(keys, events[i].Contact)
		}
	}
	slices.Sort(keys)
	k := &contactRow{}
	for _, key := range slices.Compact(keys) {
		if err := k.load(w, key); err != nil {
			return err
		}
		for i := range strikes {
			if err := w.applyStrike(k, &strikes[i], did); err != nil {
				return err
			}
		}
	}
	return nil
}

// applyStrike applies a strike to one contact, as part of its batch, when it
// concerns it.
func (w *txWriter) applyStrike(k *contactRow, in *hygiene.Instruction, did *Swept) error {
	if !w.judge.Affects(&k.Contact, in) {
		return nil
	}
	changes := w.judge.Instruct(&k.Contact, *in)
	did.Changes += int64(len(changes))
	w.batch = in.Batch
	err := w.save(k, changes)
	w.batch = 0
	if err != nil {
		return err
	}
	return k.load(w, k.Key)
}
