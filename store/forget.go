package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/erasure"
)

// ErrUnknown is the error of forgetting what is not known, and ErrHeld that of forgetting a
// contact on which there is a legal hold.
var (
	ErrUnknown = errors.New("nothing is known of")
	ErrHeld    = errors.New("a legal hold keeps")
)

// AskToForget asks that contacts and phone numbers be forgotten, all of them or none: it is
// done by the next [Store.Forget]. exports says that the files of kept runs are meant too.
func (s *Store) AskToForget(of Subjects, exports bool, now hygiene.Instant) error {
	return s.write(func(c engine.Writer) error {
		subjects, err := toForget(c, of)
		if err != nil {
			return err
		}
		for _, subject := range subjects {
			if err := erasure.InsertPending(c, &erasure.Pending{At: now, Exports: exports, Subject: subject}); err != nil {
				return err
			}
		}
		return nil
	})
}

// toForget are the keys of the subjects, each once. It is an error if one is not known, or
// held; all of these are named.
func toForget(c engine.Reader, of Subjects) (subjects []string, err error) {
	keys := slices.Clone(of.Keys)
	for _, phone := range of.Phones {
		keys = append(keys, hygiene.NumberKey(phone))
	}
	for _, key := range keys {
		root, rootErr := rootOf(c, key)
		if rootErr != nil {
			return nil, rootErr
		}
		known, knownErr := isKnown(c, root)
		held, holdErr := holdsOf(c, root)
		switch name := nameOf(key); {
		case knownErr != nil || holdErr != nil:
			return nil, errors.Join(knownErr, holdErr)
		case !known:
			err = errors.Join(err, fmt.Errorf("%w %s", ErrUnknown, name))
		case len(held) > 0:
			err = errors.Join(err, fmt.Errorf("%w %s from being forgotten, by %s at %s; winnow hold %s --end ends it", ErrHeld, name, held[0].By, held[0].At, name))
		case !slices.Contains(subjects, root):
			subjects = append(subjects, root)
		}
	}
	return subjects, err
}

// nameOf is a subject's key as people write it.
func nameOf(key string) string {
	if phone := hygiene.NumberIn(key); phone != "" {
		return phone
	}
	return key
}

// isKnown reports whether there is something to forget of a contact, or of a number.
func isKnown(c engine.Querier, key string) (bool, error) {
	if phone := hygiene.NumberIn(key); phone != "" {
		n, err := c.Number(`SELECT EXISTS (SELECT 1 FROM numbers WHERE phone = ?) OR EXISTS (SELECT 1 FROM unmatched WHERE phone = ? AND phone <> '')
			OR EXISTS (SELECT 1 FROM former_numbers WHERE phone = ?) OR EXISTS (SELECT 1 FROM messages WHERE phone = ? AND contact = '')`, phone, phone, phone, phone)
		return n != 0, err
	}
	n, err := c.Number("SELECT EXISTS (SELECT 1 FROM contacts WHERE key = ?) OR EXISTS (SELECT 1 FROM names WHERE key = ?)", key, key)
	return n != 0, err
}

// Erasures are the persons who are still to be forgotten, or of which something is left.
func (s *Store) Erasures() (list []erasure.Pending, err error) {
	err = s.read(func(c engine.Reader) (err error) {
		list, err = erasure.List(c)
		return err
	})
	return list, err
}

// HasErasures reports whether something of a person is still to be erased.
func (s *Store) HasErasures() (has bool, err error) {
	err = s.read(func(c engine.Reader) error {
		n, err := c.Number("SELECT EXISTS (SELECT 1 FROM erasures)")
		if has = n != 0; err == nil && !has {
			has, err = erasure.IsUnclean(c)
		}
		return err
	})
	return has, err
}

// ForgetOptions are what forgetting needs to know.
type ForgetOptions struct {
	Policy   *hygiene.Policy
	Keys     contactkey.Format
	Now      hygiene.Instant
	Progress func(events int64)
	Files    func(ctx context.Context, n *erasure.Names, list []erasure.Pending, preview bool, did *erasure.Counts) error
	Wait     time.Duration // for readers; then the rest is done by the next Forget
}

// FinishForgetting finishes what was begun: of persons who have been deleted it erases all
// that is left. Nothing may sweep before that, or an event of theirs would make them anew.
func (s *Store) FinishForgetting(ctx context.Context, o ForgetOptions) (erasure.Counts, error) {
	r := s.eraser(&o)
	err := r.Do(ctx)
	if err != nil {
		return r.Did, err
	}
	var unclean bool
	err = s.read(func(c engine.Reader) (err error) {
		unclean, err = erasure.IsUnclean(c)
		return err
	})
	if err == nil && unclean {
		err = erasure.Purge(ctx, s.engine, nil, time.Now().Add(o.Wait))
	}
	return r.Did, err
}

// Forget forgets all who are to be forgotten. The log has been swept to its end, so that
// what the latest events say is remembered, and nothing sweeps meanwhile.
func (s *Store) Forget(ctx context.Context, o ForgetOptions) (did erasure.Counts, err error) {
	pending, err := s.Erasures()
	if err != nil {
		return did, err
	}
	for i := range pending {
		if p := &pending[i]; !p.Begun {
			if err := s.writeAs(o.Policy, func(w *txWriter) error { return w.beginForgetting(p, o.Now, &did) }); err != nil {
				return did, err
			}
		}
	}
	rest, err := s.FinishForgetting(ctx, o)
	return did.Plus(rest), err
}

// PreviewForgetting counts what forgetting them would erase, and changes nothing.
func (s *Store) PreviewForgetting(ctx context.Context, of Subjects, o ForgetOptions) (did erasure.Counts, err error) {
	r := s.eraser(&o)
	r.Preview, r.Names = true, erasure.NewNames(o.Keys)
	err = s.writeAs(o.Policy, func(w *txWriter) error {
		subjects, err := toForget(w, of)
		if err != nil {
			return err
		}
		for _, subject := range subjects {
			p := erasure.Pending{At: o.Now, Subject: subject}
			if err := erasure.InsertPending(w, &p); err != nil {
				return err
			}
			if err := w.beginForgetting(&p, o.Now, &did); err != nil {
				return err
			}
			r.Pending = append(r.Pending, p)
		}
		if r.Names, err = erasure.NamesOf(w, o.Keys); err != nil {
			return err
		}
		return errPreview
	})
	if err = ignorePreview(err); err != nil {
		return did, err
	}
	err = r.Do(ctx)
	return did.Plus(r.Did), err
}

func (s *Store) eraser(o *ForgetOptions) *erasure.Run {
	r := &erasure.Run{Engine: s.engine, Format: o.Keys, Progress: o.Progress, Wait: o.Wait, Commit: s.commitErasure, Remember: rememberMessages}
	if o.Files != nil {
		r.Files = func(ctx context.Context, n *erasure.Names, list []erasure.Pending) error {
			return o.Files(ctx, n, list, r.Preview, &r.Did)
		}
	}
	return r
}

// beginForgetting deletes a contact, or a number that nobody has, with all that is found by
// its keys, ids and numbers. What has to outlast it is remembered before.
func (w *txWriter) beginForgetting(p *erasure.Pending, now hygiene.Instant, did *erasure.Counts) error {
	k := &contactRow{}
	if err := k.load(w, p.Subject); err != nil {
		return err
	}
	if held, err := heldKeys(w, []string{p.Subject}); err != nil || len(held) > 0 {
		if err == nil { // since it was asked for
			err = erasure.DeletePending(w, p.ID)
		}
		return err
	}
	who, err := w.personIn(k)
	if err != nil {
		return err
	}
	if err := remember(w, w.judge, who, now); err != nil {
		return err
	}
	if err := erasure.InsertNames(w, p.ID, who); err != nil {
		return err
	}
	if !k.IsNumber() {
		if err := w.forgetContact(k, who, did); err != nil {
			return err
		}
	}
	for _, n := range who.Numbers {
		if err := w.forgetNumber(p.ID, n, who, did); err != nil {
			return err
		}
	}
	if err := counters.Add(w, counters.SendLogVersion, 1); err != nil {
		return err
	}
	return erasure.BeginPending(w, p)
}

// personIn is all that names the person of a contact, or of a number.
func (w *txWriter) personIn(k *contactRow) (*erasure.Person, error) {
	if k.IsNumber() {
		phone := hygiene.NumberIn(k.Key)
		others, err := w.othersHave(phone, nil)
		return &erasure.Person{Numbers: []erasure.Number{{Phone: phone, Others: others}}}, err
	}
	who := &erasure.Person{Keys: []string{k.Key}, IDs: []int64{k.stored.ID}}
	names, err := namesOf(w, k.Key)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if n.key != k.Key {
			who.Keys = append(who.Keys, n.key)
		}
		if !slices.Contains(who.IDs, n.id) {
			who.IDs = append(who.IDs, n.id)
		}
	}
	phones := []string{}
	k.EachAlone(k.stored.ID, func(c *hygiene.Contact, id int64) { phones = append(phones, c.AllNumbers()...) })
	if k.Phone != "" {
		phones = append(phones, k.Phone)
	}
	for _, id := range who.IDs {
		r := w.Query("SELECT phone FROM former_numbers WHERE contact = ?", id)
		for r.Next() {
			phones = append(phones, r.Text(0))
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	slices.Sort(phones)
	for _, phone := range slices.Compact(phones) {
		others, err := w.othersHave(phone, who.IDs)
		if err != nil {
			return nil, err
		}
		who.Numbers = append(who.Numbers, erasure.Number{Phone: phone, Others: others})
	}
	return who, nil
}

// othersHave reports whether contacts of other ids have the number, or had it.
func (w *txWriter) othersHave(phone string, ids []int64) (others bool, err error) {
	r := w.Query("SELECT id FROM contacts WHERE phone = ? UNION ALL SELECT contact FROM former_numbers WHERE phone = ?", phone, phone)
	for r.Next() {
		others = others || !slices.Contains(ids, r.Int(0))
	}
	return others, r.Close()
}

// forgetContact deletes a contact, with all that is found by its keys and ids.
func (w *txWriter) forgetContact(k *contactRow, who *erasure.Person, did *erasure.Counts) error {
	names, err := namesOf(w, k.Key)
	if err != nil {
		return err
	}
	ledgers := []int64{k.stored.Ledger}
	for i := range names {
		ledgers = append(ledgers, names[i].ledger)
		if err := putName(w, &names[i], true); err != nil {
			return err
		}
	}
	for _, ledger := range ledgers {
		erased, err := erasure.EraseLedger(w, ledger)
		if err != nil {
			return err
		}
		did.Ledger += erased
	}
	for _, key := range who.Keys {
		if err := w.forgetMarksOf(key, did); err != nil {
			return err
		}
	}
	if k.stored.ID != 0 {
		if err := w.deleteContact(k); err != nil {
			return err
		}
		did.Contacts++
	}
	for _, id := range who.IDs {
		if err := erasure.EraseIDs(w, id); err != nil {
			return err
		}
	}
	did.Keys += int64(len(who.Keys))
	return nil
}

// forgetMarksOf takes a key off its lists and out of its pins.
func (w *txWriter) forgetMarksOf(key string, did *erasure.Counts) error {
	lists, err := listsOf(w, key)
	for _, list := range lists {
		if err == nil {
			_, err = w.setListed(list, key, false)
		}
	}
	if err != nil {
		return err
	}
	pins, err := pinsOf(w, key)
	for i := range pins {
		if err == nil {
			_, err = w.setPin(&pins[i], true)
		}
	}
	if err != nil {
		return err
	}
	did.Lists, did.Pins = did.Lists+int64(len(lists)), did.Pins+int64(len(pins))
	return w.forgetMarks(key)
}

// forgetNumber deletes what is kept of a number, unless others have it: then what lies on it
// stays, and only what the person noted goes.
func (w *txWriter) forgetNumber(id int64, n erasure.Number, who *erasure.Person, did *erasure.Counts) error {
	number := &contactRow{}
	if err := number.load(w, hygiene.NumberKey(n.Phone)); err != nil {
		return err
	}
	if n.Others {
		if number.stored.ID == 0 || !number.ForgetGivers(who.IDs) {
			return nil
		}
		return w.Exec("UPDATE numbers SET facts = ? WHERE id = ?", number.Pack(nil), -number.stored.ID)
	}
	messages, err := erasure.WaitingOn(w, n.Phone)
	if err != nil {
		return err
	}
	if err := erasure.InsertMessages(w, id, messages); err != nil {
		return err
	}
	if number.stored.ID == 0 {
		return nil
	}
	did.Numbers++
	erased, err := erasure.EraseLedger(w, number.stored.Ledger)
	did.Ledger += erased
	if err != nil {
		return err
	}
	w.given.rows = numbersUnknown
	return w.Exec("DELETE FROM numbers WHERE id = ?", -number.stored.ID)
}
