package segments

import (
	"cmp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// csvEncoder writes RFC 4180 with \n as the end of a line.
//
// For a spreadsheet it adds a BOM, without which the file is not taken for UTF-8,
// and an apostrophe before text that would run as a formula. Attributes, and
// anything else that strangers could have written, may hold such text. A phone
// number gets it too: a spreadsheet evaluates +905551234567 as a formula, and the
// plus is lost. Two kinds of cell need no apostrophe, which would only spoil them:
// numbers and booleans as imports typed them, and times and counts that winnow
// writes itself.
type csvEncoder struct {
	columns     []Column
	times       TimeOptions
	delimiter   byte
	lists       byte
	spreadsheet bool
	special     [256]bool // the bytes that a cell is quoted for
	unquoted    []byte    // a cell before it is quoted
}

const byteOrderMark = "\ufeff"

func newCSVEncoder(columns []Column, options encoding) *csvEncoder {
	e := &csvEncoder{columns: columns, times: options.times, spreadsheet: options.csv.Spreadsheet,
		delimiter: cmp.Or(options.csv.Delimiter, ','), lists: cmp.Or(options.csv.ListSeparator, '|')}
	special := "\"\r\n" + string(e.delimiter)
	if e.spreadsheet {
		special += ",;\t" // which of these separates cells depends on its locale
	}
	for _, c := range []byte(special) {
		e.special[c] = true
	}
	return e
}

func (e *csvEncoder) begin(to []byte) []byte {
	if e.spreadsheet {
		to = append(to, byteOrderMark...)
	}
	for i, c := range e.columns {
		if i > 0 {
			to = append(to, e.delimiter)
		}
		to = e.protect(append(to, c.Header()...), len(to))
	}
	return append(to, '\n')
}

func (e *csvEncoder) end(to []byte) []byte { return to }

func (e *csvEncoder) row(to []byte, cells []cell) []byte {
	start := len(to)
	for i := range cells {
		if i > 0 {
			to = append(to, e.delimiter)
		}
		to = e.cell(to, &cells[i])
	}
	if len(to) == start {
		to = append(to, `""`...) // an empty line would not be a row
	}
	return append(to, '\n')
}

func (e *csvEncoder) cell(to []byte, c *cell) []byte {
	from := len(to)
	switch c.form {
	case textForm:
		return e.protect(append(to, c.text...), from)
	case listForm:
		return e.protect(appendJoined(to, c.list, e.lists), from)
	case objectForm:
		return e.quote(append(to, c.raw...), from, "")
	case numberForm:
		return strconv.AppendInt(to, c.n, 10)
	case literalForm:
		return append(to, c.text...)
	case timeForm:
		return e.times.append(to, c.at)
	}
	return to
}

// appendJoined joins the names of lists, tags or reasons, which have letters,
// digits, _ and - only.
func appendJoined(to []byte, names []string, with byte) []byte {
	for i, name := range names {
		if i > 0 {
			to = append(to, with)
		}
		to = append(to, name...)
	}
	return to
}

// protect quotes what was appended since from where that is needed, and defuses a
// formula.
func (e *csvEncoder) protect(to []byte, from int) []byte {
	if e.spreadsheet && runsAsFormula(to[from:]) {
		return e.quote(to, from, "'")
	}
	for _, c := range to[from:] {
		if e.special[c] {
			return e.quote(to, from, "")
		}
	}
	return to
}

func (e *csvEncoder) quote(to []byte, from int, prefix string) []byte {
	e.unquoted = append(e.unquoted[:0], to[from:]...)
	to = append(append(to[:from], '"'), prefix...)
	for _, c := range e.unquoted {
		if c == '"' {
			to = append(to, '"')
		}
		to = append(to, c)
	}
	return append(to, '"')
}

// runsAsFormula reports whether a spreadsheet may take the text for a formula,
// also with the full-width forms, which some convert to the common ones.
func runsAsFormula(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	first, _ := utf8.DecodeRune(text)
	return strings.ContainsRune("=+-@\t\r\n\x00＝＋－＠", first)
}
