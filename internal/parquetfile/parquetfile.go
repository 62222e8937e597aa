// Package parquetfile writes tables as Parquet, for analysts and warehouses, and copies
// them without some of their rows.
//
// [Writer] is the library's with what an export asks for: columns in their own order,
// of a few kinds, and row groups that are small enough to be gathered in memory. A row
// group is what the format keeps together, column after column; it is written once it
// has maxGroupRows rows or maxGroupBytes bytes, so a table of any length takes the same
// memory. The same cells give the same bytes: nothing says when or by which build a
// file was made.
//
// Where to change what: a kind of column, in columns.go; reading what was written here,
// copy.go.
package parquetfile

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

const (
	maxGroupRows  = 1 << 16
	maxGroupBytes = 8 << 20 // of texts
	pageBytes     = 64 << 10
)

// Writer writes a table, cell after cell: each of its methods for a kind of cell writes
// the next cell of the row, until EndRow. Its errors are those of the writer beneath it.
type Writer struct {
	to      *parquet.GenericWriter[any]
	columns []Column
	values  [][]parquet.Value // of the rows that the library does not have yet, by column
	texts   []byte            // backs their texts
	column  int               // of the next cell
	rows    int               // in values
	group   int               // rows of the row group
	bytes   int               // of its texts
}

// NewWriter begins a table.
func NewWriter(to io.Writer, columns []Column) *Writer {
	return &Writer{
		columns: columns,
		values:  make([][]parquet.Value, len(columns)),
		to: parquet.NewGenericWriter[any](to, schemaOf(columns),
			parquet.Compression(&parquet.Snappy), parquet.CreatedBy("winnow", "1", "1"),
			parquet.PageBufferSize(pageBytes), parquet.WriteBufferSize(0), parquet.DataPageVersion(1),
			parquet.DictionaryMaxBytes(pageBytes), parquet.MaxRowsPerRowGroup(maxGroupRows)),
	}
}

// add adds a value of the next cell, with the levels of the format: whether it follows
// another value of the same cell, and how much of what may be missing is there.
func (w *Writer) add(v parquet.Value, follows, there int) {
	w.values[w.column] = append(w.values[w.column], v.Level(follows, there, w.column))
}

// Null leaves the next cell empty.
func (w *Writer) Null() {
	w.add(parquet.NullValue(), 0, 0)
	w.column++
}

// Text writes a text, which is UTF-8.
func (w *Writer) Text(s string) {
	w.add(w.text(s), 0, 1)
	w.column++
}

// text is a value with a copy of the text, which the library reads later.
func (w *Writer) text(s string) parquet.Value {
	from := len(w.texts)
	w.texts = append(w.texts, s...)
	return parquet.ByteArrayValue(w.texts[from:len(w.texts):len(w.texts)])
}

// Integer writes a number: of a column of times, the microseconds since 1970 in UTC, of a
// column of dates, the days.
func (w *Writer) Integer(n int64) {
	v := parquet.Int64Value(n)
	if w.columns[w.column].Kind == Date {
		v = parquet.Int32Value(int32(n))
	}
	w.add(v, 0, 1)
	w.column++
}

// List writes a list of texts.
func (w *Writer) List(list []string) {
	if len(list) == 0 {
		w.add(parquet.NullValue(), 0, 1)
	}
	for i, s := range list {
		w.add(w.text(s), min(i, 1), 2)
	}
	w.column++
}

// batch is how many rows the library gets in one call.
const batch = 64

// EndRow ends the row.
func (w *Writer) EndRow() error {
	w.column = 0
	if w.rows++; w.rows < batch && len(w.texts) < pageBytes {
		return nil
	}
	return w.flush()
}

// flush passes the rows on, and ends the row group if it is full.
func (w *Writer) flush() error {
	for i, c := range w.to.ColumnWriters() {
		if _, err := c.WriteRowValues(w.values[i]); err != nil {
			return fmt.Errorf("column %q: %w", w.columns[i].Name, err)
		}
		clear(w.values[i])
		w.values[i] = w.values[i][:0]
	}
	w.group, w.bytes = w.group+w.rows, w.bytes+len(w.texts)
	w.rows, w.texts = 0, w.texts[:0]
	if w.group < maxGroupRows && w.bytes < maxGroupBytes {
		return nil
	}
	w.group, w.bytes = 0, 0
	return w.to.Flush()
}

// Close ends the table. It does not close the writer beneath it.
func (w *Writer) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.to.Close()
}
