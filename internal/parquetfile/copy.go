package parquetfile

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// Copy copies a table that [Writer] wrote without the rows that are to be dropped, and
// returns how many are left. drop is asked with the cells of each row as texts, lists
// joined with a bar; it must not keep them.
func Copy(to io.Writer, from io.ReaderAt, size int64, drop func(cells []string) bool) (rows int64, err error) {
	file, err := parquet.OpenFile(from, size)
	if err != nil {
		return 0, err
	}
	columns, err := columnsOf(file.Schema())
	if err != nil {
		return 0, err
	}
	c := copier{to: NewWriter(to, columns), drop: drop, cells: make([]string, len(columns))}
	for _, group := range file.RowGroups() {
		if err := c.group(group); err != nil {
			return c.rows, err
		}
	}
	return c.rows, c.to.Close()
}

// columnsOf are the columns of a table that Writer wrote.
func columnsOf(schema *parquet.Schema) (columns []Column, err error) {
	for _, f := range schema.Fields() {
		kind, err := kindOf(f)
		if err != nil {
			return nil, err
		}
		columns = append(columns, Column{f.Name(), kind})
	}
	return columns, nil
}

func kindOf(f parquet.Field) (Kind, error) {
	if logical := f.Type().LogicalType(); logical != nil {
		switch logical.Value.(type) {
		case *format.StringType:
			return Text, nil
		case *format.IntType:
			return Integer, nil
		case *format.TimestampType:
			return Time, nil
		case *format.DateType:
			return Date, nil
		case *format.ListType:
			return List, nil
		}
	}
	return 0, fmt.Errorf("column %q is of another kind than winnow writes", f.Name())
}

// copier copies the rows of a table.
type copier struct {
	to    *Writer
	drop  func(cells []string) bool
	cells []string
	rows  int64
}

func (c *copier) group(group parquet.RowGroup) (err error) {
	from := group.Rows()
	defer func() { err = errors.Join(err, from.Close()) }()
	read := make([]parquet.Row, batch)
	for {
		n, err := from.ReadRows(read)
		for _, row := range read[:n] {
			if err := c.row(row); err != nil {
				return err
			}
		}
		if err == io.EOF || err == nil && n == 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (c *copier) row(row parquet.Row) error {
	clear(c.cells)
	row.Range(func(column int, values []parquet.Value) bool {
		c.cells[column] = strings.Join(textsOf(values), "|")
		return true
	})
	if c.drop(c.cells) {
		return nil
	}
	row.Range(func(column int, values []parquet.Value) bool {
		c.cell(values)
		return true
	})
	c.rows++
	return c.to.EndRow()
}

// textsOf are the values of a cell that are there.
func textsOf(values []parquet.Value) (texts []string) {
	for _, v := range values {
		if !v.IsNull() {
			texts = append(texts, v.String())
		}
	}
	return texts
}

// cell writes the next cell with the values of a column.
func (c *copier) cell(values []parquet.Value) {
	v := values[0]
	switch kind := c.to.columns[c.to.column].Kind; {
	case v.DefinitionLevel() == 0:
		c.to.Null()
	case kind == List:
		c.to.List(textsOf(values))
	case kind == Text:
		c.to.Text(string(v.ByteArray()))
	case kind == Date:
		c.to.Integer(int64(v.Int32()))
	default:
		c.to.Integer(v.Int64())
	}
}
