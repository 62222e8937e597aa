package segments

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// csvEncoder writes RFC 4180 with \n as the end of a line.
//
// For a spreadsheet it adds what people need who open the file in one: a BOM,
// without which it is not taken for UTF-8, and an apostrophe before text that
// would run as a formula. Attributes, and whatever else strangers could have
// written, may hold such text. A phone number gets it too: a spreadsheet reckons
// +905551234567 as a formula, and keeps a number of which the plus is gone. Two
// kinds of cell need no apostrophe and get none, because it would only spoil
// them: numbers and truth values as imports typed them, and times and counts
// that winnow writes itself.
type csvEncoder struct {
	columns     []Column
	spreadsheet bool
	plain       []byte // a cell before it was quoted
}

const byteOrderMark = "\ufeff"

// quoted tells which bytes must be quoted: 1 always, 2 for a spreadsheet, some of
// which separate cells with a semicolon.
var quoted = [256]uint8{',': 1, '"': 1, '\r': 1, '\n': 1, ';': 2, '\t': 2}

func (e *csvEncoder) begin(to []byte) []byte {
	if e.spreadsheet {
		to = append(to, byteOrderMark...)
	}
	for i, c := range e.columns {
		if i > 0 {
			to = append(to, ',')
		}
		to = e.protect(append(to, c.name...), len(to))
	}
	return append(to, '\n')
}

func (e *csvEncoder) end(to []byte) []byte { return to }

func (e *csvEncoder) row(to []byte, cells []cell) []byte {
	start := len(to)
	for i := range cells {
		if i > 0 {
			to = append(to, ',')
		}
		to = e.cell(to, &cells[i])
	}
	if len(to) == start {
		to = append(to, `""`...) // an empty line would be no row at all
	}
	return append(to, '\n')
}

func (e *csvEncoder) cell(to []byte, c *cell) []byte {
	from := len(to)
	switch c.form {
	case textForm:
		return e.protect(append(to, c.text...), from)
	case listForm:
		return e.protect(appendJoined(to, c.list), from)
	case objectForm:
		return e.quote(append(to, c.raw...), from, "")
	case numberForm:
		return strconv.AppendInt(to, c.n, 10)
	case literalForm:
		return append(to, c.text...)
	case timeForm:
		return c.at.AppendFormat(to)
	}
	return to
}

// appendJoined joins with a bar, which no name of a list, tag or reason has.
func appendJoined(to []byte, names []string) []byte {
	for i, name := range names {
		if i > 0 {
			to = append(to, '|')
		}
		to = append(to, name...)
	}
	return to
}

// protect quotes what was written since from if it must be, and takes the sting
// out of a formula.
func (e *csvEncoder) protect(to []byte, from int) []byte {
	if e.spreadsheet && runsAsFormula(to[from:]) {
		return e.quote(to, from, "'")
	}
	which := uint8(1)
	if e.spreadsheet {
		which = 3
	}
	for _, c := range to[from:] {
		if quoted[c]&which != 0 {
			return e.quote(to, from, "")
		}
	}
	return to
}

func (e *csvEncoder) quote(to []byte, from int, prefix string) []byte {
	e.plain = append(e.plain[:0], to[from:]...)
	to = append(append(to[:from], '"'), prefix...)
	for _, c := range e.plain {
		if c == '"' {
			to = append(to, '"')
		}
		to = append(to, c)
	}
	return append(to, '"')
}

// runsAsFormula tells whether a spreadsheet may take the text for a formula:
// also with the full-width forms, which some turn into the common ones.
func runsAsFormula(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	first, _ := utf8.DecodeRune(text)
	return strings.ContainsRune("=+-@\t\r\n\x00＝＋－＠", first)
}
