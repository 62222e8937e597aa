package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"winnow/hygiene/contactkey"
	"winnow/internal/listfile"
	"winnow/internal/ui"
	"winnow/store"
)

// rowImporter imports the rows of a list of contacts.
type rowImporter interface {
	// columns receives the names of the columns, with the index of the one that names the
	// contacts: before the first row, and again when the rows of a JSON list have more. It
	// returns how many columns a row of CSV must have, the rest being empty, or 0 for all
	// of them; or what is wrong with the names.
	columns(names []string, key int) (fewest int, err error)
	// add receives a row: the contact's key, and all cells. The row is valid until the
	// call returns. An error rejects it, except for a skippedPart and a flawedLine.
	add(key string, row *listfile.Row) error
	// flush writes the rows that were added since the last flush.
	flush() error
	// end does what remains to be done after the last flush.
	end(in *input) error
}

// keyColumn says where the rows of a list name their contacts, and how.
type keyColumn struct {
	names []string // the first that the list has
	plain bool     // the names are compared by plainName
	waits bool     // nothing is written before the list has been read to its end
	// lines and bytes are after how many lines, or how many bytes of them, the importer is
	// flushed; 0 for FlushLines and flushBytes.
	lines int64
	bytes int
	flag  string // that names another
	read  func(cell listfile.Cell) (string, error)
	// isRow reports whether a first line with this one cell is a row and not a header;
	// nil for never.
	isRow func(cell string) bool
	// aside reports whether a row is none of the list's, and is not to be read; nil for
	// never.
	aside func(row *listfile.Row) bool
	// hint advises on a list that has none of the columns; nil for no advice.
	hint func(list *listfile.Reader) string
}

// keyNamed is the column of that name, which holds keys.
func keyNamed(name string, keys store.KeyReader) keyColumn {
	return keyColumn{names: []string{name}, flag: "--key", read: func(cell listfile.Cell) (string, error) { return keyOf(cell, keys) }}
}

// readRows passes the rows of a list to an importer, and reports what is rejected.
func readRows(ctx context.Context, out *ui.Printer, key keyColumn, o Options, im rowImporter) (rejected rejectCounts, err error) {
	in, err := openInput(ctx, out, o)
	if err != nil {
		return rejected, err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	r := &rowReader{input: in, keyColumn: key, importer: im}
	if err := r.readHeader(); err != nil {
		return rejected, fmt.Errorf("%s: %w", o.File, err)
	}
	if err := in.rejects.create(); err != nil {
		return rejected, err
	}
	if err := r.readAll(); err != nil {
		return in.rejects.counts, r.incomplete(err)
	}
	return in.rejects.counts, nil
}

// rowReader reads a list for an importer.
type rowReader struct {
	*input
	keyColumn keyColumn
	importer  rowImporter
	list      *listfile.Reader
	key       int   // the index of the column with the key
	columns   int   // how many the importer knows
	size      int   // bytes of the lines since the last flush
	flushed   int64 // the last line that was flushed; 0 before the first flush
	ending    bool  // the list has been read to its end
}

func (r *rowReader) readHeader() (err error) {
	r.list, err = listfile.OpenText(r.text, listfile.Options{Delimiter: r.options.Delimiter, IsRow: r.keyColumn.isRow})
	if err != nil {
		return err
	}
	for _, name := range r.keyColumn.names {
		key, missing := r.findKey(name)
		if missing == nil {
			r.key = key
			return r.passColumns()
		}
		err = cmp.Or(err, missing)
	}
	if r.keyColumn.hint != nil {
		if hint := r.keyColumn.hint(r.list); hint != "" {
			return fmt.Errorf("%w; %s", err, hint)
		}
	}
	return err
}

// findKey finds the column of that name.
func (r *rowReader) findKey(name string) (int, error) {
	if r.keyColumn.plain {
		for i, column := range r.list.Names() {
			if plainName(column) == plainName(name) {
				return i, nil
			}
		}
	}
	return r.list.Find(name, r.keyColumn.flag)
}

// passColumns passes the columns to the importer, if there are new ones.
func (r *rowReader) passColumns() error {
	names := r.list.Names()
	if len(names) == r.columns {
		return nil
	}
	r.columns = len(names)
	fewest, err := r.importer.columns(names, r.key)
	r.list.AllowShort(fewest)
	return err
}

// readAll reads the rows and flushes the importer after every few thousand, or
// earlier when they are long.
func (r *rowReader) readAll() error {
	show, done := r.out.Progress("line")
	defer done()
	for n := int64(1); ; n++ {
		row, err := r.list.Next()
		if err == io.EOF {
			if err := r.flush(); err != nil {
				return err
			}
			r.ending = true
			return r.importer.end(r.input)
		}
		if err == nil {
			err = r.passColumns()
		}
		if err != nil {
			return err
		}
		if err := r.add(row); err != nil {
			r.rejects.add(row.Line, err, row.Raw)
		}
		if show != nil && n%FlushLines == 0 {
			show(n)
		}
		if r.size += len(row.Raw); n%cmp.Or(r.keyColumn.lines, FlushLines) != 0 && r.size < cmp.Or(r.keyColumn.bytes, flushBytes) {
			continue
		}
		if err := r.flush(); err != nil {
			return err
		}
	}
}

// add adds a row. One of empty cells, as spreadsheets leave them at the end, is ignored.
func (r *rowReader) add(row *listfile.Row) error {
	if row.IsEmpty() || r.keyColumn.aside != nil && r.keyColumn.aside(row) {
		return nil
	}
	key, err := r.keyColumn.read(row.Cell(r.key))
	if err != nil {
		return r.inColumn(r.key, err)
	}
	return r.importer.add(key, row)
}

// keyOf is the contact's key that a cell holds.
func keyOf(cell listfile.Cell, keys store.KeyReader) (string, error) {
	text, err := textOf(cell)
	if err != nil {
		return "", err
	}
	return keys.Cell(text)
}

// phoneOf is the phone number that a cell holds.
func phoneOf(cell listfile.Cell, region string) (string, error) {
	text, err := textOf(cell)
	if err == nil && text == "" {
		err = contactkey.ErrEmpty
	}
	if err != nil {
		return "", err
	}
	return contactkey.ParsePhone(text, region)
}

// textOf is the text of a cell that names a contact. A number of JSON is its integer.
func textOf(cell listfile.Cell) (string, error) {
	switch {
	case cell.Err != nil:
		return "", cell.Err
	case strings.ContainsRune(cell.Text, utf8.RuneError):
		return "", errLost
	case cell.Number:
		return contactkey.Number(cell.Text)
	}
	return cell.Text, nil
}

// errLost is the error of a cell with a character that another program, or the encoding,
// could not read.
var errLost = errors.New("the character U+FFFD stands for one that was lost when the file was saved or read; check --encoding, or export the list again")

// inColumn names the column of a cell in its error.
func (r *rowReader) inColumn(column int, err error) error {
	if r.list.IsNameless() {
		return err
	}
	return fmt.Errorf("column %q: %w", r.list.Names()[column], err)
}

func (r *rowReader) flush() error {
	if err := r.checkBeforeWrite(); err != nil {
		return err
	}
	if err := r.importer.flush(); err != nil {
		return err
	}
	r.size, r.flushed = 0, r.list.NextLine()-1
	return nil
}

// incomplete adds to an error how much of the file was imported.
func (r *rowReader) incomplete(err error) error {
	switch {
	case r.flushed == 0 || !r.options.Apply || !r.ending && r.keyColumn.waits:
		return fmt.Errorf("%s: %w; nothing was imported", r.options.File, err)
	case r.ending:
		return fmt.Errorf("%s: %w; a part was imported; import the whole file again", r.options.File, err)
	}
	return fmt.Errorf("%s: %w; the lines up to %d were imported; import the whole file again", r.options.File, err, r.flushed)
}
