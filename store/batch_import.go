package store

import (
	"errors"
	"slices"

	"winnow/hygiene"
	"winnow/store/keyset"
	"winnow/store/lookahead"
)

// ImportedSuppression is one line of a suppression list. It names a contact, or else a
// phone number, as [Store.Instruct] does.
type ImportedSuppression struct {
	Key    string
	Phone  string // E.164
	Reason string
	Until  hygiene.Instant // 0 for no end
}

// SuppressionImport is an import of suppressions under way: one batch, written a
// few thousand lines at a time.
type SuppressionImport struct {
	store  *Store
	policy *hygiene.Policy
	batch  Batch
	moment hygiene.Moment

	// What earlier lines named. A preview needs both: it is rolled back page by
	// page, and a suppression must not count again on the next.
	suppressions, contacts *keyset.Set
}

// ImportSuppressions begins an import by that person, at the time now. The note is
// stored with each suppression.
func (s *Store) ImportSuppressions(policy *hygiene.Policy, by, note string, now hygiene.Instant) (*SuppressionImport, error) {
	end, err := s.LastSeq()
	if err != nil {
		return nil, err
	}
	b := Batch{Kind: ImportBatch, By: by, Note: note, About: "suppressions from " + note}
	return &SuppressionImport{store: s, policy: policy, batch: b, moment: hygiene.Moment{At: now, Seq: end}, suppressions: s.NewKeySet(), contacts: s.NewKeySet()}, nil
}

// SuppressionResult is what lines of a suppression list did. Each suppression counts by
// the first line that names it.
type SuppressionResult struct {
	Added     int64
	Extended  int64 // an import's suppression of that reason was open, and now ends later
	Unchanged int64 // one was open that ends no earlier; that the list says so too is kept
	Repeated  int64 // lines of suppressions that an earlier line named: of these the longest counts
	New       int64 // contacts that were created
}

// Add adds what other lines did.
func (d *SuppressionResult) Add(e SuppressionResult) {
	d.Added, d.Extended, d.Unchanged = d.Added+e.Added, d.Extended+e.Extended, d.Unchanged+e.Unchanged
	d.Repeated, d.New = d.Repeated+e.Repeated, d.New+e.New
}

// Save opens the suppressions of these lines, in one transaction, and returns what
// that did. It never lifts or shortens a suppression.
func (im *SuppressionImport) Save(list []ImportedSuppression) (did SuppressionResult, err error) {
	first, err := im.firstLines(list)
	if err != nil {
		return did, err
	}
	err = im.store.batchStep(im.policy, &im.batch, im.moment.At, func(w *txWriter, b *Batch) error {
		did = SuppressionResult{}
		return im.openAll(w, b, list, first, &did, func(int, bool) {})
	})
	return did, err
}

// Preview returns what Take would do: it does it, and rolls back.
func (im *SuppressionImport) Preview(list []ImportedSuppression) (did SuppressionResult, err error) {
	first, err := im.firstLines(list)
	if err != nil {
		return did, err
	}
	firstOf, err := im.firstOfContacts(list)
	if err != nil {
		return did, err
	}
	created := int64(0)
	err = im.store.writeAs(im.policy, func(w *txWriter) error {
		did, created = SuppressionResult{}, 0
		preview := im.batch
		met := func(i int, isNew bool) {
			if isNew && firstOf[i] {
				created++
			}
		}
		if err := im.openAll(w, &preview, list, first, &did, met); err != nil {
			return err
		}
		return errPreview
	})
	did.New = created
	return did, ignorePreview(err)
}

// firstLines reports of each line whether it is the first that names its
// suppression.
func (im *SuppressionImport) firstLines(list []ImportedSuppression) ([]bool, error) {
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Reason + " " + list[i].subject()
	}
	return im.suppressions.Add(names)
}

// firstOfContacts reports of each line whether it is the first that names its contact.
func (im *SuppressionImport) firstOfContacts(list []ImportedSuppression) ([]bool, error) {
	var keys []string
	var places []int
	for i := range list {
		if list[i].Phone == "" {
			keys, places = append(keys, list[i].Key), append(places, i)
		}
	}
	first, err := im.contacts.Add(keys)
	of := make([]bool, len(list))
	for n := range first {
		of[places[n]] = first[n]
	}
	return of, err
}

// Close frees what the import remembered.
func (im *SuppressionImport) Close() error {
	return errors.Join(im.suppressions.Close(), im.contacts.Close())
}

// openAll opens the suppressions of the lines. It calls met with the place of each, and whether
// its contact was not known before.
func (im *SuppressionImport) openAll(w *txWriter, b *Batch, list []ImportedSuppression, first []bool, did *SuppressionResult, met func(i int, isNew bool)) error {
	k := &contactRow{}
	for i := range list {
		if i%lookahead.Lines == 0 {
			if err := w.lookAhead(list[i:min(i+lookahead.Lines, len(list))]); err != nil {
				return err
			}
		}
		isNew, err := w.loadSubject(k, &list[i])
		if err != nil {
			return err
		}
		met(i, isNew)
		changes := w.judge.Instruct(&k.Contact, im.instruction(&list[i], b.ID))
		did.count(changes, first[i], isNew)
		if len(changes) == 0 && !k.factsChanged() {
			continue
		}
		if err := w.saveInBatch(k, changes, b); err != nil {
			return err
		}
	}
	return nil
}

// lookAhead looks up what the lines name.
func (w *txWriter) lookAhead(list []ImportedSuppression) error {
	var keys, phones []string
	for i := range list {
		if list[i].Phone != "" {
			phones = append(phones, list[i].Phone)
		} else {
			keys = append(keys, list[i].Key)
		}
	}
	if w.ahead == nil {
		w.ahead = lookahead.New(w.Writer)
		w.Writer = w.ahead
	}
	return w.ahead.LookUp(keys, phones)
}

// subject is the key of the contact or of the number.
func (line *ImportedSuppression) subject() string {
	if line.Phone != "" {
		return hygiene.NumberKey(line.Phone)
	}
	return line.Key
}

// loadSubject reads the contact or the number of the line, and reports whether the contact
// is new.
func (w *txWriter) loadSubject(k *contactRow, line *ImportedSuppression) (isNew bool, err error) {
	if line.Phone != "" {
		_, err := w.numberToInstruct(k, line.Phone, true)
		return false, err
	}
	err = w.loadKnown(k, line.Key)
	return k.stored.ID == 0, err
}

func (im *SuppressionImport) instruction(line *ImportedSuppression, batch int64) hygiene.Instruction {
	return hygiene.Instruction{Moment: im.moment, Kind: hygiene.Suppress, Origin: hygiene.ByImport, Reason: line.Reason,
		Until: line.Until, By: im.batch.By, Note: im.batch.Note, Batch: batch}
}

// count counts one line by its ledger entries.
func (d *SuppressionResult) count(changes []hygiene.Change, first, isNew bool) {
	switch {
	case !first:
		d.Repeated++
	case len(changes) == 0:
		d.Unchanged++
	case slices.ContainsFunc(changes, func(c hygiene.Change) bool { return c.Act == hygiene.Renewed }):
		d.Extended++
	default:
		d.Added++
	}
	if isNew && len(changes) > 0 {
		d.New++
	}
}

// Batch is the number of the batch under way; 0 while it is empty.
func (im *SuppressionImport) Batch() int64 { return im.batch.ID }

// End finishes the batch. Its number is 0 when nothing was to be changed.
func (im *SuppressionImport) End() (BatchResult, error) {
	err := im.store.finishBatch(&im.batch)
	return im.batch.did(), err
}
