package store

import (
	"context"
	"errors"
	"fmt"

	"winnow/hygiene"
)

// Batch is an act by hand on contacts, told of and taken back as one. Batches
// that take one another back form a chain: 13 undoes 12, 14 undoes 13, and so 12
// is as it was told again. Every second one of them is in force, counted from
// the last.
type Batch struct {
	ID       int64           `json:"id"`
	At       hygiene.Instant `json:"at"`
	Kind     BatchKind       `json:"kind"`
	By       string          `json:"by"`
	Note     string          `json:"note,omitempty"`
	About    string          `json:"about"`               // what was asked for, in words
	Undoes   int64           `json:"undoes,omitempty"`    // the batch that this one takes back; 0 for none
	UndoneBy int64           `json:"undone_by,omitempty"` // the batch because of which this one is not in force; 0 while it is
	Contacts int64           `json:"contacts"`            // changed
	Changes  int64           `json:"changes"`             // ledger entries
	Done     bool            `json:"done"`                // false: under way, or cut short

	follower int64                // the batch that took this one back, in force or not
	strike   *hygiene.Instruction // what it tells everyone whom it concerns, for a batch that begins; nil when that is no strike
}

// BatchKind is which act by hand it was.
type BatchKind string

// The kinds of batches. They are stored as these words.
const (
	SuppressBatch   BatchKind = "suppress"
	AllowBatch      BatchKind = "allow"
	UndoBatch       BatchKind = "undo"
	RejudgeBatch    BatchKind = "rejudge"
	ReclassifyBatch BatchKind = "reclassify"
	ReleaseBatch    BatchKind = "release" // of what a breaker held
	DiscardBatch    BatchKind = "discard" // of what a breaker held
)

// Batched is what an act by hand did.
type Batched struct {
	Batch    int64 // 0 when there was nothing to do: then there is none
	Contacts int64 // changed
	Changes  int64 // ledger entries
}

func (b *Batch) did() Batched { return Batched{b.ID, b.Contacts, b.Changes} }

// byHand is what an act by hand on everyone does to each.
type byHand struct {
	// concerns tells whether the contact is to change; it may change what it looks at.
	concerns func(c *hygiene.Contact) bool
	// change gives no entry for who is not concerned.
	change func(c *hygiene.Contact, batch int64, m hygiene.Moment) []hygiene.Change
}

// inBatch does something by hand to all contacts concerned, at the time now, as
// one batch: in steps, each of them one transaction with the batch's own row. A
// step looks without a lock first; only those concerned are read again, changed
// and written in the transaction. Nobody it changed may concern it again: so an
// act that was cut short is finished by doing it again. When nobody is concerned
// there is no batch.
func (s *Store) inBatch(ctx context.Context, policy *hygiene.Policy, b Batch, now hygiene.Instant, progress func(contacts int64), act byHand) (Batched, error) {
	end, err := s.LastSeq()
	if err != nil {
		return Batched{}, err
	}
	moment, looked := hygiene.Moment{At: now, Seq: end}, int64(0)
	for last := int64(0); ctx.Err() == nil; {
		keys, next, n, err := s.concerned(last, act.concerns)
		if err != nil {
			return b.did(), err
		}
		if n == 0 {
			return b.did(), s.endBatch(&b)
		}
		each := func(c *hygiene.Contact, batch int64) []hygiene.Change { return act.change(c, batch, moment) }
		if err := s.batchEach(policy, &b, keys, now, each); err != nil {
			return b.did(), err
		}
		last, looked = next, looked+n
		if progress != nil {
			progress(looked)
		}
	}
	return b.did(), ctx.Err()
}

func (s *Store) batchEach(policy *hygiene.Policy, b *Batch, keys []string, now hygiene.Instant, change func(c *hygiene.Contact, batch int64) []hygiene.Change) error {
	if len(keys) == 0 {
		return nil
	}
	return s.batchStep(policy, b, now, func(p *pen, b *Batch) error {
		before, k := b.Contacts, &card{}
		for _, key := range keys {
			if err := k.load(p.c, key); err != nil {
				return err
			}
			changes := change(&k.Contact, b.ID)
			if len(changes) == 0 {
				continue
			}
			if err := p.saveInBatch(k, changes, b); err != nil {
				return err
			}
		}
		if b.Contacts == before {
			return errNothing
		}
		return nil
	})
}

// saveInBatch writes a contact changed by hand.
func (p *pen) saveInBatch(k *card, changes []hygiene.Change, b *Batch) error {
	for i := range changes {
		if changes[i].By == "" {
			changes[i].By, changes[i].Note = b.By, b.Note
		}
	}
	b.Contacts++
	b.Changes += int64(len(changes))
	return p.save(k, changes)
}

// errNothing lets a step that changed nothing leave no trace.
var errNothing = errors.New("nothing changes")

// batchStep does a part of the batch in one transaction, and begins the batch
// when this is its first.
func (s *Store) batchStep(policy *hygiene.Policy, b *Batch, now hygiene.Instant, do func(p *pen, b *Batch) error) error {
	next := *b
	err := s.writeAs(policy, func(p *pen) error {
		if next.ID == 0 {
			next.At = now
		}
		if err := saveBatch(p.c, &next); err != nil {
			return err
		}
		p.batch = next.ID
		if err := do(p, &next); err != nil {
			return err
		}
		return saveBatch(p.c, &next)
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	if err == nil {
		*b = next
	}
	return err
}

// endBatch notes that all was done.
func (s *Store) endBatch(b *Batch) error {
	if b.ID == 0 || b.Done {
		return nil
	}
	b.Done = true
	return s.write(func(c *conn) error { return saveBatch(c, b) })
}

// saveBatch writes a batch; a new one gets its number, stands after the one that
// it undoes, and keeps what it strikes.
func saveBatch(c *conn, b *Batch) (err error) {
	if b.ID == 0 {
		b.ID, err = c.number(`INSERT INTO batches (at, kind, by, note, about, undoes, undone, contacts, changes, done)
			VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0) RETURNING id`, int64(b.At), string(b.Kind), b.By, b.Note, b.About, b.Undoes)
		if err == nil && b.Undoes != 0 {
			err = c.exec("UPDATE batches SET undone = ? WHERE id = ?", b.ID, b.Undoes)
		}
		if err == nil && b.strike != nil {
			err = keepStrike(c, b.ID, b.strike)
		}
		if err != nil {
			return fmt.Errorf("begin a batch: %w", err)
		}
	}
	return c.exec("UPDATE batches SET contacts = ?, changes = ?, done = ? WHERE id = ?", b.Contacts, b.Changes, b.Done, b.ID)
}

const batchColumns = "id, at, kind, by, note, about, undoes, undone, contacts, changes, done"

func scanBatch(r *rows) Batch {
	return Batch{ID: r.int(0), At: hygiene.Instant(r.int(1)), Kind: BatchKind(r.text(2)), By: r.text(3), Note: r.text(4), About: r.text(5),
		Undoes: r.int(6), follower: r.int(7), Contacts: r.int(8), Changes: r.int(9), Done: r.int(10) != 0}
}

// batch reads one batch; false when there is none of that number.
func batch(c *conn, id int64) (b Batch, ok bool, err error) {
	r := c.query("SELECT "+batchColumns+" FROM batches WHERE id = ?", id)
	if ok = r.next(); ok {
		b = scanBatch(r)
	}
	return b, ok, r.close()
}

// follow goes along the chain to its last batch, and says of b whether it is in
// force.
func (b *Batch) follow(c *conn) (last Batch, err error) {
	last, b.UndoneBy = *b, 0
	for odd := true; last.follower != 0; odd = !odd {
		var ok bool
		if last, ok, err = batch(c, last.follower); err != nil || !ok {
			return last, err
		}
		if b.UndoneBy = 0; odd {
			b.UndoneBy = last.ID
		}
	}
	return last, nil
}

// Batches reads the acts by hand, the latest first, at most so many.
func (s *Store) Batches(most int) (list []Batch, err error) {
	err = s.read(func(c *conn) error {
		r := c.query("SELECT "+batchColumns+" FROM batches ORDER BY id DESC LIMIT ?", most)
		for r.next() {
			list = append(list, scanBatch(r))
		}
		err := r.close()
		for i := range list {
			if err == nil {
				_, err = list[i].follow(c)
			}
		}
		return err
	})
	return list, err
}
