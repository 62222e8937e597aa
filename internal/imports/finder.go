package imports

import (
	"cmp"
	"io"

	"winnow/internal/app"
	"winnow/internal/listfile"
	"winnow/store/records"
)

// contactFinder finds the contacts that the rows of a list name, by their keys or by their
// phone numbers.
type contactFinder interface {
	// column says where the rows name their contacts.
	column() keyColumn
	// add adds a row, with the key or number that it names. record is what is passed on
	// with its contacts.
	add(key string, row *listfile.Row, record []string)
	// flush keeps the rows that were added since the last flush.
	flush() error
	// end passes on the rows in the order of the store, or holds them back.
	end(in *input) error
	// print prints what was found.
	print(w io.Writer)
	// found is the same as JSON.
	found() foundResult
	// err is an error when rows were held back.
	err(file string) error
	close() error
}

// subject is what a row is about: a contact by its key, or a phone number in E.164.
type subject struct{ key, phone string }

// passFunc receives a row for a contact, or for a number.
type passFunc func(of subject, record []string) error

// foundResult is what was found of a list, as JSON.
type foundResult struct {
	By       string       `json:"by"`     // key or phone
	Total    int64        `json:"listed"` // different keys or numbers
	Found    int64        `json:"found"`
	Contacts int64        `json:"found_contacts"`
	Nearly   int64        `json:"nearly_known"`
	New      int64        `json:"not_found"`
	Held     int64        `json:"held_back"`
	Samples  []nearSample `json:"nearly"`
}

// ByPhone reports whether the contacts of a list are found by phone numbers that are not
// their keys.
func ByPhone(a *app.App, o Options) bool {
	return (o.By == "phone" || o.By == "" && formats[o.From].byPhone) && !a.Config.Keys.Phone
}

// newContactFinder makes the finder for --by.
func newContactFinder(a *app.App, o Options, pass passFunc) (contactFinder, error) {
	keys := a.Config.Keys
	keys.Region = cmp.Or(o.Region, formats[o.From].region, keys.Region)
	if ByPhone(a, o) {
		return &phoneFinder{app: a, region: keys.Region, options: o, pass: pass, sorted: records.Sorter{Folder: a.Store.ScratchFolder()}}, nil
	}
	return newKeyFinder(a, keys, o, pass)
}

// listedRow is a row of a list.
type listedRow struct {
	key    string
	line   int64
	text   string // empty when there is no file for rejected lines
	record []string
}

func newListedRow(key string, row *listfile.Row, record []string, o Options) listedRow {
	r := listedRow{key: key, line: row.Line, record: record}
	if o.Rejected != "" {
		r.text = string(row.Raw)
	}
	return r
}
