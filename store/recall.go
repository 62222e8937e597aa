package store

import (
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/forgotten"
)

// A contact that was forgotten may return, by an import, a callback or a command. Then
// it is a contact with what is remembered of its key, and so is a number with what is
// remembered of it: from the moment that it is stored. What lifts that ends the memory.

// recaller is what a transaction knows of forgotten persons.
type recaller struct {
	asked  bool
	hasher *forgotten.Hasher // nil: nobody was forgotten
}

// hasher is asked for once in a transaction.
func (w *txWriter) hasher() (*forgotten.Hasher, error) {
	if w.recalls.asked {
		return w.recalls.hasher, nil
	}
	h, err := forgotten.Open(w)
	w.recalls = recaller{err == nil, h}
	return h, err
}

// withoutRules judges what is remembered where no policy is at hand. The next sweep, under
// the policy, moves it to where it belongs.
var withoutRules = hygiene.NewPolicy(nil, "")

func (w *txWriter) judgeOrNone() *hygiene.Policy {
	if w.judge == nil {
		return withoutRules
	}
	return w.judge
}

// keptName is what is kept of a name of a subject.
type keptName struct {
	name string // a contact's key; empty for a number
	*forgotten.Kept
}

// keptOf is what is kept of the subject's names; none where nobody was forgotten.
func (w *txWriter) keptOf(k *contactRow) (list []keptName, err error) {
	h, err := w.hasher()
	if err != nil || h == nil {
		return nil, err
	}
	if k.IsNumber() {
		kept, err := h.OfNumber(w, hygiene.NumberIn(k.Key))
		if kept != nil {
			list = append(list, keptName{"", kept})
		}
		return list, err
	}
	keys := []string{k.Key}
	for i := range k.Parts {
		keys = append(keys, k.Parts[i].Key)
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		kept, err := h.OfKey(w, key)
		if err != nil {
			return nil, err
		}
		if kept != nil {
			list = append(list, keptName{key, kept})
		}
	}
	return list, nil
}

// recall gives those of the rows that are new, and packed, what is remembered of them.
func (w *txWriter) recall(rows []*contactRow, changes [][]hygiene.Change) error {
	h, err := w.hasher()
	if err != nil || h == nil {
		return err
	}
	for i, k := range rows {
		if k.stored.ID != 0 {
			continue
		}
		more, err := w.recallOne(k, k.Phone != "")
		if err != nil {
			return err
		}
		changes[i] = append(changes[i], more...)
		if !k.IsNumber() {
			if err := w.recallNumber(k.Phone); err != nil {
				return err
			}
		}
	}
	return nil
}

// recallOne is recall for a row. What lies on a phone number alone is left out for one that
// has a number.
func (w *txWriter) recallOne(k *contactRow, hasNumber bool) (changes []hygiene.Change, err error) {
	list, err := w.keptOf(k)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	for _, kept := range list {
		memories := kept.Memories()
		if hasNumber {
			memories = slices.DeleteFunc(memories, func(m hygiene.Memory) bool { return m.OfNumber })
		}
		changes = append(changes, w.judgeOrNone().Recall(&k.Contact, kept.name, memories, w.causeOf(&k.Contact))...)
		k.recalled = append(k.recalled, kept.Kept)
	}
	k.pack()
	return changes, nil
}

// stands reports whether the subject has a suppression for the reason.
func (k *contactRow) stands(reason string) bool {
	return slices.ContainsFunc(k.Suppressions, func(s hygiene.Suppression) bool { return s.Reason == reason })
}

// linkAll notes with what is remembered which subjects it is, once these are stored.
func (w *txWriter) linkAll(rows []*contactRow) error {
	for _, k := range rows {
		for _, kept := range k.recalled {
			if err := kept.Link(w, k.stored.ID); err != nil {
				return err
			}
		}
		k.recalled = nil
	}
	return nil
}

// recallNumber makes a number that is not a subject, and that a contact gets, one if it
// is remembered.
func (w *txWriter) recallNumber(phone string) error {
	h, err := w.hasher()
	if err != nil || h == nil || phone == "" || w.judge != nil && !w.judge.HasNumbers() {
		return err
	}
	kept, err := h.OfNumber(w, phone)
	if err != nil || kept == nil {
		return err
	}
	number := &contactRow{}
	if err := number.load(w, hygiene.NumberKey(phone)); err != nil || number.stored.ID != 0 {
		return err
	}
	if w.judge == nil { // those who have it give to it in the next sweep
		if err := w.save(number, nil); err != nil {
			return err
		}
		return w.waitAll(number)
	}
	if err := w.beginNumber(number, giver{}, hygiene.Moment{}); err != nil || !w.judge.HasWords(&number.Contact) {
		return err
	}
	return w.waitAll(number)
}

// forgive ends the memory of what the changes lifted, or what came in with a new contact.
func (w *txWriter) forgive(rows []*contactRow, changes [][]hygiene.Change) error {
	for i, k := range rows {
		lifts := func(c hygiene.Change) bool { return c.Act == hygiene.Released || c.Act == hygiene.Allowed }
		if len(k.recalled) == 0 && !slices.ContainsFunc(changes[i], lifts) {
			continue
		}
		list, err := w.keptOf(k)
		if err != nil {
			return err
		}
		for _, kept := range list {
			for _, r := range kept.Reasons {
				lifted, allowed := liftedBy(w.judgeOrNone(), changes[i], r.Reason)
				lifted = lifted || len(k.recalled) > 0 && !r.OfNumber && w.judgeOrNone().Protects(r.Reason)
				if !lifted || k.stands(r.Reason) {
					continue
				}
				if err := kept.Forgive(w, r.Reason, allowed && !k.IsNumber(), w.batch); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// liftedBy reports whether the changes lifted the reason, and whether an operator did.
func liftedBy(p *hygiene.Policy, changes []hygiene.Change, reason string) (lifted, allowed bool) {
	for i := range changes {
		switch c := &changes[i]; c.Act {
		case hygiene.Released:
			lifted = lifted || c.Reason == reason
		case hygiene.Allowed:
			allowed = allowed || c.Reason == reason || c.Reason == "" && !p.Protects(reason)
		}
	}
	return lifted || allowed, allowed
}

// isRemembered reports whether anything is kept of the key, or of the number.
func (w *txWriter) isRemembered(key, phone string) (bool, error) {
	h, err := w.hasher()
	if err != nil || h == nil {
		return false, err
	}
	kept := (*forgotten.Kept)(nil)
	if key != "" {
		kept, err = h.OfKey(w, key)
	} else {
		kept, err = h.OfNumber(w, phone)
	}
	return kept != nil && len(kept.Reasons) > 0, err
}

// FindForgotten calls found for each of the keys, and then of the phone numbers, of which
// something keeps it away that was forgotten: with its place, and a contact or number that has
// nothing but that. It is for what is not known otherwise. Where nobody was forgotten it
// costs one query.
func (s *Store) FindForgotten(keys, phones []string, ofKey, ofPhone func(place int, c *hygiene.Contact)) error {
	return s.read(func(c engine.Reader) error {
		h, err := forgotten.Open(c)
		if err != nil || h == nil {
			return err
		}
		find := func(list []string, ask func(engine.Querier, string) (*forgotten.Kept, error), named func(string) string, found func(int, *hygiene.Contact)) error {
			for i, text := range list {
				kept, err := ask(c, text)
				if err != nil {
					return err
				}
				if kept != nil && len(kept.Reasons) > 0 {
					k := &contactRow{}
					k.reset(named(text))
					k.Suppressions = kept.Suppressions()
					found(i, k.forReader(s.present))
				}
			}
			return nil
		}
		if err := find(keys, h.OfKey, func(key string) string { return key }, ofKey); err != nil {
			return err
		}
		return find(phones, h.OfNumber, hygiene.NumberKey, ofPhone)
	})
}
