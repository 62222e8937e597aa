package erasure

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// seeker says of nearly all bodies, in one pass and however many words there are, that they
// have none of the words. It reads a body as JSON strings read, without parsing it, and
// says that a word may be there where it can't be sure: what it finds is read with care.
type seeker struct {
	tails   [1 << 13]bool       // of the last four bytes of words, and the last digits of numbers
	words   map[uint32][][]byte // by their last four bytes, as seek reads them
	numbers map[string]bool     // the last digits of phone numbers: those before are written in several ways
	wide    bool                // a word has letters beyond ASCII
	always  bool                // a word is mostly blanks, and is looked for with care

	text, digits []byte // of the body so far
}

// tailDigits is how many digits at the end of a phone number are looked for.
const tailDigits = shortestNumber

func (s *seeker) addNumber(digits string) {
	if s.numbers == nil {
		s.numbers = map[string]bool{}
	}
	tail := digits[len(digits)-tailDigits:]
	s.numbers[tail] = true
	s.tails[placeOf(lastFour([]byte(tail)))] = true
}

func (s *seeker) addWord(word string) {
	if s.words == nil {
		s.words = map[uint32][][]byte{}
	}
	var read []byte
	wide := false
	for i := range len(word) {
		wide = wide || word[i] >= utf8.RuneSelf
		read = put(read, word[i])
	}
	s.wide, s.always = s.wide || wide, s.always || len(read) < shortestWord
	if wide || s.always {
		return // bodies of ASCII alone can't have it
	}
	tail := lastFour(read)
	s.words[tail] = append(s.words[tail], read)
	s.tails[placeOf(tail)] = true
}

// put appends a byte of a text: small letters, and one blank for any number of them, and
// for the sign that is one in forms.
func put(to []byte, c byte) []byte {
	switch {
	case 'A' <= c && c <= 'Z':
		c += 'a' - 'A'
	case c <= ' ' || c == '+':
		if n := len(to); n > 0 && to[n-1] == ' ' {
			return to
		}
		c = ' '
	}
	return append(to, c)
}

func lastFour(b []byte) uint32 {
	b = b[len(b)-4:]
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func placeOf(tail uint32) uint32 { return tail * 0x9e3779b1 >> 19 }

// mayFind reports whether one of the words may be in the body.
func (s *seeker) mayFind(body []byte) bool {
	switch {
	case s.always:
		return true
	case s.words == nil && s.numbers == nil && !s.wide:
		return false
	}
	// A body that is not JSON is also searched as it is.
	return s.find(body, true) || bytes.IndexByte(body, '\\') >= 0 && s.find(body, false)
}

func (s *seeker) find(body []byte, escapes bool) bool {
	s.text, s.digits = s.text[:0], s.digits[:0]
	for i := 0; i < len(body); {
		c := body[i]
		r, size := rune(c), 1
		switch {
		case c >= utf8.RuneSelf:
			r, size = utf8.DecodeRune(body[i:])
		case c == '\\' && bytes.HasPrefix(body[i:], []byte(`\\u`)): // JSON in a string
			return true
		case c == '\\' && escapes:
			r, size = escaped(body[i:])
		case isUnsure(body, i):
			return true
		}
		switch {
		case r < utf8.RuneSelf && s.next(byte(r)):
			return true
		case r >= utf8.RuneSelf && (s.wide || !isApart(r)):
			return true
		case r >= utf8.RuneSelf:
			s.text = append(s.text, 0)
		}
		i += size
	}
	return false
}

// isUnsure reports whether at that place a form may escape something, or a JSON number has
// an exponent.
func isUnsure(body []byte, i int) bool {
	switch body[i] {
	case '%':
		return i+2 < len(body) && isHex(body[i+1]) && isHex(body[i+2])
	case 'e', 'E':
		digits := i
		for digits > 0 && ('0' <= body[digits-1] && body[digits-1] <= '9' || body[digits-1] == '.') {
			digits--
		}
		return digits < i && (digits == 0 || bytes.IndexByte([]byte(":,[- \t\r\n"), body[digits-1]) >= 0)
	}
	return false
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// next adds a byte of the text, and reports whether a word ends with it.
func (s *seeker) next(c byte) bool {
	s.text = put(s.text, c)
	if n := len(s.text); n >= 4 {
		if tail := lastFour(s.text); s.tails[placeOf(tail)] {
			for _, word := range s.words[tail] {
				if bytes.HasSuffix(s.text, word) {
					return true
				}
			}
		}
	}
	if c < '0' || c > '9' || s.numbers == nil {
		return false
	}
	s.digits = append(s.digits, c)
	n := len(s.digits)
	return n >= tailDigits && s.tails[placeOf(lastFour(s.digits))] && s.numbers[string(s.digits[n-tailDigits:])]
}

// escaped is the character that a JSON string escapes at the beginning of the text; the
// one for errors where that can't be said.
func escaped(text []byte) (r rune, size int) {
	if len(text) < 2 {
		return utf8.RuneError, 1
	}
	switch c := text[1]; c {
	case '"', '\\', '/':
		return rune(c), 2
	case 'b', 'f', 'n', 'r', 't':
		return ' ', 2
	case 'u':
		if len(text) >= 6 {
			if n, err := strconv.ParseUint(string(text[2:6]), 16, 32); err == nil && (n < 0xd800 || n > 0xdfff) {
				return rune(n), 6
			}
		}
	}
	return utf8.RuneError, 1
}

// isApart reports whether a character beyond ASCII stays beyond it however a text is read:
// it is neither dropped, nor becomes a letter or digit that a word may have.
func isApart(r rune) bool {
	switch r {
	case 'ß', 'İ', 'ŉ', 'ſ', 'ǰ':
		return false
	}
	return '\u00c0' <= r && r <= '\u024f' || '\u0400' <= r && r <= '\u04ff' || '\u2010' <= r && r <= '\u2027' ||
		'\u20a0' <= r && r <= '\u20bf' || '\U0001f300' <= r && r <= '\U0001faff'
}
