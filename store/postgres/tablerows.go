package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"

	"winnow/store/engine"
)

// TableRows are the rows of a table in the order of their keys.
type TableRows struct {
	c      *conn
	r      *rows
	kinds  []engine.Column
	ended  bool
	cancel context.CancelFunc
}

// Rows reads all rows of a table. One answer is open at a time.
func (t *Target) Rows(ctx context.Context, table *engine.Table) (*TableRows, error) {
	ctx, cancel := context.WithCancel(ctx)
	rows := &TableRows{c: t.on(ctx), kinds: table.Columns, cancel: cancel}
	// By their index, and not sorted, which would take the disk of the server.
	err := errors.Join(rows.c.exec(beginReading), rows.c.exec("SET LOCAL enable_sort = off"), rows.c.exec("SET LOCAL enable_seqscan = off"), rows.c.flush())
	if err != nil {
		rows.c.rollback()
		cancel()
		return nil, err
	}
	rows.r = rows.c.query("SELECT " + columnNames(table, nil) + " FROM " + quoted(table.Name) + " ORDER BY " + columnNames(table, table.Key))
	return rows, nil
}

// Next goes to the next row; false after the last.
func (t *TableRows) Next() (bool, error) {
	if t.ended || t.r.Next() {
		return !t.ended, nil
	}
	t.ended = true
	err := t.r.Close()
	t.c.rollback()
	t.cancel()
	return false, err
}

// Is reports whether the row has these values.
func (t *TableRows) Is(row engine.Row) bool {
	for i, value := range row {
		raw := t.r.raw[i]
		same := false
		switch v := value.(type) {
		case nil:
			same = raw == nil
		case int64:
			same = len(raw) == 8 && int64(binary.BigEndian.Uint64(raw)) == v
		case string:
			same = raw != nil && string(raw) == v
		case []byte:
			same = raw != nil && bytes.Equal(raw, v)
		}
		if !same {
			return false
		}
	}
	return true
}

// HasText reports whether the row has a text in that column that contains a part.
func (t *TableRows) HasText(column int, part string) bool {
	return t.kinds[column].Kind == engine.Text && bytes.Contains(t.r.raw[column], []byte(part))
}

// Row is the row, in memory of its own.
func (t *TableRows) Row() engine.Row {
	row := make(engine.Row, len(t.kinds))
	for i, column := range t.kinds {
		switch raw := t.r.raw[i]; {
		case raw == nil:
		case column.Kind == engine.Whole:
			row[i] = t.r.Int(i)
		case column.Kind == engine.Text:
			row[i] = string(raw)
		default:
			row[i] = append([]byte{}, raw...)
		}
	}
	return row
}

// Close ends the answer. Unless all of it was read the connection is given up, as the rest
// would have to be read.
func (t *TableRows) Close() {
	if !t.ended {
		t.ended = true
		t.cancel()
		_ = t.r.Close() // says that it was cancelled
	}
}
