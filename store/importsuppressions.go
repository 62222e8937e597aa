package store

import (
	"slices"

	"winnow/hygiene"
)

// ImportBatch is a batch of suppressions from a file.
const ImportBatch BatchKind = "import"

// ImportedSuppression is one line of a suppression list.
type ImportedSuppression struct {
	Key    string
	Reason string
	Until  hygiene.Instant // 0 for good
}

// SuppressionImport is an import of suppressions under way: one batch, written a
// few thousand lines at a time.
type SuppressionImport struct {
	store  *Store
	policy *hygiene.Policy
	batch  Batch
	moment hygiene.Moment
}

// ImportSuppressions begins an import by that person, at the time now; note is
// kept with each suppression.
func (s *Store) ImportSuppressions(policy *hygiene.Policy, by, note string, now hygiene.Instant) (*SuppressionImport, error) {
	end, err := s.LastSeq()
	if err != nil {
		return nil, err
	}
	b := Batch{Kind: ImportBatch, By: by, Note: note, About: "import suppressions " + note}
	return &SuppressionImport{s, policy, b, hygiene.Moment{At: now, Seq: end}}, nil
}

// Suppressed is what lines of a suppression list did.
type Suppressed struct {
	Opened  int64
	Renewed int64 // an import's suppression of that reason was open, and ends later now
	Same    int64 // one was open, as long or longer
	New     int64 // contacts that came into being
}

// Add adds what other lines did.
func (d *Suppressed) Add(e Suppressed) {
	d.Opened, d.Renewed, d.Same, d.New = d.Opened+e.Opened, d.Renewed+e.Renewed, d.Same+e.Same, d.New+e.New
}

// Take opens the suppressions of these lines, in one transaction, and tells what
// that did. Nothing is ever lifted or made shorter by it.
func (im *SuppressionImport) Take(list []ImportedSuppression) (did Suppressed, err error) {
	err = im.store.batchStep(im.policy, &im.batch, im.moment.At, func(p *pen, b *Batch) error {
		did = Suppressed{}
		if err := im.step(p, b, list, &did); err != nil {
			return err
		}
		if did.Opened+did.Renewed == 0 {
			return errNothing
		}
		return nil
	})
	return did, err
}

// Preview tells what Take would do: it does it, and takes it back.
func (im *SuppressionImport) Preview(list []ImportedSuppression) (did Suppressed, err error) {
	err = im.store.writeAs(im.policy, func(p *pen) error {
		unkept := im.batch
		if err := im.step(p, &unkept, list, &did); err != nil {
			return err
		}
		return errPreview
	})
	return did, previewed(err)
}

func (im *SuppressionImport) step(p *pen, b *Batch, list []ImportedSuppression, did *Suppressed) error {
	k := &card{}
	for i := range list {
		if err := k.load(p.c, list[i].Key); err != nil {
			return err
		}
		fresh := k.id == 0
		changes := im.policy.Instruct(&k.Contact, im.instruction(&list[i], b.ID))
		if len(changes) == 0 {
			did.Same++
			continue
		}
		did.count(changes, fresh)
		if err := p.saveInBatch(k, changes, b); err != nil {
			return err
		}
	}
	return nil
}

func (im *SuppressionImport) instruction(line *ImportedSuppression, batch int64) hygiene.Instruction {
	return hygiene.Instruction{Moment: im.moment, Kind: hygiene.Suppress, Hand: hygiene.ByImport, Reason: line.Reason,
		Until: line.Until, By: im.batch.By, Note: im.batch.Note, Batch: batch}
}

// count counts one line by what it told the ledger.
func (d *Suppressed) count(changes []hygiene.Change, fresh bool) {
	renewed := slices.ContainsFunc(changes, func(c hygiene.Change) bool { return c.Act == hygiene.Renewed })
	if renewed {
		d.Renewed++
	} else {
		d.Opened++
	}
	if fresh {
		d.New++
	}
}

// Batch is the number of the batch under way; 0 when it holds nothing yet.
func (im *SuppressionImport) Batch() int64 { return im.batch.ID }

// End ends the batch; its number is 0 when nothing was to be done.
func (im *SuppressionImport) End() (Batched, error) {
	err := im.store.endBatch(&im.batch)
	return im.batch.did(), err
}
