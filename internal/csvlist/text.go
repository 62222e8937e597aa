package csvlist

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"
)

// foreign are files that are no text by how they begin. They are given by mistake
// every day, and what is wrong with their first line helps nobody.
var foreign = []struct{ begin, what string }{
	{"\xff\xfe", utf16},
	{"\xfe\xff", utf16},
	{"\x1f\x8b", "it is packed with gzip: unpack it, or let gunzip write it to stdin"},
	{"\x28\xb5\x2f\xfd", "it is packed with zstd: unpack it, or let zstd write it to stdin"},
	{"PK\x03\x04", "it is an Excel workbook or a zip file: save it as CSV UTF-8"},
	{"\xd0\xcf\x11\xe0", "it is an Excel workbook: save it as CSV UTF-8"},
}

const utf16 = "it is UTF-16: save it as UTF-8, a list as CSV UTF-8"

// CheckText says what is wrong with a file that is no text, by how it begins.
func CheckText(head []byte) error {
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.begin)) {
			return errors.New(f.what)
		}
	}
	if len(head) > 1 && (head[0] == 0) != (head[1] == 0) { // a letter and a zero
		return errors.New(utf16)
	}
	return nil
}

// ByteOrderMark is what some programs begin a UTF-8 file with.
const ByteOrderMark = "\ufeff"

// Separators are what may stand between columns, and between the names in a cell.
const Separators = ",;\t|"

// mostFrequent is the separator that the header has most of.
func mostFrequent(header []byte) byte {
	best, most := byte(','), 0
	for _, s := range []byte(Separators) {
		n, quoted := 0, false
		for _, b := range header {
			if b == '"' {
				quoted = !quoted
			} else if b == s && !quoted {
				n++
			}
		}
		if n > most {
			best, most = s, n
		}
	}
	return best
}

// firstRecord is the first record of b, whatever separates its fields: a name in
// quotes may go over lines. Where quotes don't close it is the first line.
func firstRecord(b []byte, end byte) []byte {
	quoted := false
	for i, c := range b {
		switch {
		case c == '"':
			quoted = !quoted
		case c == end && !quoted:
			return b[:i]
		}
	}
	if quoted {
		return b[:lineEnd(b, end)]
	}
	return b
}

// lineEnd is the length of the first line of b with its end.
func lineEnd(b []byte, end byte) int {
	if n := bytes.IndexByte(b, end); n >= 0 {
		return n + 1
	}
	return len(b)
}

// TrimEnd takes the end of its line from b.
func TrimEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

func blank(line []byte) bool { return len(bytes.Trim(TrimEnd(line), " ")) == 0 }

// unquote gives what a field says.
func unquote(field []byte) []byte {
	if len(field) < 2 || field[0] != '"' {
		return field
	}
	return bytes.ReplaceAll(field[1:len(field)-1], []byte(`""`), []byte(`"`))
}

// CellText is what a field says to whoever reads it: without space around it, and
// without the apostrophe that keeps a spreadsheet from running it as a formula.
// Exports write that with the profile "spreadsheet", and so do others.
func CellText(field []byte) string {
	text := strings.TrimSpace(string(unquote(field)))
	if rest, has := strings.CutPrefix(text, "'"); has && rest != "" {
		if first, _ := utf8.DecodeRuneInString(rest); strings.ContainsRune(formulas, first) {
			return strings.TrimSpace(rest)
		}
	}
	return text
}

// formulas are the characters that a formula may begin with: those before which
// segments writes the apostrophe.
const formulas = "=+-@\t\r\n\x00＝＋－＠"
