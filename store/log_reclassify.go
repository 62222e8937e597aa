package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"winnow/hygiene"
)

// Outcomes tells the outcome that an event of a source has by today's tables;
// false when there is no such source any more: then its outcome stays.
type Outcomes func(source, event, code string) (hygiene.Outcome, bool)

// Reclassified is a line of the tables that reads otherwise than when events
// were stored.
type Reclassified struct {
	Source string          `json:"source"`
	Event  string          `json:"event"` // the provider's word, in small letters
	Code   string          `json:"code"`
	Was    hygiene.Outcome `json:"-"`
	Is     hygiene.Outcome `json:"-"`
}

// Reclassification is what reclassifying comes to, or did.
type Reclassification struct {
	Batched
	Events   int64                  // whose outcome changes
	Looked   int64                  // events of the log
	Lines    map[Reclassified]int64 // how many events each line is about
	Gone     map[string]int64       // of sources that are no more, how many events keep their outcome
	Touched  int64                  // contacts with such events; only told by Misclassified
	Pending  int64                  // events that one cut short has moved, and left to write in the log
	Released int64                  // contacts
	Silenced int64                  // contacts that come to be suppressed
}

// A reclassification goes through the log in pieces of so many places, of which
// only those with something to change are read event by event. Contacts are
// judged so many events at a time.
const (
	pieceSeqs    = 50_000
	contactsStep = 5_000 // events
)

// eachPiece goes through the log up to its end as it is now, and shows the events
// whose outcome differs, at most contactsStep of them at once.
func (s *Store) eachPiece(ctx context.Context, of Outcomes, found *Reclassification, progress func(events int64), show func([]hygiene.Event) error) error {
	end, err := s.LastSeq()
	for from := int64(0); err == nil && from < end; from += pieceSeqs {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := min(from+pieceSeqs, end)
		var some bool
		if some, err = s.lookAtPiece(from, to, of, found); err == nil && some {
			err = s.readPiece(ctx, from, to, of, show)
		}
		if progress != nil {
			progress(found.Looked)
		}
	}
	return err
}

// lookAtPiece counts what differs in a piece of the log.
func (s *Store) lookAtPiece(from, to int64, of Outcomes, found *Reclassification) (some bool, err error) {
	err = s.readLog(func(c *conn) error {
		r := c.query("SELECT source, event, code, outcome, count(*) FROM events WHERE seq > ? AND seq <= ? GROUP BY source, event, code, outcome", from, to)
		for r.next() {
			source, event, code, n := r.text(0), r.text(1), r.text(2), r.int(4)
			found.Looked += n
			is, ok := of(source, event, code)
			was, err := hygiene.ParseOutcome(r.text(3))
			switch {
			case err != nil:
				return errors.Join(err, r.close())
			case !ok:
				found.Gone[source] += n
			case is != was:
				some = true
				found.count(lineOf(source, event, code, was, is), n)
			}
		}
		return r.close()
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
		err = s.readLog(func(c *conn) (err error) {
			events, err = eventsAfter(c, from, contactsStep, sweepBytes)
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
	return &Reclassification{Lines: map[Reclassified]int64{}, Gone: map[string]int64{}}
}

func lineOf(source, event, code string, was, is hygiene.Outcome) Reclassified {
	return Reclassified{source, strings.ToLower(strings.TrimSpace(event)), code, was, is}
}

// count counts n events more that a line is about.
func (r *Reclassification) count(line Reclassified, n int64) {
	r.Events += n
	if r.Lines[line] += n; r.Lines[line] == 0 {
		delete(r.Lines, line)
	}
}

// Misclassified finds the events whose outcome differs by today's tables, and
// counts their contacts. What is pending counts as if the log had it. It writes
// nothing but a temporary file.
func (s *Store) Misclassified(ctx context.Context, of Outcomes, progress func(events int64)) (*Reclassification, error) {
	found := newReclassification()
	words, err := s.pendingWords()
	if err != nil {
		return nil, err
	}
	f, err := s.newSortFile()
	if err != nil {
		return nil, err
	}
	err = f.c.script("CREATE TABLE main.touched (contact TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID")
	if err == nil {
		err = s.eachPiece(ctx, of, found, progress, func(events []hygiene.Event) error {
			return f.touch(slices.DeleteFunc(events, func(e hygiene.Event) bool { return isPending(words, e.Seq) }))
		})
	}
	if err == nil {
		var differ []hygiene.Event
		if differ, err = s.lookAtPending(words, of, found); err == nil {
			err = f.touch(differ)
		}
	}
	if err == nil {
		found.Touched, err = f.c.number("SELECT count(*) FROM main.touched")
	}
	return found, errors.Join(err, f.c.close())
}

// lookAtPending counts pending events as what they are in the roster, no more
// as what the log says, and gives those that differ.
func (s *Store) lookAtPending(words []rewording, of Outcomes, found *Reclassification) (differ []hygiene.Event, err error) {
	found.Pending = int64(len(words))
	err = s.readLog(func(c *conn) error {
		for _, w := range words {
			e, ok, err := eventAlone(c, w.seq)
			if err != nil {
				return err
			}
			is, known := of(e.Source, e.Name, e.Code)
			if !ok || !known {
				continue
			}
			if is != e.Outcome {
				found.count(lineOf(e.Source, e.Name, e.Code, e.Outcome, is), -1)
			}
			if is != w.outcome {
				found.count(lineOf(e.Source, e.Name, e.Code, w.outcome, is), 1)
				differ = append(differ, e)
			}
		}
		return nil
	})
	return differ, err
}

// touch notes the contacts of events.
func (f *sortFile) touch(events []hygiene.Event) error {
	if err := f.c.exec("BEGIN"); err != nil {
		return err
	}
	for i := range events {
		contact, err := contactOf(f.c, "roster.messages", &events[i])
		if err == nil && contact != "" {
			err = f.c.exec("INSERT INTO main.touched (contact) VALUES (?) ON CONFLICT DO NOTHING", contact)
		}
		if err != nil {
			return errors.Join(err, f.c.exec("ROLLBACK"))
		}
	}
	return f.c.exec("COMMIT")
}

// contactOf is the key of the event's contact, empty when it is not known.
func contactOf(c *conn, messages string, e *hygiene.Event) (string, error) {
	if e.Contact != "" {
		return e.Contact, nil
	}
	return c.text("SELECT contact FROM "+messages+" WHERE message_id = ?", e.MessageID)
}

// Reclassify gives stored events the outcomes that today's tables say, and moves
// them in the histories of their contacts, which are judged again: first in the
// roster, then in the log. Sweep to the end of the log before, and let nobody
// sweep meanwhile. What one that was cut short left between roster and log is
// written first: whatever the tables say by now, it is found from there.
func (s *Store) Reclassify(ctx context.Context, policy *hygiene.Policy, of Outcomes, b Batch, now hygiene.Instant, progress func(events int64)) (*Reclassification, error) {
	did := newReclassification()
	end, err := s.LastSeq()
	if err != nil {
		return did, err
	}
	b.Kind = ReclassifyBatch
	if did.Pending, err = s.finishPending(ctx); err != nil {
		return did, err
	}
	swept, err := s.Cursor()
	if err != nil {
		return did, err
	}
	m := hygiene.Moment{At: now, Seq: end}
	err = s.eachPiece(ctx, of, did, progress, func(events []hygiene.Event) error {
		words := make([]rewording, len(events))
		for i, e := range events {
			is, _ := of(e.Source, e.Name, e.Code)
			words[i] = rewording{e.Seq, is}
		}
		if err := s.moveEvents(policy, &b, events, words, swept, m, did); err != nil {
			return err
		}
		if err := s.rewordLog(ctx, words); err != nil {
			return err
		}
		return s.forgetPending(words)
	})
	if err == nil {
		err = s.endBatch(&b)
	}
	did.Batched = b.did()
	return did, err
}

// moveEvents moves events that were swept to the histories of other outcomes,
// and notes what the log is to say of them then.
func (s *Store) moveEvents(policy *hygiene.Policy, b *Batch, events []hygiene.Event, words []rewording, swept int64, m hygiene.Moment, did *Reclassification) error {
	released, silenced := int64(0), int64(0)
	err := s.batchStep(policy, b, m.At, func(p *pen, b *Batch) error {
		released, silenced = 0, 0
		order, err := p.byContact(events, swept)
		if err == nil {
			err = p.putPending(words, order)
		}
		k := &card{}
		for err == nil && len(order) > 0 {
			key, n := events[order[0]].Contact, 1
			for n < len(order) && events[order[n]].Contact == key {
				n++
			}
			if err = k.load(p.c, key); err == nil && k.id != 0 {
				was := k.Status(m.At)
				err = p.moveEventsOf(k, policy, events, words, order[:n], m, b)
				switch is := k.Status(m.At); {
				case was == hygiene.IsSuppressed && is != was:
					released++
				case is == hygiene.IsSuppressed && is != was:
					silenced++
				}
			}
			order = order[n:]
		}
		return err
	})
	if err == nil {
		did.Released, did.Silenced = did.Released+released, did.Silenced+silenced
	}
	return err
}

// byContact finds the contacts of the events that were swept, and gives the order
// in which to go through them. An event whose contact is not known is only in
// the log, and so is one that waits in matched: the sweep takes it in as what
// the log says by then, and knows what holds it.
func (p *pen) byContact(events []hygiene.Event, swept int64) ([]int, error) {
	var order []int
	for i := range events {
		e := &events[i]
		if e.Seq > swept {
			continue
		}
		var err error
		if e.Contact, err = contactOf(p.c, "messages", e); err != nil {
			return nil, err
		}
		waits, err := p.c.number("SELECT count(*) FROM matched WHERE seq = ?", e.Seq)
		if err != nil {
			return nil, err
		}
		if e.Contact != "" && waits == 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(events[a].Contact, events[b].Contact), cmp.Compare(events[a].Seq, events[b].Seq))
	})
	return order, nil
}

// moveEventsOf moves the events of one contact. Its history changes also when
// there is nothing to enter in the ledger.
func (p *pen) moveEventsOf(k *card, policy *hygiene.Policy, events []hygiene.Event, words []rewording, order []int, m hygiene.Moment, b *Batch) error {
	var changes []hygiene.Change
	for _, i := range order {
		e := events[i]
		e.Outcome = words[i].outcome
		changes = append(changes, policy.Reclassify(&k.Contact, &e, m)...)
	}
	if len(changes) == 0 && bytes.Equal(k.Pack(nil), k.facts) {
		return nil
	}
	return p.saveInBatch(k, changes, b)
}

// Sorted lists the lines by source, event and code.
func (r *Reclassification) Sorted() []Reclassified {
	return slices.SortedFunc(maps.Keys(r.Lines), func(a, b Reclassified) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Event, b.Event), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Was, b.Was))
	})
}
