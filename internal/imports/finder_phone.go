package imports

import (
	"fmt"
	"io"
	"slices"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/listfile"
	"winnow/internal/ui"
	"winnow/store/keyset"
)

// phoneFinder finds contacts by their phone numbers. The number is what a row is about,
// whether a contact has it or not; and a contact whose key is the number, since an earlier
// list may have been taken for one of keys.
type phoneFinder struct {
	app     *app.App
	region  string
	options Options
	pass    passFunc

	pending []listedRow
	seen    *keyset.Set // the numbers of the list

	// Of the different numbers of the list: all, and those that contacts have.
	numbers, known int64
	contacts       int64 // that have them
}

func (f *phoneFinder) column() keyColumn {
	names := []string{"phone", "contact"}
	if f.options.Key != "" {
		names = []string{f.options.Key}
	}
	return keyColumn{names: names, flag: "--key",
		read:  func(cell listfile.Cell) (string, error) { return phoneOf(cell, f.region) },
		isRow: func(cell string) bool { return isPhone(cell, f.region) },
		hint:  func(list *listfile.Reader) string { return phoneHint(list, f.region) }}
}

func (f *phoneFinder) add(number string, row *listfile.Row, record []string) {
	f.pending = append(f.pending, newListedRow(number, row, record, f.options))
}

func (f *phoneFinder) flush() error {
	rows := map[string][]*listedRow{}
	for i := range f.pending {
		rows[f.pending[i].key] = append(rows[f.pending[i].key], &f.pending[i])
	}
	numbers := make([]string, 0, len(rows))
	for number := range rows {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers) // the index has them side by side
	first, err := f.seen.Add(numbers)
	if err != nil {
		return err
	}
	for i, number := range numbers {
		for _, r := range rows[number] {
			if err := f.pass(subject{phone: number}, r.record); err != nil {
				return err
			}
		}
		if first[i] {
			f.numbers++
		}
	}
	f.pending = f.pending[:0]
	known := make([]bool, len(numbers))
	err = f.app.Store.FindContactsByPhone(numbers, func(i int, _ *hygiene.Contact) {
		known[i] = true
		if first[i] {
			f.contacts++
		}
	})
	if err != nil {
		return err
	}
	var named []string
	err = f.app.Store.FindContacts(numbers, func(i int, _ *hygiene.Contact) { named = append(named, numbers[i]) })
	if err != nil {
		return err
	}
	for i := range numbers {
		if known[i] && first[i] {
			f.known++
		}
	}
	for _, number := range named {
		for _, r := range rows[number] {
			if err := f.pass(subject{key: number}, r.record); err != nil {
				return err
			}
		}
	}
	return nil
}

// end does nothing: no row was held back.
func (f *phoneFinder) end(*input) error { return nil }

func (f *phoneFinder) print(w io.Writer) {
	if f.numbers == 0 {
		return
	}
	text := fmt.Sprintf("found %s of %s by phone", ui.Number(f.known), ui.Count(f.numbers, "number"))
	if f.contacts != f.known {
		text += ", of " + ui.Count(f.contacts, "contact")
	}
	if n := f.numbers - f.known; n > 0 {
		text += fmt.Sprintf("; %s that nobody has %s kept", ui.Count(n, "number"), isOrAre(n))
	}
	fmt.Fprintln(w, text)
}

func isOrAre(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func (f *phoneFinder) found() foundResult {
	return foundResult{By: "phone", Total: f.numbers, Found: f.known, Contacts: f.contacts, New: f.numbers - f.known, Samples: []nearSample{}}
}

func (f *phoneFinder) err(string) error { return nil }

func (f *phoneFinder) close() error { return f.seen.Close() }
