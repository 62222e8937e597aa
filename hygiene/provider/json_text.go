package provider

import (
	"strings"
	"unicode/utf16"

	"winnow/hygiene/contactkey"
)

// escaped maps the byte after a backslash to the meaning of the two; 0 when there is
// no such escape.
var escaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unitSize is the length of \u and four digits, one UTF-16 unit.
const unitSize = len(`\u0000`)

// unitOf is the UTF-16 unit that the text begins with; -1 for none.
func unitOf(text string) rune {
	if len(text) < unitSize || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	var unit rune
	for i := 2; i < unitSize; i++ {
		digit := hexDigit(text[i])
		if digit < 0 {
			return -1
		}
		unit = unit<<4 | digit
	}
	return unit
}

// hexDigit is the value of a hexadecimal digit; -1 for another character.
func hexDigit(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c - 'a' + 10)
	case 'A' <= c && c <= 'F':
		return rune(c - 'A' + 10)
	}
	return -1
}

// unquote is the meaning of a scanned string. It copies only when the string has
// an escape.
func unquote(raw string) string {
	inner := raw[1 : len(raw)-1]
	if strings.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var b strings.Builder
	b.Grow(len(inner))
	for {
		before, after, found := strings.Cut(inner, `\`)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if c := escaped[after[0]]; c != 0 {
			b.WriteByte(c)
			inner = after[1:]
			continue
		}
		inner = inner[len(before):]
		r, size := unitOf(inner), unitSize
		if utf16.IsSurrogate(r) {
			r, size = utf16.DecodeRune(r, unitOf(inner[unitSize:])), 2*unitSize
		}
		b.WriteRune(r)
		inner = inner[size:]
	}
}

// stringValue is the meaning of a scanned string; empty for any other value.
func stringValue(raw string) string {
	if raw == "" || raw[0] != '"' {
		return ""
	}
	return unquote(raw)
}

// scalarText is the text of a string, or a number as written; empty for any other
// value.
func scalarText(raw string) string {
	if isNumber(raw) {
		return raw
	}
	return stringValue(raw)
}

// keyText is the text of a string, or of a number as [contactkey.Number] gives it; empty
// for any other value.
func keyText(raw string) (string, error) {
	if !isNumber(raw) {
		return stringValue(raw), nil
	}
	return contactkey.Number(raw)
}

// displayText is a scanned value as people read it: the text of a string, nothing
// for null, any other value as written.
func displayText(raw string) string {
	switch {
	case raw == "null":
		return ""
	case strings.HasPrefix(raw, `"`):
		return unquote(raw)
	}
	return raw
}

// isNumber reports whether a scanned value is a number.
func isNumber(raw string) bool {
	return raw != "" && (raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9')
}
