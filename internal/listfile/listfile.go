// Package listfile reads lists of contacts row by row, whatever they are written as: CSV,
// JSON objects one after another, a JSON array of objects or of keys, or the array in the
// object that an API answers. All commands that read a list read it here.
//
// A row has a cell for each column. Whatever is wrong with a row is an error of the cells
// that it affects, so a cell without one is certain. A JSON list may have more columns as
// it goes on.
//
// Where to change what:
//
//   - how CSV and its encodings are read: package csvlist
//   - how JSON is split into rows: package jsonsplit
//   - how a row of JSON becomes cells: json.go
//   - how a row of a list is written elsewhere: write.go
package listfile

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"winnow/internal/csvlist"
)

// Options say how a list is read.
type Options struct {
	Encoding  string // empty for UTF-8; UTF-16 is recognized
	Delimiter byte   // of CSV; 0 for the header's own
	// Columns names the columns of a CSV file that has no header. Without them the
	// first line is the header, unless it has one cell that IsRow accepts.
	Columns []string
	IsRow   func(cell string) bool // nil: the first line is always a header
}

// Cell is one cell of a row.
type Cell struct {
	Text   string
	Err    error // why the text is not known
	Absent bool  // the row says nothing of the column: the object has no such member
	Number bool  // it is a number of JSON, as written
}

// Row is one row of a list, valid until the next one is read.
type Row struct {
	Line int64  // on which it begins, from 1
	Raw  []byte // as written
	Err  error  // what is wrong with it; not all cells need to be affected
	// Broken says that it is not a row of its format, whatever can still be read of it.
	Broken bool

	record csvlist.Record // of CSV, if csv is not nil
	csv    *csvSource
	cells  []Cell // else; by column, and the last ones may be missing
	other  error  // the error of those
}

// Cell returns the cell of the column of that index.
func (r *Row) Cell(column int) Cell {
	if r.csv != nil {
		return r.csv.cell(&r.record, column)
	}
	if column < len(r.cells) {
		return r.cells[column]
	}
	return Cell{Absent: true, Err: r.other}
}

// IsEmpty reports whether the row has no text, as those that spreadsheets leave at the
// end of a file.
func (r *Row) IsEmpty() bool {
	if r.csv != nil {
		return r.Err == nil && r.csv.isEmpty()
	}
	return r.Err == nil && !slices.ContainsFunc(r.cells, func(c Cell) bool { return c.Text != "" })
}

// Reader reads a list.
type Reader struct {
	names  []string
	bare   bool // CSV without a header
	source source
	ahead  []Row // read and not returned
	row    Row
}

// source is a format that rows are read from.
type source interface {
	// next reads the next row, whose cells are those of the names that it returns.
	next(row *Row, names []string) ([]string, error)
	// nextLine is the line of the row after the last one that was read.
	nextLine() int64
}

// Open opens a list, and reads its header.
func Open(in io.Reader, o Options) (*Reader, error) {
	text, err := csvlist.DecodeText(in, o.Encoding)
	if err != nil {
		return nil, err
	}
	return OpenText(text, o)
}

// OpenText opens a list whose text was decoded before.
func OpenText(text io.Reader, o Options) (*Reader, error) {
	in := bufio.NewReaderSize(text, 64<<10)
	head, _ := in.Peek(512)
	if IsJSON(head) {
		return openJSON(in)
	}
	return openCSV(in, o)
}

// IsJSON reports whether a text that begins so is JSON: objects, or an array.
func IsJSON(head []byte) bool {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(csvlist.ByteOrderMark)), " \t\r\n")
	if rest, is := bytes.CutPrefix(text, []byte("[")); is {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		return len(rest) > 0 && strings.IndexByte(`{"]-0123456789`, rest[0]) >= 0
	}
	return bytes.HasPrefix(text, []byte("{"))
}

// Names are the names of the columns; empty for a column without a name.
func (r *Reader) Names() []string { return r.names }

// IsNameless reports whether the list has one column, which has no name.
func (r *Reader) IsNameless() bool { return len(r.names) == 1 && r.names[0] == "" }

// AllowShort lets a row of CSV end after so many columns, the others being empty; 0 for
// none.
func (r *Reader) AllowShort(columns int) {
	if csv, is := r.source.(*csvSource); is {
		csv.list.MinColumns = columns
	}
}

// NextLine is the line of the next row.
func (r *Reader) NextLine() int64 {
	if len(r.ahead) > 0 {
		return r.ahead[0].Line
	}
	return r.source.nextLine()
}

// Next returns the next row. The error is io.EOF after the last one, or that of the
// input.
func (r *Reader) Next() (*Row, error) {
	if len(r.ahead) > 0 {
		r.row, r.ahead = r.ahead[0], r.ahead[1:]
		return &r.row, nil
	}
	var err error
	r.names, err = r.source.next(&r.row, r.names)
	return &r.row, err
}

// Find returns the index of the column of that name, matched without regard to case. The
// flag of the command line names the column, and stands in the error. The only column of
// a list without names is found by any name.
func (r *Reader) Find(name, flag string) (int, error) {
	if r.IsNameless() {
		return 0, nil
	}
	found := -1
	for i, n := range r.names {
		if !IsColumn(n, name) {
			continue
		}
		if found >= 0 {
			return 0, DuplicateColumn(name)
		}
		found = i
	}
	if found < 0 {
		return 0, r.missing(name, flag)
	}
	return found, nil
}

func (r *Reader) missing(name, flag string) error {
	if _, is := r.source.(*jsonSource); is {
		return fmt.Errorf("no member %q in the first object, which has %q; choose one of these with %s", name, r.names, flag)
	}
	hint := ""
	if slices.ContainsFunc(r.names, func(n string) bool { return strings.ContainsRune(n, '\ufffd') }) {
		hint = "; the header is not UTF-8, so set --encoding, as in --encoding windows-1254"
	}
	return fmt.Errorf("no column %q in the header %q; choose one of these with %s%s", name, r.names, flag, hint)
}

// IsColumn reports whether a name in a list is that of the column.
func IsColumn(name, column string) bool { return strings.EqualFold(name, strings.TrimSpace(column)) }

// DuplicateColumn is the error of a column that a list has twice.
func DuplicateColumn(name string) error {
	return fmt.Errorf("the header has %q twice; rename one", name)
}

// csvSource reads rows of CSV.
type csvSource struct{ list *csvlist.Reader }

func openCSV(in io.Reader, o Options) (*Reader, error) {
	list, err := csvlist.Open(in, o.Delimiter)
	if err != nil {
		return nil, err
	}
	r := &Reader{source: &csvSource{list}}
	names := make([]string, len(list.Fields))
	for i, field := range list.Fields {
		names[i] = strings.ToValidUTF8(csvlist.CellText(field), "\ufffd")
	}
	switch {
	case o.Columns != nil:
		r.names = o.Columns
	case len(names) == 1 && o.IsRow != nil && o.IsRow(names[0]):
		r.names = []string{""}
	default:
		r.names = names
		return r, uniqueNames(names)
	}
	list.Columns, r.bare = len(r.names), true
	row := Row{Line: list.Line - 1, Raw: list.Header}
	for _, name := range names {
		row.cells = append(row.cells, Cell{Text: name})
	}
	r.ahead = []Row{row}
	return r, nil
}

func uniqueNames(names []string) error {
	for i, name := range names {
		if name != "" && slices.Contains(names[:i], name) {
			return DuplicateColumn(name)
		}
	}
	return nil
}

func (s *csvSource) next(row *Row, names []string) ([]string, error) {
	record, err := s.list.Next()
	if err != nil {
		return names, err
	}
	*row = Row{Line: record.Line, Raw: record.Raw, Err: record.Err, Broken: record.Err != nil && (record.Certain < s.list.Columns || record.Broken >= 0), record: record, csv: s}
	return names, nil
}

// cell reads a cell of the last record. Most commands need few of many columns.
func (s *csvSource) cell(record *csvlist.Record, column int) Cell {
	if err := s.list.CellErr(record, column); err != nil {
		return Cell{Err: err}
	}
	if column < len(s.list.Fields) {
		return Cell{Text: csvlist.CellText(s.list.Fields[column])}
	}
	return Cell{}
}

func (s *csvSource) isEmpty() bool {
	return !slices.ContainsFunc(s.list.Fields, func(field []byte) bool { return csvlist.CellText(field) != "" })
}

func (s *csvSource) nextLine() int64 { return s.list.Line }
