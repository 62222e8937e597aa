package imports

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/listfile"
	"winnow/internal/ui"
	"winnow/store/records"
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
	sorted  records.Sorter // by a contact that has the number

	// Of the different numbers of the list: all, and those that contacts have.
	numbers, known int64
	contacts       int64 // that have them
}

func (f *phoneFinder) column() keyColumn {
	names := []string{"phone", "contact"}
	if f.options.Key != "" {
		names = []string{f.options.Key}
	}
	return keyColumn{names: names, flag: "--key", waits: true,
		read:  func(cell listfile.Cell) (string, error) { return phoneOf(cell, f.region) },
		isRow: func(cell string) bool { return isPhone(cell, f.region) },
		hint:  func(list *listfile.Reader) string { return phoneHint(list, f.region) }}
}

func (f *phoneFinder) add(number string, row *listfile.Row, record []string) {
	f.pending = append(f.pending, newListedRow(number, row, record, f.options))
}

// owners are the contacts that have a number.
type owners struct {
	first string // the first of them by key; for none what comes after all keys
	count int
	named bool // a contact has the number as its key
}

func (f *phoneFinder) flush() error {
	known := map[string]*owners{}
	var numbers []string
	for i := range f.pending {
		if number := f.pending[i].key; known[number] == nil {
			known[number], numbers = &owners{first: "\xff"}, append(numbers, number)
		}
	}
	slices.Sort(numbers) // the index has them side by side
	err := f.app.Store.FindContactsByPhone(numbers, func(i int, c *hygiene.Contact) {
		o := known[numbers[i]]
		if o.count++; c.Key < o.first {
			o.first = strings.Clone(c.Key)
		}
	})
	if err == nil {
		err = f.app.Store.FindContacts(numbers, func(i int, _ *hygiene.Contact) { known[numbers[i]].named = true })
	}
	for i := 0; err == nil && i < len(f.pending); i++ {
		r := &f.pending[i]
		o := known[r.key]
		err = f.sorted.Add(append([]string{o.first, r.key, strconv.Itoa(o.count), strconv.FormatBool(o.named)}, r.record...)...)
	}
	f.pending = f.pending[:0]
	return err
}

// end passes on all rows.
func (f *phoneFinder) end(in *input) error {
	if err := in.checkBeforeWrite(); err != nil {
		return err
	}
	last := ""
	return f.sorted.Each(func(r []string) error {
		number, record := r[1], r[4:]
		if number != last {
			count, err := strconv.ParseInt(r[2], 10, 64)
			if err != nil {
				return err
			}
			if f.numbers++; count > 0 {
				f.known++
			}
			f.contacts, last = f.contacts+count, number
		}
		if err := f.pass(subject{phone: number}, record); err != nil {
			return err
		}
		if r[3] == strconv.FormatBool(true) {
			if err := f.pass(subject{key: number}, record); err != nil {
				return err
			}
		}
		return in.interrupted()
	})
}

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

func (f *phoneFinder) close() error { return f.sorted.Close() }
