package imports

import (
	"context"
	"errors"
	"fmt"
	"io"

	"winnow/hygiene/contactkey"
	"winnow/internal/csvlist"
	"winnow/internal/ui"
)

// rowImporter imports the rows of a list of contacts.
type rowImporter interface {
	// header receives the names of the columns. It returns how many columns a row must
	// have, the rest being empty, or 0 for all of them; or what is wrong with the names.
	header(names []string) (minColumns int, err error)
	// add receives a row: the contact's key, and all cells, in a slice that is reused
	// for the next row. An error rejects the row, except for a skippedPart.
	add(key string, cells []string) error
	// flush writes the rows that were added since the last flush.
	flush() error
}

// readRows passes the rows of a list to an importer, and reports what is rejected.
func readRows(ctx context.Context, out *ui.Printer, keys contactkey.Format, o Options, im rowImporter) (rejected rejectCounts, err error) {
	in, err := openInput(ctx, out, o)
	if err != nil {
		return rejected, err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	r := &rowReader{input: in, keys: keys, importer: im}
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
	keys     contactkey.Format
	importer rowImporter
	list     *csvlist.Reader
	cells    []string
	size     int   // bytes of the lines since the last flush
	flushed  int64 // the last line that was flushed; 0 before the first flush
}

func (r *rowReader) readHeader() (err error) {
	r.list, err = csvlist.OpenKeyed(r.file, csvlist.KeyColumn{Name: r.options.Key, Flag: "--key"}, r.options.Delimiter)
	if err != nil {
		return err
	}
	names := make([]string, len(r.list.Fields))
	for i, field := range r.list.Fields {
		names[i] = csvlist.CellText(field)
		for _, earlier := range names[:i] {
			if earlier == names[i] && earlier != "" {
				return duplicateColumn(earlier)
			}
		}
	}
	r.list.MinColumns, err = r.importer.header(names)
	return err
}

func duplicateColumn(name string) error {
	return fmt.Errorf("the header has %q twice; rename one", name)
}

// readAll reads the rows and flushes the importer after every few thousand, or
// earlier when they are long.
func (r *rowReader) readAll() error {
	show, done := r.out.Progress("line")
	defer done()
	for n := int64(1); ; n++ {
		record, err := r.list.Next()
		if err == io.EOF {
			return r.flush()
		}
		if err != nil {
			return err
		}
		if err := r.add(&record); err != nil {
			r.rejects.add(record.Line, err, record.Raw)
		}
		if r.size += len(record.Raw); n%FlushLines != 0 && r.size < flushBytes {
			continue
		}
		if err := r.flush(); err != nil {
			return err
		}
		if show != nil {
			show(n)
		}
	}
}

// add adds a record. A record of empty cells, as spreadsheets leave them at the end,
// is ignored.
func (r *rowReader) add(record *csvlist.Record) error {
	if record.Err != nil {
		return record.Err
	}
	r.cells = r.cells[:0]
	empty := true
	for _, field := range r.list.Fields {
		text := csvlist.CellText(field)
		r.cells = append(r.cells, text)
		empty = empty && text == ""
	}
	if empty {
		return nil
	}
	for len(r.cells) < r.list.Columns {
		r.cells = append(r.cells, "")
	}
	key, err := r.keys.Normalize(r.cells[r.list.KeyIndex])
	if err != nil {
		return err
	}
	return r.importer.add(key, r.cells)
}

func (r *rowReader) flush() error {
	if err := r.checkBeforeWrite(); err != nil {
		return err
	}
	if err := r.importer.flush(); err != nil {
		return err
	}
	r.size, r.flushed = 0, r.list.Line-1
	return nil
}

// incomplete adds to an error how much of the file was imported.
func (r *rowReader) incomplete(err error) error {
	if r.flushed == 0 || !r.options.Apply {
		return fmt.Errorf("%s: %w; nothing was imported", r.options.File, err)
	}
	return fmt.Errorf("%s: %w; the lines up to %d were imported; import the whole file again", r.options.File, err, r.flushed)
}
