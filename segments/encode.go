package segments

import "fmt"

// encoder writes one format. It appends to a buffer that it is handed and holds
// no row, so that a file of any length costs the same memory.
type encoder interface {
	begin(to []byte) []byte
	row(to []byte, cells []cell) []byte
	end(to []byte) []byte
}

func newEncoder(f Format, columns []Column, options CSVOptions) (encoder, error) {
	switch f {
	case CSV:
		return &csvEncoder{columns: columns, spreadsheet: options.Spreadsheet}, nil
	case JSON:
		return &jsonEncoder{keys: jsonKeys(columns), array: true}, nil
	case NDJSON:
		return &jsonEncoder{keys: jsonKeys(columns)}, nil
	}
	return nil, fmt.Errorf("unknown format %q: write csv, json or ndjson", f)
}
