package store

import (
	"errors"
	"slices"

	"winnow/hygiene"
	"winnow/store/keyset"
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

	// What the lines before named. A preview needs both: it is taken back page by
	// page, and a line must not count again on the next.
	told, named *keyset.Set // suppressions, contacts
}

// ImportSuppressions begins an import by that person, at the time now; note is
// kept with each suppression.
func (s *Store) ImportSuppressions(policy *hygiene.Policy, by, note string, now hygiene.Instant) (*SuppressionImport, error) {
	end, err := s.LastSeq()
	if err != nil {
		return nil, err
	}
	b := Batch{Kind: ImportBatch, By: by, Note: note, About: "suppressions from " + note}
	return &SuppressionImport{store: s, policy: policy, batch: b, moment: hygiene.Moment{At: now, Seq: end}, told: s.NewSeen(), named: s.NewSeen()}, nil
}

// Suppressed is what lines of a suppression list did. Each suppression counts by
// the first line that names it.
type Suppressed struct {
	Opened   int64
	Renewed  int64 // an import's suppression of that reason was open, and ends later now
	Same     int64 // one was open, as long or longer
	Repeated int64 // lines of suppressions that a line before named: of these the longest counts
	New      int64 // contacts that came into being
}

// Add adds what other lines did.
func (d *Suppressed) Add(e Suppressed) {
	d.Opened, d.Renewed, d.Same = d.Opened+e.Opened, d.Renewed+e.Renewed, d.Same+e.Same
	d.Repeated, d.New = d.Repeated+e.Repeated, d.New+e.New
}

// Take opens the suppressions of these lines, in one transaction, and tells what
// that did. Nothing is ever lifted or made shorter by it.
func (im *SuppressionImport) Take(list []ImportedSuppression) (did Suppressed, err error) {
	first, err := im.first(list)
	if err != nil {
		return did, err
	}
	err = im.store.batchStep(im.policy, &im.batch, im.moment.At, func(p *pen, b *Batch) error {
		did = Suppressed{}
		before := b.Changes
		if err := im.step(p, b, list, first, &did); err != nil {
			return err
		}
		if b.Changes == before {
			return errNothing
		}
		return nil
	})
	return did, err
}

// Preview tells what Take would do: it does it, and takes it back.
func (im *SuppressionImport) Preview(list []ImportedSuppression) (did Suppressed, err error) {
	first, err := im.first(list)
	if err != nil {
		return did, err
	}
	unknown, err := im.unknown(list)
	if err != nil {
		return did, err
	}
	err = im.store.writeAs(im.policy, func(p *pen) error {
		did = Suppressed{}
		unkept := im.batch
		if err := im.step(p, &unkept, list, first, &did); err != nil {
			return err
		}
		return errPreview
	})
	did.New = unknown
	return did, previewed(err)
}

// first tells of each line whether it is the first that names its suppression.
func (im *SuppressionImport) first(list []ImportedSuppression) ([]bool, error) {
	keys := make([]string, len(list))
	for i := range list {
		keys[i] = list[i].Reason + " " + list[i].Key
	}
	return im.told.Add(keys)
}

// unknown counts the contacts that would come into being by these lines.
func (im *SuppressionImport) unknown(list []ImportedSuppression) (n int64, err error) {
	keys := make([]string, len(list))
	for i := range list {
		keys[i] = list[i].Key
	}
	first, err := im.named.Add(keys)
	if err != nil {
		return 0, err
	}
	var unnamed []string
	for i := range keys {
		if first[i] {
			unnamed = append(unnamed, keys[i])
		}
	}
	n = int64(len(unnamed))
	err = im.store.Find(unnamed, func(int, *hygiene.Contact) { n-- })
	return n, err
}

// Close frees what the import has remembered.
func (im *SuppressionImport) Close() error { return errors.Join(im.told.Close(), im.named.Close()) }

func (im *SuppressionImport) step(p *pen, b *Batch, list []ImportedSuppression, first []bool, did *Suppressed) error {
	k := &card{}
	for i := range list {
		if err := k.load(p.c, list[i].Key); err != nil {
			return err
		}
		fresh := k.id == 0
		changes := im.policy.Instruct(&k.Contact, im.instruction(&list[i], b.ID))
		did.count(changes, first[i], fresh)
		if len(changes) == 0 {
			continue
		}
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
func (d *Suppressed) count(changes []hygiene.Change, first, fresh bool) {
	switch {
	case !first:
		d.Repeated++
	case len(changes) == 0:
		d.Same++
	case slices.ContainsFunc(changes, func(c hygiene.Change) bool { return c.Act == hygiene.Renewed }):
		d.Renewed++
	default:
		d.Opened++
	}
	if fresh && len(changes) > 0 {
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
