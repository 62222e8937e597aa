package store

import (
	"maps"
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
)

// spreadWords gives the words that name a number alone to all who had it then. It does
// nothing for a contact.
func (w *txWriter) spreadWords(number *contactRow) error {
	if !number.IsNumber() || !w.judge.HasWords(&number.Contact) {
		return nil
	}
	return w.spread(number)
}

// spread is spreadWords for a number that may have lost its words.
func (w *txWriter) spread(number *contactRow) error {
	cause := w.causeOf(&number.Contact)
	return w.contactsOf(hygiene.NumberIn(number.Key), func(k *contactRow) error {
		changes, err := w.takeWords(k, cause)
		if err != nil || len(changes) == 0 && !k.factsChanged() {
			return err
		}
		if len(changes) > 0 {
			w.given.contacts++
			w.given.changes += int64(len(changes))
		}
		k.keeps = true // a word that it has from its number is not given back
		return w.save(k, changes)
	})
}

// takeWords gives the contact the words that name its numbers and no contact.
func (w *txWriter) takeWords(k *contactRow, cause hygiene.Moment) ([]hygiene.Change, error) {
	there, err := w.hasNumbers()
	if err != nil || !there {
		return nil, err
	}
	numbers, err := numbersOf(w, &k.Contact)
	if err != nil {
		return nil, err
	}
	changes, _ := w.judge.TakeWords(&k.Contact, numbers, cause)
	return changes, nil
}

// numbersOf reads the numbers, as subjects, that something of the contact may lie on.
func numbersOf(c engine.Reader, of *hygiene.Contact) (numbers []*hygiene.Contact, err error) {
	seen := map[string]bool{}
	of.EachAlone(0, func(alone *hygiene.Contact, _ int64) {
		for _, phone := range alone.AllNumbers() {
			number := &contactRow{}
			if err == nil && !seen[phone] {
				seen[phone] = true
				err = number.load(c, hygiene.NumberKey(phone))
			}
			if number.stored.ID != 0 {
				numbers = append(numbers, &number.Contact)
			}
		}
	})
	return numbers, err
}

// NumbersOf reads the numbers, as subjects, that something of the contact may lie on. It
// is the Number of a scan, and others that the contact had.
func (s *Store) NumbersOf(contact *hygiene.Contact) (numbers []*hygiene.Contact, err error) {
	if contact.Parts == nil && len(contact.Numbers) <= 1 && len(contact.Sendings) == 0 {
		if contact.Number == nil {
			return nil, nil
		}
		return []*hygiene.Contact{contact.Number}, nil
	}
	err = s.read(func(c engine.Reader) error {
		numbers, err = numbersOf(c, contact)
		return err
	})
	return numbers, err
}

// An event without a contact that names a number, or whose message the send log has for
// one, lies on that number alone. It stays in the table unmatched, with the number, as long as no contact
// is known for it: a number that becomes a subject takes it from there.

// applyToNumbers applies events that lie on a number alone. They are in the table unmatched.
// strikes reads what operators invalidated.
func (w *txWriter) applyToNumbers(events []hygiene.Event, strikes func(engine.Querier) ([]hygiene.Instruction, error)) (err error) {
	of := map[string][]*hygiene.Event{}
	for i := range events {
		if e := &events[i]; e.Contact == "" && e.Number() != "" && w.judge.GivesOutcome(e.Outcome) {
			of[e.Number()] = append(of[e.Number()], e)
		}
	}
	if len(of) == 0 {
		return nil
	}
	if w.given.strikes, err = strikes(w); err != nil {
		return err
	}
	for _, phone := range slices.Sorted(maps.Keys(of)) {
		if err := w.applyToNumber(phone, of[phone]); err != nil {
			return err
		}
	}
	return nil
}

func (w *txWriter) applyToNumber(phone string, events []*hygiene.Event) error {
	number := &contactRow{}
	if err := number.load(w, hygiene.NumberKey(phone)); err != nil {
		return err
	}
	if number.stored.ID == 0 {
		opens := func(e *hygiene.Event) bool { return w.judge.OpensOnNumber(e.Outcome) }
		if !slices.ContainsFunc(events, opens) {
			return nil
		}
		if err := w.beginNumber(number, giver{}, events[0].Moment()); err != nil {
			return err
		}
		return w.spreadWords(number)
	}
	if err := w.save(number, w.applyOwn(number, events)); err != nil {
		return err
	}
	return w.spreadWords(number)
}

// applyOwn applies events to a number, and invalidates those that an operator had
// invalidated before they came to it.
func (w *txWriter) applyOwn(number *contactRow, events []*hygiene.Event) (changes []hygiene.Change) {
	for _, e := range events {
		own := *e
		own.To, own.SentTo, own.SentAt = "", "", 0
		more, _ := w.judge.Apply(&number.Contact, &own)
		changes = append(changes, more...)
	}
	for i := range w.given.strikes {
		if in := &w.given.strikes[i]; w.judge.Affects(&number.Contact, in) {
			changes = append(changes, w.judge.Instruct(&number.Contact, *in)...)
		}
	}
	return changes
}

// findOwnEvents reads some events of a number together. With a placeholder as its limit SQLite
// would prepare it again for each number.
const findOwnEvents = `SELECT seq, CASE WHEN EXISTS (SELECT 1 FROM breaker_trips t WHERE t.id = held_by AND t.state = 'released') THEN 0 ELSE held_by END
	FROM unmatched WHERE phone = ? AND phone <> '' AND seq > ? ORDER BY seq LIMIT 500`

// takeOwn applies to a number the events that lie on it alone.
func (w *txWriter) takeOwn(number *contactRow) (changes []hygiene.Change, err error) {
	if w.ahead.NothingOwn(hygiene.NumberIn(number.Key)) {
		return nil, nil
	}
	for last := int64(0); ; {
		var seqs, held []int64
		r := w.Query(findOwnEvents, hygiene.NumberIn(number.Key), last)
		for r.Next() {
			seqs, held = append(seqs, r.Int(0)), append(held, r.Int(1))
		}
		if err := r.Close(); err != nil || len(seqs) == 0 {
			return changes, err
		}
		last = seqs[len(seqs)-1]
		var events []hygiene.Event
		err := w.log(func(l engine.LogReader) error {
			return l.Events(seqs, false, func(i int, e *hygiene.Event) error {
				if w.judge.GivesOutcome(e.Outcome) {
					events = append(events, *e)
					events[len(events)-1].Held = held[i]
				}
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
		list := make([]*hygiene.Event, len(events))
		for i := range events {
			list[i] = &events[i]
		}
		changes = append(changes, w.applyOwn(number, list)...)
	}
}

// withdraw takes events, by their places in the log, out of numbers on which they lay
// alone.
func (w *txWriter) withdraw(of map[string][]int64, now hygiene.Instant) error {
	for _, phone := range slices.Sorted(maps.Keys(of)) {
		number := &contactRow{}
		if err := number.load(w, hygiene.NumberKey(phone)); err != nil {
			return err
		}
		if number.stored.ID == 0 {
			continue
		}
		cause := hygiene.Moment{At: now, Seq: slices.Max(of[phone])}
		if err := w.save(number, w.judge.Withdraw(&number.Contact, of[phone], cause)); err != nil {
			return err
		}
		if err := w.spread(number); err != nil {
			return err
		}
	}
	return nil
}

// waitAll makes all who have or had the number wait to be placed, so that they take its
// words.
func (w *txWriter) waitAll(number *contactRow) error {
	phone := hygiene.NumberIn(number.Key)
	return w.Exec(`INSERT INTO unplaced (contact, asks) SELECT id, 0 FROM contacts WHERE phone = ?
		UNION SELECT contact, 0 FROM former_numbers WHERE phone = ? ON CONFLICT (contact) DO NOTHING`, phone, phone)
}
