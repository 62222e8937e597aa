package store

import (
	"context"
	"errors"
	"fmt"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Batch is a manual change to contacts, shown and undone as one. Batches that undo
// one another form a chain: 13 undoes 12, 14 undoes 13, and so 12 is in force
// again. Every second one of a chain is in force, counted from the last.
type Batch struct {
	ID       int64           `json:"id"`
	At       hygiene.Instant `json:"at"`
	Kind     BatchKind       `json:"kind"`
	By       string          `json:"by"`
	Note     string          `json:"note,omitempty"`
	About    string          `json:"about"`               // what was asked for, in words
	Undoes   int64           `json:"undoes,omitempty"`    // the batch that this one undoes; 0 for none
	UndoneBy int64           `json:"undone_by,omitempty"` // the batch because of which this one is not in force; 0 while it is
	Contacts int64           `json:"contacts"`            // changed
	Changes  int64           `json:"changes"`             // ledger entries
	Done     bool            `json:"done"`                // false: under way, or interrupted

	// Unregistered is of a new batch that invalidates evidence: only that of messages
	// that the send log does not have.
	Unregistered bool `json:"-"`

	undoneByID int64                // the batch that undid this one, in force or not; 0 for none
	strike     *hygiene.Instruction // of a new batch that invalidates evidence; nil for others
	changed    bool                 // something counted in neither: names of contacts, or what is kept with numbers
}

// BatchKind is which manual change it was.
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
	ImportBatch     BatchKind = "import"  // of suppressions from a file
	MergeBatch      BatchKind = "merge"   // of contacts that the CRM joined
)

// BatchKinds are all kinds of batches.
var BatchKinds = []BatchKind{SuppressBatch, AllowBatch, UndoBatch, RejudgeBatch, ReclassifyBatch, ReleaseBatch, DiscardBatch, ImportBatch, MergeBatch}

// BatchResult is what a manual change did.
type BatchResult struct {
	Batch    int64 // 0 when nothing was to be changed: then there is no batch
	Contacts int64 // changed
	Changes  int64 // ledger entries
}

func (b *Batch) did() BatchResult { return BatchResult{b.ID, b.Contacts, b.Changes} }

// manualChange is what a batch does to each contact.
type manualChange struct {
	// concerns reports whether the contact is to change; it may change what it looks
	// at.
	concerns func(c *hygiene.Contact) bool
	// change returns no entry for a contact that is not concerned.
	change func(c *hygiene.Contact, batch int64, m hygiene.Moment) []hygiene.Change
}

// changeAll makes a manual change to all contacts concerned, at the time now, as
// one batch: in steps, each of them one transaction with the batch's own row. No
// contact that was changed may be concerned again: so an interrupted change is
// finished by repeating it. When no contact is concerned there is no batch.
func (s *Store) changeAll(ctx context.Context, policy *hygiene.Policy, b Batch, now hygiene.Instant, progress func(contacts int64), m manualChange) (BatchResult, error) {
	end, err := s.LastSeq()
	if err != nil {
		return BatchResult{}, err
	}
	moment := hygiene.Moment{At: now, Seq: end}
	rewrite := func(keys []string) error {
		return s.batchStep(policy, &b, now, func(w *txWriter, b *Batch) error {
			contacts, entries, err := w.changeEach(keys, func(_ int, k *contactRow) ([]hygiene.Change, bool) {
				changes := m.change(&k.Contact, b.ID, moment)
				b.sign(changes)
				return changes, len(changes) > 0 || k.partsChanged()
			})
			if err != nil {
				return err
			}
			b.Contacts, b.Changes = b.Contacts+contacts, b.Changes+entries
			return nil
		})
	}
	if _, err := s.stepThrough(ctx, m.concerns, rewrite, progress); err != nil {
		return b.did(), err
	}
	return b.did(), s.finishBatch(&b)
}

// sign says in changes of the batch who made them, unless they say it already.
func (b *Batch) sign(changes []hygiene.Change) {
	for i := range changes {
		if changes[i].By == "" {
			changes[i].By, changes[i].Note = b.By, b.Note
		}
	}
}

// saveInBatch writes a contact changed by the batch.
func (w *txWriter) saveInBatch(k *contactRow, changes []hygiene.Change, b *Batch) error {
	b.sign(changes)
	b.changed = true
	if !k.IsNumber() {
		b.Contacts++
		b.Changes += int64(len(changes))
	}
	if err := w.save(k, changes); err != nil {
		return err
	}
	return w.spreadWords(k)
}

// errNoChange rolls back a step that changed nothing.
var errNoChange = errors.New("nothing changes")

func ignoreNoChange(err error) error {
	if errors.Is(err, errNoChange) {
		return nil
	}
	return err
}

// batchStep does a part of the batch in one transaction, which begins the batch
// when it is the first.
func (s *Store) batchStep(policy *hygiene.Policy, b *Batch, now hygiene.Instant, do func(w *txWriter, b *Batch) error) error {
	next := *b
	err := s.writeAs(policy, func(w *txWriter) error {
		if next.ID == 0 {
			next.At = now
		}
		if err := saveBatch(w, &next); err != nil {
			return err
		}
		if err := w.useHolds(); err != nil { // an undo changes them
			return err
		}
		w.batch = next.ID
		before := next
		if err := do(w, &next); err != nil {
			return err
		}
		next.Contacts, next.Changes = next.Contacts+w.given.contacts, next.Changes+w.given.changes
		if next.Contacts == before.Contacts && next.Changes == before.Changes && !next.changed {
			return errNoChange
		}
		return saveBatch(w, &next)
	})
	if err == nil {
		*b = next
	}
	return ignoreNoChange(err)
}

// finishBatch stores that all of the batch was done.
func (s *Store) finishBatch(b *Batch) error {
	if b.ID == 0 || b.Done {
		return nil
	}
	b.Done = true
	return s.write(func(c engine.Writer) error { return saveBatch(c, b) })
}

// saveBatch writes a batch. A new one gets its number, is linked to the one that
// it undoes, and has its strike saved.
func saveBatch(c engine.Writer, b *Batch) (err error) {
	if b.ID == 0 {
		b.ID, err = c.Number(`INSERT INTO batches (at, kind, by, note, about, undoes, undone_by, contacts, changes, done)
			VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0) RETURNING id`, int64(b.At), string(b.Kind), b.By, b.Note, b.About, b.Undoes)
		if err == nil && b.Undoes != 0 {
			err = c.Exec("UPDATE batches SET undone_by = ? WHERE id = ?", b.ID, b.Undoes)
		}
		if err == nil && b.strike != nil {
			err = saveStrike(c, b.ID, b.strike)
		}
		if err != nil {
			return fmt.Errorf("begin a batch: %w", err)
		}
	}
	return c.Exec("UPDATE batches SET contacts = ?, changes = ?, done = ? WHERE id = ?", b.Contacts, b.Changes, asInt(b.Done), b.ID)
}

const batchColumns = "id, at, kind, by, note, about, undoes, undone_by, contacts, changes, done"

func scanBatch(r engine.Rows) Batch {
	return Batch{ID: r.Int(0), At: hygiene.Instant(r.Int(1)), Kind: BatchKind(r.Text(2)), By: r.Text(3), Note: r.Text(4), About: r.Text(5),
		Undoes: r.Int(6), undoneByID: r.Int(7), Contacts: r.Int(8), Changes: r.Int(9), Done: r.Int(10) != 0}
}

// batch reads one batch; false when there is none of that number.
func batch(c engine.Querier, id int64) (b Batch, ok bool, err error) {
	r := c.Query("SELECT "+batchColumns+" FROM batches WHERE id = ?", id)
	if ok = r.Next(); ok {
		b = scanBatch(r)
	}
	return b, ok, r.Close()
}

// follow goes along the chain to its last batch, and sets whether b is in force.
func (b *Batch) follow(c engine.Querier) (last Batch, err error) {
	last, b.UndoneBy = *b, 0
	for odd := true; last.undoneByID != 0; odd = !odd {
		var ok bool
		if last, ok, err = batch(c, last.undoneByID); err != nil || !ok {
			return last, err
		}
		if b.UndoneBy = 0; odd {
			b.UndoneBy = last.ID
		}
	}
	return last, nil
}

// describe says what a batch of merges is about. The keys are not stored with the batch.
func (b *Batch) describe(c engine.Querier) error {
	if b.Kind != MergeBatch || b.About != "" {
		return nil
	}
	r := c.Query("SELECT old, new, (SELECT count(*) FROM merges WHERE batch = ?) FROM merges WHERE batch = ? ORDER BY old LIMIT 1", b.ID, b.ID)
	if r.Next() {
		b.About = r.Text(0) + " into " + r.Text(1)
		if more := r.Int(2) - 1; more > 0 {
			b.About += fmt.Sprintf(" and %d more", more)
		}
	}
	return r.Close()
}
