package parquetfile

import (
	"github.com/parquet-go/parquet-go"
)

// Column is a column of a table. Each may have empty cells.
type Column struct {
	Name string
	Kind Kind
}

// Kind is what is in the cells of a column.
type Kind uint8

// The kinds of columns.
const (
	Text    Kind = iota
	Integer      // of 64 bits
	Time         // an instant in UTC, to the microsecond
	Date         // a day
	List         // of texts
)

// node is the library's description of a column. Texts have a dictionary, which the
// library gives up within a row group where they are too many.
func (k Kind) node() parquet.Node {
	text := parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	switch k {
	case Integer:
		return parquet.Optional(parquet.Int(64))
	case Time:
		return parquet.Optional(parquet.Timestamp(parquet.Microsecond))
	case Date:
		return parquet.Optional(parquet.Date())
	case List:
		return parquet.Optional(parquet.List(text))
	}
	return parquet.Optional(text)
}

func schemaOf(columns []Column) *parquet.Schema {
	of := table{Group: parquet.Group{}}
	for _, c := range columns {
		of.Group[c.Name] = c.Kind.node()
	}
	byName := map[string]parquet.Field{}
	for _, f := range of.Group.Fields() {
		byName[f.Name()] = f
	}
	for _, c := range columns {
		of.fields = append(of.fields, byName[c.Name])
	}
	return parquet.NewSchema("winnow", of)
}

// table is the root of a schema with the columns in their own order. The library's
// groups order them by name.
type table struct {
	parquet.Group
	fields []parquet.Field
}

// Fields are the columns in their order.
func (t table) Fields() []parquet.Field { return t.fields }
