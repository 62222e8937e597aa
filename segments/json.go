package segments

import "strconv"

// jsonEncoder writes an object for each row, as one array or one object a line.
// All columns are in every object, absent ones as null, so that a reader finds
// the same keys everywhere.
type jsonEncoder struct {
	keys  [][]byte // with the byte before them: {"contact": and ,"phone":
	times TimeOptions
	array bool
	begun bool // a row has been written
}

func jsonKeys(columns []Column) [][]byte {
	keys := make([][]byte, len(columns))
	for i, c := range columns {
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		keys[i] = append(appendJSONString([]byte{before}, toUTF8(c.Header())), ':')
	}
	return keys
}

func (e *jsonEncoder) begin(to []byte) []byte {
	if e.array {
		to = append(to, '[')
	}
	return to
}

func (e *jsonEncoder) row(to []byte, cells []cell) []byte {
	if e.array && e.begun {
		to = append(to, ',')
	}
	if e.array {
		to = append(to, '\n')
	}
	e.begun = true
	for i := range cells {
		to = appendJSONCell(append(to, e.keys[i]...), &cells[i], e.times)
	}
	to = append(to, '}')
	if !e.array {
		to = append(to, '\n')
	}
	return to
}

func (e *jsonEncoder) end(to []byte) []byte {
	if !e.array {
		return to
	}
	if e.begun {
		to = append(to, '\n')
	}
	return append(to, "]\n"...)
}

func appendJSONCell(to []byte, c *cell, times TimeOptions) []byte {
	switch c.form {
	case textForm:
		return appendJSONString(to, c.text)
	case numberForm:
		return strconv.AppendInt(to, c.n, 10)
	case literalForm:
		return append(to, c.text...)
	case timeForm:
		return append(times.append(append(to, '"'), c.at), '"')
	case listForm:
		return appendJSONList(to, c.list)
	case objectForm:
		return append(to, c.raw...)
	}
	return append(to, "null"...)
}

func appendJSONList(to []byte, list []string) []byte {
	to = append(to, '[')
	for i, s := range list {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendJSONString(to, s)
	}
	return append(to, ']')
}

const hexDigits = "0123456789abcdef"

// appendJSONString writes s, which is UTF-8, and escapes only what JSON demands.
func appendJSONString(to []byte, s string) []byte {
	to = append(to, '"')
	done := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		to = append(to, s[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\n':
			to = append(to, `\n`...)
		case '\r':
			to = append(to, `\r`...)
		case '\t':
			to = append(to, `\t`...)
		default:
			to = append(to, `\u00`...)
			to = append(to, hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(to, s[done:]...), '"')
}
