package segments

import (
	"fmt"
)

// encoder writes one format. It appends to a buffer that is passed to it and
// keeps no row, so a file of any length takes the same memory.
type encoder interface {
	begin(to []byte) []byte
	row(to []byte, cells []cell) []byte
	end(to []byte) []byte
}

// encoding is how an export writes its files.
type encoding struct {
	csv   CSVOptions
	times TimeOptions
}

// encoders has an encoder for each format that is not compressed.
var encoders = []struct {
	format Format
	make   func(columns []Column, options encoding) encoder
}{
	{CSV, func(c []Column, o encoding) encoder { return newCSVEncoder(c, o) }},
	{JSON, func(c []Column, o encoding) encoder {
		return &jsonEncoder{keys: jsonKeys(c), times: o.times, array: true}
	}},
	{NDJSON, func(c []Column, o encoding) encoder { return &jsonEncoder{keys: jsonKeys(c), times: o.times} }},
}

// Formats lists the formats.
func Formats() []Format {
	var plain, compressed []Format
	for _, e := range encoders {
		plain, compressed = append(plain, e.format), append(compressed, e.format+gzipSuffix)
	}
	return append(plain, compressed...)
}

func newEncoder(f Format, columns []Column, options encoding) (encoder, error) {
	inside, _ := f.uncompressed()
	for _, e := range encoders {
		if e.format == inside {
			return e.make(columns, options), nil
		}
	}
	return nil, fmt.Errorf("unknown format %q; the formats are %q", f, Formats())
}
