package store

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/keyset"
)

// Outcomes returns the outcome that an event of a source has by today's tables;
// false when there is no such source any more: then its outcome stays.
type Outcomes func(source, event, code string) (hygiene.Outcome, bool)

// OutcomeChange is a line of the tables that says something else than when events
// were stored.
type OutcomeChange struct {
	Source string          `json:"source"`
	Event  string          `json:"event"` // the provider's word, in small letters
	Code   string          `json:"code"`
	Was    hygiene.Outcome `json:"-"`
	Is     hygiene.Outcome `json:"-"`
}

// Reclassification is what reclassifying would do, or did.
type Reclassification struct {
	BatchResult
	Events           int64                   // whose outcome changes
	Compared         int64                   // events of the log
	Lines            map[OutcomeChange]int64 // how many events each line is about
	GoneSources      map[string]int64        // of sources that are no more, how many events keep their outcome
	AffectedContacts int64                   // contacts with events whose outcome changes; set by Misclassified only
	Pending          int64                   // events that an interrupted one moved and left to write in the log
	Released         int64                   // contacts
	Suppressed       int64                   // contacts that come to be suppressed
}

// A reclassification goes through the log in pieces of so many places, of which
// only those with something to change are read event by event. Contacts are
// judged so many events at a time.
const (
	pieceSeqs    = 50_000
	reclassifyAt = 5_000 // events
)

// eachPiece goes through the log up to its present end, and shows the events whose
// outcome differs, at most reclassifyAt of them together.
func (s *Store) eachPiece(ctx context.Context, of Outcomes, found *Reclassification, progress func(events int64), show func([]hygiene.Event) error) error {
	end, err := s.LastSeq()
	for from := int64(0); err == nil && from < end; from += pieceSeqs {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := min(from+pieceSeqs, end)
		var some bool
		if some, err = s.countPiece(from, to, of, found); err == nil && some {
			err = s.readPiece(ctx, from, to, of, show)
		}
		if progress != nil {
			progress(found.Compared)
		}
	}
	return err
}

// countPiece counts what differs in a piece of the log.
func (s *Store) countPiece(from, to int64, of Outcomes, found *Reclassification) (some bool, err error) {
	err = s.readLog(func(l engine.LogReader) error {
		r := l.Query("SELECT source, event, code, outcome, count(*) FROM events WHERE seq > ? AND seq <= ? GROUP BY source, event, code, outcome", from, to)
		for r.Next() {
			source, event, code, n := r.Text(0), r.Text(1), r.Text(2), r.Int(4)
			found.Compared += n
			is, ok := of(source, event, code)
			was, err := hygiene.ParseOutcome(r.Text(3))
			switch {
			case err != nil:
				return errors.Join(err, r.Close())
			case !ok:
				found.GoneSources[source] += n
			case is != was:
				some = true
				found.count(lineOf(source, event, code, was, is), n)
			}
		}
		return r.Close()
	})
	return some, err
}

// readPiece shows the events of a piece whose outcome differs.
func (s *Store) readPiece(ctx context.Context, from, to int64, of Outcomes, show func([]hygiene.Event) error) error {
	var differ []hygiene.Event
	for err := ctx.Err(); from < to; err = ctx.Err() {
		if err != nil {
			return err
		}
		var events []hygiene.Event
		err = s.readLog(func(l engine.LogReader) (err error) {
			events, err = l.EventsAfter(from, reclassifyAt, lotBytes)
			return err
		})
		if err != nil || len(events) == 0 {
			return err
		}
		differ = differ[:0]
		for _, e := range events {
			if is, ok := of(e.Source, e.Name, e.Code); ok && is != e.Outcome && e.Seq <= to {
				differ = append(differ, e)
			}
		}
		from = events[len(events)-1].Seq
		if len(differ) == 0 {
			continue
		}
		if err := show(differ); err != nil {
			return err
		}
	}
	return nil
}

func newReclassification() *Reclassification {
	return &Reclassification{Lines: map[OutcomeChange]int64{}, GoneSources: map[string]int64{}}
}

func lineOf(source, event, code string, was, is hygiene.Outcome) OutcomeChange {
	return OutcomeChange{source, strings.ToLower(strings.TrimSpace(event)), code, was, is}
}

// count adds n events that a line is about.
func (r *Reclassification) count(line OutcomeChange, n int64) {
	r.Events += n
	if r.Lines[line] += n; r.Lines[line] == 0 {
		delete(r.Lines, line)
	}
}

// Misclassified finds the events whose outcome differs by today's tables, and
// counts their contacts. What is pending counts as if the log had it. It writes
// nothing but scratch files.
func (s *Store) Misclassified(ctx context.Context, of Outcomes, progress func(events int64)) (*Reclassification, error) {
	found := newReclassification()
	updates, err := s.pendingOutcomes()
	if err != nil {
		return nil, err
	}
	contacts := s.NewKeySet()
	err = s.eachPiece(ctx, of, found, progress, func(events []hygiene.Event) error {
		return s.countContacts(contacts, found, slices.DeleteFunc(events, func(e hygiene.Event) bool { return isPending(updates, e.Seq) }))
	})
	if err == nil {
		var differ []hygiene.Event
		if differ, err = s.countPending(updates, of, found); err == nil {
			err = s.countContacts(contacts, found, differ)
		}
	}
	return found, errors.Join(err, contacts.Close())
}

// countPending counts pending events as what they are for their contacts, no
// longer as what the log says, and returns those that differ.
func (s *Store) countPending(updates []engine.OutcomeUpdate, of Outcomes, found *Reclassification) (differ []hygiene.Event, err error) {
	found.Pending = int64(len(updates))
	seqs := make([]int64, len(updates))
	for i, u := range updates {
		seqs[i] = u.Seq
	}
	err = s.readLog(func(l engine.LogReader) error {
		return l.Events(seqs, false, func(i int, e *hygiene.Event) error {
			is, known := of(e.Source, e.Name, e.Code)
			if !known {
				return nil
			}
			if is != e.Outcome {
				found.count(lineOf(e.Source, e.Name, e.Code, e.Outcome, is), -1)
			}
			if was := updates[i].Outcome; is != was {
				found.count(lineOf(e.Source, e.Name, e.Code, was, is), 1)
				differ = append(differ, *e)
			}
			return nil
		})
	})
	return differ, err
}

// countContacts counts the contacts of the events that were not counted before.
func (s *Store) countContacts(counted *keyset.Set, found *Reclassification, events []hygiene.Event) error {
	var keys []string
	err := s.read(func(c engine.Reader) (err error) {
		if err := findContactsOf(c, events); err != nil {
			return err
		}
		keys, err = rootsOfEvents(c, events)
		return err
	})
	if err != nil {
		return err
	}
	keys = slices.DeleteFunc(keys, func(key string) bool { return key == "" })
	isNew, err := counted.Add(keys)
	for _, is := range isNew {
		if is {
			found.AffectedContacts++
		}
	}
	return err
}

// Reclassify gives stored events the outcomes that today's tables say, and moves
// them in the histories of their contacts, which are judged again: first in the
// contacts, then in the log. Sweep to the end of the log first, and allow no
// sweep meanwhile. What an interrupted one left to write in the log is written
// first: whatever the tables say by now, it is found from there. What the events opened
// for a protected reason stays open unless that is named.
func (s *Store) Reclassify(ctx context.Context, policy *hygiene.Policy, of Outcomes, named string, b Batch, now hygiene.Instant, progress func(events int64)) (*Reclassification, error) {
	b.Kind = ReclassifyBatch
	r := &reclassifier{store: s, policy: policy, named: named, batch: b, moment: hygiene.Moment{At: now}, did: newReclassification()}
	err := r.run(ctx, of, progress)
	r.did.BatchResult = r.batch.did()
	return r.did, err
}

// reclassifier is a reclassification under way.
type reclassifier struct {
	store  *Store
	policy *hygiene.Policy
	named  string
	batch  Batch
	moment hygiene.Moment
	swept  int64 // seq up to which the log was swept
	did    *Reclassification
}

func (r *reclassifier) run(ctx context.Context, of Outcomes, progress func(events int64)) (err error) {
	if r.moment.Seq, err = r.store.LastSeq(); err != nil {
		return err
	}
	if r.did.Pending, err = r.store.finishPending(ctx); err != nil {
		return err
	}
	if err := r.store.handOverPortions(); err != nil {
		return err
	}
	if r.swept, err = r.store.Cursor(); err != nil {
		return err
	}
	err = r.store.eachPiece(ctx, of, r.did, progress, func(events []hygiene.Event) error {
		updates := make([]engine.OutcomeUpdate, len(events))
		for i, e := range events {
			is, _ := of(e.Source, e.Name, e.Code)
			updates[i] = engine.OutcomeUpdate{Seq: e.Seq, Outcome: is}
		}
		if err := r.moveEvents(events, updates); err != nil {
			return err
		}
		if err := r.store.updateLog(ctx, updates); err != nil {
			return err
		}
		return r.store.deletePending(updates)
	})
	if err != nil {
		return err
	}
	return r.store.finishBatch(&r.batch)
}

// moveEvents moves events that were swept to the histories of other outcomes, and
// stores what the log is to say of them then.
func (r *reclassifier) moveEvents(events []hygiene.Event, updates []engine.OutcomeUpdate) error {
	released, silenced := int64(0), int64(0)
	err := r.store.batchStep(r.policy, &r.batch, r.moment.At, func(w *txWriter, b *Batch) error {
		released, silenced = 0, 0
		order, roots, err := r.byContact(w, events)
		if err != nil {
			return err
		}
		alone, phones, err := r.onNumbers(w, events)
		if err != nil {
			return err
		}
		if err := w.savePending(updates, slices.Concat(order, alone)); err != nil {
			return err
		}
		for n, i := range alone {
			e := events[i]
			e.Outcome = updates[i].Outcome
			did, err := w.reclassifyOn(phones[n], e, r.moment, r.named)
			if err != nil {
				return err
			}
			b.changed = b.changed || did // a step that is to be kept, whatever it changes in the ledger
		}
		var keys []string
		var groups [][]int
		for n, i := range order {
			if n == 0 || roots[i] != roots[order[n-1]] {
				keys, groups = append(keys, roots[i]), append(groups, nil)
			}
			groups[len(groups)-1] = append(groups[len(groups)-1], i)
		}
		contacts, entries, err := w.changeEach(keys, func(i int, k *contactRow) ([]hygiene.Change, bool) {
			was := k.Status(r.moment.At)
			var changes []hygiene.Change
			for _, n := range groups[i] {
				e := events[n]
				e.Outcome = updates[n].Outcome
				changes = append(changes, w.judge.Reclassify(&k.Contact, &e, r.moment, r.named)...)
			}
			switch is := k.Status(r.moment.At); {
			case was == hygiene.IsSuppressed && is != was:
				released++
			case is == hygiene.IsSuppressed && is != was:
				silenced++
			}
			b.sign(changes)
			// The history may change without any change to enter in the ledger.
			return changes, len(changes) > 0 || k.factsChanged()
		})
		b.Contacts, b.Changes = b.Contacts+contacts, b.Changes+entries
		return err
	})
	if err == nil {
		r.did.Released, r.did.Suppressed = r.did.Released+released, r.did.Suppressed+silenced
	}
	return err
}

// byContact finds the contacts of the events that were swept, and returns the
// order in which to go through them, with the key of the contact of each. An event whose contact is not known is only
// in the log or on a number, see onNumbers, and so is one that waits in matched: the sweep applies it with the
// outcome that the log has by then, and knows what holds it.
func (r *reclassifier) byContact(c engine.Reader, events []hygiene.Event) (order []int, contacts []string, err error) {
	if err := findContactsOf(c, events); err != nil {
		return nil, nil, err
	}
	if contacts, err = rootsOfEvents(c, events); err != nil {
		return nil, nil, err
	}
	for i := range events {
		e := &events[i]
		if e.Seq > r.swept || e.Contact == "" {
			continue
		}
		matched, err := c.Number("SELECT count(*) FROM matched WHERE seq = ?", e.Seq)
		if err != nil {
			return nil, nil, err
		}
		unmatched, err := waits(c, e)
		if err != nil {
			return nil, nil, err
		}
		if matched == 0 && !unmatched {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(contacts[a], contacts[b]), cmp.Compare(events[a].Seq, events[b].Seq))
	})
	return order, contacts, nil
}

// Sorted returns the lines by source, event and code.
func (r *Reclassification) Sorted() []OutcomeChange {
	return slices.SortedFunc(maps.Keys(r.Lines), func(a, b OutcomeChange) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Event, b.Event), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Was, b.Was))
	})
}
