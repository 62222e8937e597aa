package segments

import (
	"strings"

	"winnow/internal/xlsx"
)

// Format is a file format; it is also the suffix of the file's name.
type Format string

// The formats. Those with .gz are the same files, compressed with gzip.
const (
	CSV        Format = "csv"
	JSON       Format = "json"   // one array
	NDJSON     Format = "ndjson" // one object a line
	XLSX       Format = "xlsx"   // a workbook
	Parquet    Format = "parquet"
	CSVGzip    Format = "csv.gz"
	JSONGzip   Format = "json.gz"
	NDJSONGzip Format = "ndjson.gz"
)

const gzipSuffix = ".gz"

// MaxColumns is how many columns a file of the format has room for; 0 for no limit.
func (f Format) MaxColumns() int {
	if f == XLSX {
		return xlsx.MaxColumns
	}
	return 0
}

// uncompressed returns the format of what is in a compressed file, and reports
// whether it is one.
func (f Format) uncompressed() (Format, bool) {
	inside, compressed := strings.CutSuffix(string(f), gzipSuffix)
	return Format(inside), compressed
}
