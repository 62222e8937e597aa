package csvlist

import (
	"bytes"
	"errors"
)

// ByteOrderMark is what some programs put at the start of a UTF-8 file.
const ByteOrderMark = "\ufeff"

// foreignFormats are formats that people pass by mistake, by their first bytes. An
// error about the first line of such a file would help nobody.
var foreignFormats = []struct{ start, problem string }{
	{"\x1f\x8b", "the file is compressed with gzip; decompress it, or pipe the output of gunzip to stdin"},
	{"\x28\xb5\x2f\xfd", "the file is compressed with zstd; decompress it, or pipe the output of zstd to stdin"},
	{"PK\x03\x04", "the file is an Excel workbook or a zip file; save it as CSV UTF-8"},
	{"\xd0\xcf\x11\xe0", "the file is an Excel workbook; save it as CSV UTF-8"},
}

// checkForeign returns an error when the first bytes of a file show that it is not text.
// The error says which format it is and what to do.
func checkForeign(head []byte) error {
	for _, f := range foreignFormats {
		if bytes.HasPrefix(head, []byte(f.start)) {
			return errors.New(f.problem)
		}
	}
	return nil
}
