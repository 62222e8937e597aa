package store

import (
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/lookahead"
)

// A number is kept like a contact, in a table of its own: its row has the key
// [hygiene.NumberKey], and in the ledger and in memory the negative of its id. Only
// numbers to which contacts gave something that may suppress, or that an act names,
// have a row. So where there is none, nothing is looked up.

// loadNumbers is loadRows for numbers.
func loadNumbers(c engine.Querier, keys []string, rows []*contactRow) error {
	places := map[string]int{}
	phones := make([]string, len(keys))
	for i, key := range keys {
		rows[i].reset(key)
		phones[i] = hygiene.NumberIn(key)
		places[key] = i
	}
	return findNumbers(c, phones, func(stored *engine.Contact) error {
		rows[places[stored.Key]].set(stored)
		return nil
	})
}

// findNumbers calls found for each of the phone numbers, sorted best, that has a row.
func findNumbers(c engine.Querier, phones []string, found func(stored *engine.Contact) error) error {
	if w, ok := c.(*txWriter); ok {
		c = w.Writer
	}
	return lookahead.FindNumbers(c, phones, found)
}

// hasNumbers reports whether any number has a row.
func hasNumbers(c engine.Querier) (bool, error) { return lookahead.HasNumbers(c) }

// attachNumbers reads what stands on the numbers of the contacts, which are unpacked.
func attachNumbers(c engine.Querier, rows []*contactRow) error {
	var number hygiene.Contact
	return eachNumberOf(c, rows, func(stored *engine.Contact, have []*contactRow) error {
		number.Reset(stored.Key)
		if err := number.Unpack(stored.Facts); err != nil {
			return err
		}
		on := slices.Clone(number.Suppressions)
		for _, k := range have {
			k.OnNumber = on
		}
		return nil
	})
}

// attachWholeNumbers is attachNumbers with the numbers as subjects.
func attachWholeNumbers(c engine.Querier, rows []*contactRow) error {
	return eachNumberOf(c, rows, func(stored *engine.Contact, have []*contactRow) error {
		number := &hygiene.Contact{Key: stored.Key}
		if err := number.Unpack(stored.Facts); err != nil {
			return err
		}
		for _, k := range have {
			k.OnNumber, k.Number = number.Suppressions, number
		}
		return nil
	})
}

// eachNumberOf looks the numbers of the contacts up, and calls found for each that has a
// row, with the contacts that have it.
func eachNumberOf(c engine.Querier, rows []*contactRow, found func(stored *engine.Contact, have []*contactRow) error) error {
	with := map[string][]*contactRow{}
	var phones []string
	for _, k := range rows {
		k.OnNumber, k.Number = nil, nil
		if k.Phone == "" {
			continue
		}
		if with[k.Phone] == nil {
			phones = append(phones, k.Phone)
		}
		with[k.Phone] = append(with[k.Phone], k)
	}
	slices.Sort(phones)
	return findNumbers(c, phones, func(stored *engine.Contact) error {
		return found(stored, with[hygiene.NumberIn(stored.Key)])
	})
}

// SharingNumbers counts the contacts whose number others have too, or had.
func (s *Store) SharingNumbers() (n int64, err error) {
	err = s.read(func(c engine.Reader) error {
		n, err = c.Number(`SELECT count(*) FROM contacts WHERE phone IN (
			SELECT phone FROM contacts WHERE phone IS NOT NULL GROUP BY phone HAVING count(*) > 1 UNION SELECT phone FROM former_numbers)`)
		return err
	})
	return n, err
}

// Number finds a phone number as a subject of its own; false when nothing was ever on it.
func (s *Store) Number(phone string) (number *hygiene.Contact, ok bool, err error) {
	k := &contactRow{}
	err = s.read(func(c engine.Reader) error { return k.load(c, hygiene.NumberKey(phone)) })
	return k.forReader(s.present), k.stored.ID != 0, err
}

// saveNumbers is savePacked for numbers. They have no retry and no status of their own:
// those of their contacts change with them.
func (w *txWriter) saveNumbers(rows []*contactRow, changes [][]hygiene.Change) error {
	n := 0
	for i := range rows {
		n += len(changes[i])
	}
	_, entryID, err := w.NewIDs(0, n)
	if err != nil {
		return err
	}
	w.entries = w.entries[:0]
	for i, k := range rows {
		before := k.stored.Facts
		if entryID, err = w.saveNumber(k, changes[i], entryID); err != nil {
			return err
		}
		if err := w.countOnNumber(k, before); err != nil {
			return err
		}
	}
	w.given.changes += int64(n)
	if err := w.linkAll(rows); err != nil {
		return err
	}
	return w.AppendLedger(w.entries)
}

// saveNumber writes one number, and adds the changes to the entries to be appended, as enter
// does.
func (w *txWriter) saveNumber(k *contactRow, changes []hygiene.Change, entryID int64) (next int64, err error) {
	isNew := k.stored.ID == 0
	if isNew {
		ledger := int64(0)
		if len(changes) > 0 {
			ledger = entryID + int64(len(changes)) - 1
		}
		id, err := w.newNumberID()
		if err == nil {
			err = w.execApart("INSERT INTO numbers (id, phone, ledger, facts) VALUES (?, ?, ?, ?)", id, hygiene.NumberIn(k.Key), ledger, k.packed)
		}
		if err != nil {
			return 0, err
		}
		k.stored.ID, k.stored.Key, w.given.rows = -id, k.Key, numbersThere
	}
	next = w.enter(k, changes, entryID)
	k.stored.Facts = slices.Clone(k.packed)
	if !isNew {
		err = w.execApart("UPDATE numbers SET ledger = ?, facts = ? WHERE id = ?", k.stored.Ledger, k.packed, -k.stored.ID)
	}
	w.ahead.KeepNumber(k.stored)
	return next, err
}

// execApart runs a statement that changes neither contacts nor who had a number.
func (w *txWriter) execApart(sql string, args ...any) error {
	if w.ahead != nil {
		return w.ahead.ExecApart(sql, args...)
	}
	return w.Exec(sql, args...)
}

// newNumberID is an id for a number. Only a transaction that writes alone stores numbers, so
// it counts on from the greatest there is. (To let SQLite return the id costs as much as the
// row.)
func (w *txWriter) newNumberID() (id int64, err error) {
	if w.given.lastID == 0 {
		w.given.lastID, err = w.Number("SELECT max(id) FROM numbers")
	}
	w.given.lastID++
	return w.given.lastID, err
}

// given is what a transaction knows and did about numbers.
type given struct {
	rows     numberRows
	lastID   int64                 // the greatest id of a number; 0 when it was not read yet
	changes  int64                 // ledger entries that follow from what was done: of numbers, and of those who have them
	contacts int64                 // that were changed by words of their numbers
	strikes  []hygiene.Instruction // in force, for events that lie on a number alone
}

// numberRows is whether numbers have rows, as far as the transaction knows.
type numberRows uint8

const (
	numbersUnknown numberRows = iota
	numbersNone
	numbersThere
)

// hasNumbers is whether numbers have rows, asked once in a transaction.
func (w *txWriter) hasNumbers() (bool, error) {
	if w.given.rows == numbersUnknown {
		there, err := hasNumbers(w)
		if err != nil {
			return false, err
		}
		if w.given.rows = numbersNone; there {
			w.given.rows = numbersThere
		}
	}
	return w.given.rows == numbersThere, nil
}

// countStatuses moves the counts by status as the rows, which are packed, change.
func (w *txWriter) countStatuses(rows []*contactRow) error {
	var moved []*contactRow
	for _, k := range rows {
		if k.stored.ID == 0 || !slices.Equal(k.storedStatus, k.status) {
			moved = append(moved, k)
		}
	}
	there, err := w.hasNumbers()
	if err != nil {
		return err
	}
	if there {
		err = attachNumbers(w, moved)
	}
	for _, k := range moved {
		if err != nil {
			return err
		}
		was, is := k.storedStatus, k.status
		if len(k.OnNumber) > 0 {
			is = k.StatusChanges()
			if k.stored.ID != 0 {
				was, err = statusOn(k.stored.Facts, k.OnNumber)
			}
			k.OnNumber = nil
		}
		w.counts.Move(was, is)
	}
	return err
}

// statusOn is how the status changes of a contact with these facts, whose number has
// these suppressions.
func statusOn(facts []byte, onNumber []hygiene.Suppression) ([]hygiene.StatusChange, error) {
	var c hygiene.Contact
	if err := c.Unpack(facts); err != nil {
		return nil, err
	}
	c.OnNumber = onNumber
	return c.StatusChanges(), nil
}

// countOnNumber moves the counts by status of those who have the number now, which was
// packed as before.
func (w *txWriter) countOnNumber(k *contactRow, before []byte) error {
	var was hygiene.Contact
	if before != nil {
		if err := was.Unpack(before); err != nil {
			return err
		}
	}
	equal := func(a, b hygiene.Suppression) bool { return a.Equal(&b) }
	if slices.EqualFunc(was.Suppressions, k.Suppressions, equal) {
		return nil
	}
	return w.FindContactsByPhone([]string{hygiene.NumberIn(k.Key)}, func(_ int, stored *engine.Contact) error {
		old, err := statusOn(stored.Facts, was.Suppressions)
		if err != nil {
			return err
		}
		now, err := statusOn(stored.Facts, k.Suppressions)
		w.counts.Move(old, now)
		return err
	})
}

// changeNumber follows a stored contact, whose facts are as stored, to another number than
// it had: it moves the counts by status, and adds to its ledger what stands on the number.
func (w *txWriter) changeNumber(k *contactRow, before string) error {
	if err := w.recallNumber(k.Phone); err != nil {
		return err
	}
	there, err := w.hasNumbers()
	if err != nil || !there || k.Phone == before {
		return err
	}
	var on [2][]hygiene.Suppression
	for i, phone := range []string{before, k.Phone} {
		if phone == "" {
			continue
		}
		number := &contactRow{}
		if err := number.load(w, hygiene.NumberKey(phone)); err != nil {
			return err
		}
		on[i] = number.Suppressions
	}
	if len(on[0]) == 0 && len(on[1]) == 0 {
		return nil
	}
	was, err := statusOn(k.stored.Facts, on[0])
	if err != nil {
		return err
	}
	is, err := statusOn(k.stored.Facts, on[1])
	if err != nil {
		return err
	}
	w.counts.Move(was, is)
	return w.inherit(k, on[1])
}

// inherit adds to the ledger of a stored contact that it got a number on which these
// suppressions are. Nothing else says since when they keep it from being texted.
func (w *txWriter) inherit(k *contactRow, list []hygiene.Suppression) error {
	since := hygiene.Instant(0)
	if n := len(k.Numbers); n > 0 {
		since = k.Numbers[n-1].Since
	}
	var changes []hygiene.Change
	for i := range list {
		if s := &list[i]; s.Held == 0 {
			changes = append(changes, hygiene.Change{At: max(s.Since.At, since), Seq: s.Since.Seq, Act: hygiene.Inherited, Reason: s.Reason, Origin: s.Origin, Until: s.Until})
		}
	}
	if len(changes) == 0 {
		return nil
	}
	ledger, err := w.Number("SELECT ledger FROM contacts WHERE id = ?", k.stored.ID)
	if err != nil {
		return err
	}
	_, id, err := w.NewIDs(0, len(changes))
	if err != nil {
		return err
	}
	k.stored.Ledger, w.entries = ledger, w.entries[:0]
	w.enter(k, changes, id)
	w.given.changes += int64(len(changes))
	if err := w.AppendLedger(w.entries); err != nil {
		return err
	}
	return w.Exec("UPDATE contacts SET ledger = ? WHERE id = ?", k.stored.Ledger, k.stored.ID)
}
