package imports

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/listfile"
	"winnow/internal/ui"
	"winnow/store/keyset"
)

// phoneFinder finds contacts by their phone numbers: everyone who has a number, and a
// contact whose key is the number.
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
	unknown        spool
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
	known := make([]bool, len(numbers))
	var failed error
	found := func(i int, c *hygiene.Contact) {
		known[i] = true
		if first[i] {
			f.contacts++
		}
		key := strings.Clone(c.Key)
		for _, r := range rows[numbers[i]] {
			if failed == nil {
				failed = f.pass(key, r.record)
			}
		}
	}
	if err := f.app.Store.FindContactsByPhone(numbers, found); err != nil || failed != nil {
		return cmp.Or(failed, err)
	}
	if err := f.app.Store.FindContacts(numbers, found); err != nil || failed != nil {
		return cmp.Or(failed, err)
	}
	f.pending = f.pending[:0]
	return f.keepNumbers(numbers, first, known, rows)
}

// keepNumbers counts the numbers, and keeps the rows of those that no contact has.
func (f *phoneFinder) keepNumbers(numbers []string, first, known []bool, rows map[string][]*listedRow) error {
	for i, number := range numbers {
		if first[i] {
			f.numbers++
		}
		if known[i] {
			if first[i] {
				f.known++
			}
			continue
		}
		for _, r := range rows[number] {
			if err := f.unknown.add(strconv.FormatInt(r.line, 10), r.text); err != nil {
				return err
			}
		}
	}
	return nil
}

// end rejects the rows of numbers that no contact has.
func (f *phoneFinder) end(in *input) error {
	return f.unknown.each(func(record []string) error {
		line, err := strconv.ParseInt(record[0], 10, 64)
		in.rejects.add(line, errNobody, []byte(record[1]))
		return err
	})
}

var errNobody = errors.New("no contact has this phone number")

func (f *phoneFinder) print(w io.Writer) {
	if f.numbers == 0 {
		return
	}
	text := fmt.Sprintf("found %s of %s by phone", ui.Number(f.known), ui.Count(f.numbers, "number"))
	if f.contacts != f.known {
		text += ", of " + ui.Count(f.contacts, "contact")
	}
	if n := f.numbers - f.known; n > 0 {
		text += fmt.Sprintf("; %s left out, since no contact has them", ui.Number(n))
	}
	fmt.Fprintln(w, text)
}

func (f *phoneFinder) found() foundResult {
	return foundResult{By: "phone", Total: f.numbers, Found: f.known, Contacts: f.contacts, New: f.numbers - f.known, Samples: []nearSample{}}
}

func (f *phoneFinder) err(string) error { return nil }

func (f *phoneFinder) close() error { return errors.Join(f.seen.Close(), f.unknown.close()) }
