package store

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// ContactChange is a change to a contact that may make a held run out of date: a
// suppression that is in force, a merge, or a batch that takes something back.
type ContactChange struct {
	Contact string // its key
	Act     hygiene.Act
	Reason  string
	Batch   BatchKind // the kind of batch that made the change; empty for none
	Merged  bool      // the contact was merged into another since
}

// ChangesSince visits the suppressions and merges after that ledger entry, and all changes
// by undoing, discarding and allowing, in byte order of the contacts' keys. It leaves out
// suppressions that had ended by asOf. A contact that gets a number takes what stands on it. An error
// of visit ends the visits and is returned.
func (s *Store) ChangesSince(ledger int64, asOf hygiene.Instant, visit func(ContactChange) error) error {
	return s.read(func(c engine.Reader) error {
		// What changed on a number changed for all who have it.
		r := c.Query(`WITH changed (contact, id, act, reason, kind) AS (
			SELECT ledger.contact, ledger.id, ledger.act, ledger.reason, coalesce(batches.kind, '') FROM ledger LEFT JOIN batches ON batches.id = ledger.batch
			WHERE ledger.id > ? AND (ledger.act IN (?, ?) AND ledger.held_by = 0 AND (ledger.until = 0 OR ledger.until > ?) OR ledger.act = ? OR batches.kind IN (?, ?, ?)))
			SELECT contacts.key AS key, act, reason, kind, changed.id AS id, 0 FROM changed JOIN contacts ON contacts.id = changed.contact
			UNION ALL SELECT names.key, act, reason, kind, changed.id, 1 FROM changed JOIN names ON names.id = changed.contact WHERE names.merged_into <> ''
			UNION ALL SELECT contacts.key, act, reason, kind, changed.id, 0 FROM changed JOIN numbers ON numbers.id = -changed.contact
			JOIN contacts ON contacts.phone = numbers.phone ORDER BY key, id`,
			ledger, string(hygiene.Suppressed), string(hygiene.Inherited), int64(asOf), string(hygiene.Merged), string(AllowBatch), string(UndoBatch), string(DiscardBatch))
		var err error
		for err == nil && r.Next() {
			err = visit(ContactChange{Contact: r.Text(0), Act: hygiene.Act(r.Text(1)), Reason: r.Text(2), Batch: BatchKind(r.Text(3)), Merged: r.Int(5) != 0})
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
