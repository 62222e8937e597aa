package store

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// ContactChange is a change to a contact that may make a held run out of date: a
// suppression that is in force, or a batch that takes something back.
type ContactChange struct {
	Contact string // its key
	Act     hygiene.Act
	Reason  string
	Batch   BatchKind // the kind of batch that made the change; empty for none
}

// ChangesSince visits the suppressions after that ledger entry, and all changes by
// undoing, discarding and allowing, in byte order of the contacts' keys. An error
// of visit ends the visits and is returned.
func (s *Store) ChangesSince(ledger int64, visit func(ContactChange) error) error {
	return s.read(func(c engine.Reader) error {
		r := c.Query(`SELECT contacts.key, ledger.act, ledger.reason, coalesce(batches.kind, '')
			FROM ledger JOIN contacts ON contacts.id = ledger.contact LEFT JOIN batches ON batches.id = ledger.batch
			WHERE ledger.id > ? AND (ledger.act = ? AND ledger.held_by = 0 OR batches.kind IN (?, ?, ?)) ORDER BY contacts.key, ledger.id`,
			ledger, string(hygiene.Suppressed), string(AllowBatch), string(UndoBatch), string(DiscardBatch))
		var err error
		for err == nil && r.Next() {
			err = visit(ContactChange{Contact: r.Text(0), Act: hygiene.Act(r.Text(1)), Reason: r.Text(2), Batch: BatchKind(r.Text(3))})
		}
		if closeErr := r.Close(); err == nil {
			err = closeErr
		}
		return err
	})
}

// LastLedger is the id of the last ledger entry; 0 for none.
func (s *Store) LastLedger() (id int64, err error) {
	err = s.read(func(c engine.Reader) (err error) {
		id, err = c.Number("SELECT coalesce(max(id), 0) FROM ledger")
		return err
	})
	return id, err
}
