package engine

// Table describes a table, for those who copy a database from one engine to another.
type Table struct {
	Name    string
	Columns []Column
	Key     []int // the places of its primary key's columns among Columns, in the order of the key
}

// Column is a column of a table.
type Column struct {
	Name string
	Kind Kind
}

// Kind is what values a column has, beside NULL.
type Kind int

// The kinds, with the Go type of a value.
const (
	Whole Kind = iota // int64
	Text              // string
	Bytes             // []byte
)

// Row has a value for each column of a table: an int64, a string, a []byte, or nil for NULL.
type Row []any

// KeyOf are the values of the primary key of a row.
func (t *Table) KeyOf(row Row) Row {
	key := make(Row, len(t.Key))
	for i, column := range t.Key {
		key[i] = row[column]
	}
	return key
}
