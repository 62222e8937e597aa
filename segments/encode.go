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
	csv         CSVOptions
	times       TimeOptions
	name        string // of the table, for the formats that show one
	compressors *compressors
}

// sink collects what libraries write of a file.
type sink []byte

// Write implements [io.Writer].
func (s *sink) Write(b []byte) (int, error) {
	*s = append(*s, b...)
	return len(b), nil
}

// taken is what was written, behind what was there. Writing to memory can't fail.
func (s *sink) taken(err error) []byte {
	if err != nil {
		panic(err)
	}
	b := *s
	*s = nil
	return b
}

// encoders has an encoder for each format that is not compressed with gzip. The
// formats that are packed already are not offered with it, too.
var encoders = []struct {
	format Format
	packed bool
	make   func(columns []Column, options encoding) encoder
}{
	{CSV, false, func(c []Column, o encoding) encoder { return newCSVEncoder(c, o) }},
	{JSON, false, func(c []Column, o encoding) encoder {
		return &jsonEncoder{keys: jsonKeys(c), times: o.times, array: true}
	}},
	{NDJSON, false, func(c []Column, o encoding) encoder { return &jsonEncoder{keys: jsonKeys(c), times: o.times} }},
	{XLSX, true, func(c []Column, o encoding) encoder { return newXLSXEncoder(c, o) }},
	{Parquet, true, func(c []Column, o encoding) encoder { return newParquetEncoder(c, o) }},
}

// Formats lists the formats.
func Formats() []Format {
	var plain, compressed []Format
	for _, e := range encoders {
		plain = append(plain, e.format)
		if !e.packed {
			compressed = append(compressed, e.format+gzipSuffix)
		}
	}
	return append(plain, compressed...)
}

func newEncoder(f Format, columns []Column, options encoding) (encoder, error) {
	inside, compressed := f.uncompressed()
	for _, e := range encoders {
		if e.format == inside && !(compressed && e.packed) {
			return e.make(columns, options), nil
		}
	}
	return nil, fmt.Errorf("unknown format %q; the formats are %q", f, Formats())
}
