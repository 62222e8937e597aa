// Package lookahead looks up together what the lines of a list name, before they are taken in
// one by one.
//
// Each line may change what the next one finds: two contacts may share a number. To look up
// each on its own costs more than all else that is done with it. A [Writer] looks up some
// lines in the order of the tables and keeps what it finds: contacts by their keys, and numbers
// with all who have or had them. Reading one of these by it is as if it came from the
// database. What it writes itself it keeps up to date; after any other statement it keeps
// nothing, until it looks up the next lines.
//
// How rows of numbers are read is in numbers.go. To keep something else, add a map to kept,
// fill it in [Writer.LookUp], and see what writes it.
package lookahead

import (
	"slices"

	"winnow/store/engine"
)

// Lines is how many lines are to be looked up together.
const Lines = 512

// Writer is the writer of a transaction that keeps what it looked up.
type Writer struct {
	engine.Writer
	kept *kept // nil for nothing
}

// kept is what was looked up. What a map lacks is not known; nil says that there is nothing.
type kept struct {
	contacts map[string]*engine.Contact   // by key
	holders  map[string][]*engine.Contact // who has the number, without attributes
	numbers  map[string]*engine.Contact
	former   map[string]bool // whether contacts had the number, or messages to them were for it
	own      map[string]bool // whether events lie on the number alone
	names    bool            // whether there are merged contacts
}

// New returns the writer on another one of the same transaction.
func New(w engine.Writer) *Writer { return &Writer{Writer: w} }

// LookUp looks up contacts by their keys, with their numbers, and phone numbers, with their
// contacts. What was kept before is forgotten.
func (w *Writer) LookUp(keys, phones []string) error {
	w.kept = &kept{map[string]*engine.Contact{}, map[string][]*engine.Contact{}, map[string]*engine.Contact{}, map[string]bool{}, map[string]bool{}, false}
	some, err := w.Number("SELECT EXISTS (SELECT 1 FROM names)")
	if err != nil {
		return err
	}
	w.kept.names = some != 0
	theirs, err := w.lookUpContacts(keys)
	if err == nil {
		keys, err = w.lookUpNumbers(append(theirs, phones...))
	}
	if err == nil {
		_, err = w.lookUpContacts(keys)
	}
	if err != nil {
		w.kept = nil
	}
	return err
}

// lookUpContacts returns the numbers of the contacts.
func (w *Writer) lookUpContacts(keys []string) (phones []string, err error) {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	keys = slices.DeleteFunc(slices.Compact(keys), func(key string) bool { return w.kept.contacts[key] != nil })
	for _, key := range keys {
		w.kept.contacts[key] = nil
	}
	if len(keys) == 0 {
		return nil, nil
	}
	err = w.Writer.FindContacts(keys, true, func(_ int, row *engine.Contact) error {
		contact := *row
		w.kept.contacts[row.Key] = &contact
		if row.Phone != "" {
			phones = append(phones, row.Phone)
		}
		return nil
	})
	return phones, err
}

// lookUpNumbers returns the keys of those who have the numbers.
func (w *Writer) lookUpNumbers(phones []string) (keys []string, err error) {
	slices.Sort(phones)
	if phones = slices.Compact(phones); len(phones) == 0 {
		return nil, nil
	}
	k := w.kept
	for _, phone := range phones {
		k.holders[phone], k.numbers[phone], k.former[phone], k.own[phone] = nil, nil, false, false
	}
	err = w.Writer.FindContactsByPhone(phones, func(i int, row *engine.Contact) error {
		contact := *row
		k.holders[phones[i]] = append(k.holders[phones[i]], &contact)
		keys = append(keys, row.Key)
		return nil
	})
	if err != nil {
		return nil, err
	}
	there, err := HasNumbers(w)
	if err == nil && there {
		err = FindNumbers(w.Writer, phones, func(stored *engine.Contact) error {
			number := *stored
			k.numbers[phoneOf(stored)] = &number
			return nil
		})
	}
	if err == nil {
		err = w.mark(phones, k.former, "SELECT EXISTS (SELECT 1 FROM former_numbers)", findFormer)
	}
	if err == nil {
		err = w.mark(phones, k.own, "SELECT EXISTS (SELECT 1 FROM unmatched WHERE phone <> '')", findOwn)
	}
	return keys, err
}

var (
	findFormer = "SELECT DISTINCT phone FROM former_numbers WHERE phone IN (" + placeholders + ")"
	findOwn    = "SELECT DISTINCT phone FROM unmatched WHERE phone <> '' AND phone IN (" + placeholders + ")"
)

// mark marks the phone numbers that a statement finds, unless there are none at all.
func (w *Writer) mark(phones []string, marks map[string]bool, some, find string) error {
	if n, err := w.Number(some); err != nil || n == 0 {
		return err
	}
	args := make([]any, AtOnce)
	for chunk := range slices.Chunk(phones, AtOnce) {
		clear(args)
		for i, phone := range chunk {
			args[i] = phone
		}
		r := w.Query(find, args...)
		for r.Next() {
			marks[r.Text(0)] = true
		}
		if err := r.Close(); err != nil {
			return err
		}
	}
	return nil
}

// NeverFormer reports whether it is known that no contact had the number before, and no
// message to one was for it. A nil Writer knows nothing.
func (w *Writer) NeverFormer(phone string) bool {
	if w == nil || w.kept == nil {
		return false
	}
	former, known := w.kept.former[phone]
	return known && !former
}

// NothingOwn reports whether it is known that no event lies on the number alone. A nil
// Writer knows nothing.
func (w *Writer) NothingOwn(phone string) bool {
	if w == nil || w.kept == nil {
		return false
	}
	own, known := w.kept.own[phone]
	return known && !own
}

// FindContacts implements [engine.Reader].
func (w *Writer) FindContacts(keys []string, attributes bool, found func(int, *engine.Contact) error) error {
	if w.kept != nil && len(keys) == 1 {
		if row, known := w.kept.contacts[keys[0]]; known {
			return pass(row, found)
		}
	}
	return w.Writer.FindContacts(keys, attributes, found)
}

// FindContactsByPhone implements [engine.Reader].
func (w *Writer) FindContactsByPhone(phones []string, found func(int, *engine.Contact) error) error {
	if w.kept == nil || len(phones) != 1 {
		return w.Writer.FindContactsByPhone(phones, found)
	}
	rows, known := w.kept.holders[phones[0]]
	if !known {
		return w.Writer.FindContactsByPhone(phones, found)
	}
	for _, row := range rows {
		if err := pass(row, found); err != nil {
			return err
		}
	}
	return nil
}

// FindNames implements [engine.Reader].
func (w *Writer) FindNames(keys []string, found func(int, string)) error {
	if w.kept != nil && !w.kept.names {
		return nil
	}
	return w.Writer.FindNames(keys, found)
}

// pass passes on a copy of a row that is kept, if there is one.
func pass(row *engine.Contact, found func(int, *engine.Contact) error) error {
	if row == nil {
		return nil
	}
	copied := *row
	return found(0, &copied)
}

// UpdateContacts implements [engine.Writer].
func (w *Writer) UpdateContacts(rows []*engine.Contact) error {
	if w.kept != nil {
		for _, row := range rows {
			w.kept.update(row)
		}
	}
	return w.Writer.UpdateContacts(rows)
}

// update keeps what is about to be stored of a contact, whose memory may be used again.
func (k *kept) update(row *engine.Contact) {
	if contact := k.contacts[row.Key]; contact != nil {
		contact.Ledger, contact.Facts = row.Ledger, slices.Clone(row.Facts)
	}
	for _, contact := range k.holders[row.Phone] {
		if contact.ID == row.ID {
			contact.Ledger, contact.Facts = row.Ledger, slices.Clone(row.Facts)
		}
	}
}

// InsertContacts implements [engine.Writer].
func (w *Writer) InsertContacts(rows []*engine.Contact) error {
	if w.kept != nil {
		for _, row := range rows {
			delete(w.kept.contacts, row.Key)
			delete(w.kept.holders, row.Phone)
		}
	}
	return w.Writer.InsertContacts(rows)
}

// Exec implements [engine.Writer]. The statement may change what is kept.
func (w *Writer) Exec(sql string, args ...any) error {
	w.kept = nil
	return w.Writer.Exec(sql, args...)
}

// ExecApart is Exec for a statement that changes neither contacts nor who had a number. What
// it writes of a number goes to [Writer.KeepNumber], too.
func (w *Writer) ExecApart(sql string, args ...any) error { return w.Writer.Exec(sql, args...) }

// KeepNumber keeps what is stored of a number from now on. A nil Writer does nothing.
func (w *Writer) KeepNumber(stored engine.Contact) {
	if w != nil && w.kept != nil {
		w.kept.numbers[phoneOf(&stored)] = &stored
	}
}
