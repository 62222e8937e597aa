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
// around it, and without what keeps a spreadsheet from running it as a formula, an
// apostrophe, or from taking it for a number, as in ="0042".
func CellText(field []byte) string {
	text := strings.TrimSpace(string(unquote(field)))
	if isTextFormula(text) {
		return strings.TrimSpace(strings.ReplaceAll(text[2:len(text)-1], `""`, `"`))
	}
	if rest, escaped := strings.CutPrefix(text, "'"); escaped && rest != "" {
		if first, _ := utf8.DecodeRuneInString(rest); strings.ContainsRune(formulaStarts, first) {
			return strings.TrimSpace(rest)
		}
	}
	return text
}

// isTextFormula reports whether a cell is a formula that is nothing but a text.
func isTextFormula(text string) bool {
	return len(text) > 2 && strings.HasPrefix(text, `="`) && strings.HasSuffix(text, `"`) && !strings.Contains(strings.ReplaceAll(text[2:len(text)-1], `""`, ""), `"`)
}

func unquote(field []byte) []byte {
	if len(field) < 2 || field[0] != '"' {
		return field
	}
	return bytes.ReplaceAll(field[1:len(field)-1], []byte(`""`), []byte(`"`))
}
