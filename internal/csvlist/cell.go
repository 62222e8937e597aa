package csvlist

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// formulaStarts are the characters that a spreadsheet formula may begin with. Before
// these, exports with the profile "spreadsheet", and other programs, write an
// apostrophe.
const formulaStarts = "=+-@\t\r\n\x00＝＋－＠"

// CellText returns the text of a field as written: without quotes, without space
// around it, and without the apostrophe that keeps a spreadsheet from running it as
// a formula.
func CellText(field []byte) string {
	text := strings.TrimSpace(string(unquote(field)))
	if rest, escaped := strings.CutPrefix(text, "'"); escaped && rest != "" {
		if first, _ := utf8.DecodeRuneInString(rest); strings.ContainsRune(formulaStarts, first) {
			return strings.TrimSpace(rest)
		}
	}
	return text
}

func unquote(field []byte) []byte {
	if len(field) < 2 || field[0] != '"' {
		return field
	}
	return bytes.ReplaceAll(field[1:len(field)-1], []byte(`""`), []byte(`"`))
}
