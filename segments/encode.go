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
	switch inside, _ := f.unpacked(); inside {
	case CSV:
		return newCSVEncoder(columns, options), nil
	case JSON:
		return &jsonEncoder{keys: jsonKeys(columns), array: true}, nil
	case NDJSON:
		return &jsonEncoder{keys: jsonKeys(columns)}, nil
	}
	return nil, fmt.Errorf("unknown format %q: write csv, json or ndjson, or one of them with .gz", f)
}
