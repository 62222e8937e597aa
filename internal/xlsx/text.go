package xlsx

import (
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf8"
)

// MaxText is how long the text of a cell may be, in units of UTF-16. Excel refuses a
// workbook with a longer one.
const MaxText = 32_767

// AppendEscaped appends a text as the XML of a cell has it, for a search in it.
func AppendEscaped(to []byte, s string) []byte { return appendText(to, s) }

// appendText appends the text of a cell. What XML can't hold is written as the format
// demands it, as the number of the character: _x0001_.
func appendText(to []byte, s string) []byte {
	length := 0
	for i, r := range s {
		if length++; r > 0xffff {
			length++
		}
		if length > MaxText {
			break
		}
		switch {
		case r == '&':
			to = append(to, "&amp;"...)
		case r == '<':
			to = append(to, "&lt;"...)
		case r == '>':
			to = append(to, "&gt;"...)
		case r < ' ' && r != '\t' && r != '\n' || r == 0xfffe || r == 0xffff || r == '_' && isEscape(s[i:]):
			to = fmt.Appendf(to, "_x%04X_", r)
		default:
			to = utf8.AppendRune(to, r)
		}
	}
	return to
}

// isEscape reports whether a text begins with what would be read as the number of a
// character.
func isEscape(s string) bool {
	return len(s) >= 7 && s[1] == 'x' && s[6] == '_' && escape.MatchString(s[:7])
}

var escape = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// unescaped is a text with the characters instead of their numbers.
func unescaped(s string) string {
	return escape.ReplaceAllStringFunc(s, func(number string) string {
		n, err := strconv.ParseUint(number[2:6], 16, 16)
		if err != nil {
			return number
		}
		return string(rune(n))
	})
}

// needsSpace reports whether readers would take space from the text if it did not say
// that it matters.
func needsSpace(s string) bool {
	isSpace := func(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }
	return s != "" && (isSpace(s[0]) || isSpace(s[len(s)-1]))
}
