package provider

import (
	"errors"
	"fmt"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deeply objects and arrays may be nested: as deeply as for
// encoding/json, so that nothing is unreadable that others can read. One object
// that is nested too deeply makes the whole text unreadable. No stack grows with
// the depth: what is not wanted is skipped in a loop, which takes about thirty
// bytes a level beside the names.
const maxDepth = 10_000

// Why a text can't be read. The errors repeat nothing of it.
var (
	errEmpty     = errors.New("the text is empty")
	errBroken    = errors.New("not JSON")
	errMore      = errors.New("there is more after the end of the JSON value")
	errTwice     = errors.New("an object has the same key twice")
	errNotUTF8   = errors.New("not UTF-8")
	errSurrogate = errors.New("half of a surrogate pair is missing")
	errDeep      = fmt.Errorf("nested deeper than %d levels", maxDepth)
)

// scanner reads one JSON text strictly, in one pass, and finds the wanted members
// on its way. It accepts less than encoding/json: a key twice in an object, half a
// surrogate pair, and bytes that are not UTF-8 are errors, because readers differ
// in what they make of them.
type scanner struct {
	text   string
	at     int
	depth  int
	array  bool // the text is an array of elements
	wanted []member
	found  values
	used   bool  // found may have values
	walk   *walk // notes what is inside arrays; nil when nothing there is wanted
	names  nameStack
	open   []level // of the value that is being skipped
}

// values holds the wanted values by slot, as written; empty for absent.
type values [maxSlots]string

func scan(text string, wanted []member) scanner {
	return scanner{text: text, wanted: wanted}
}

// elements scans the whole text and calls each with the bounds of every element:
// of the one value that the text is, or of each value of its array. What was found
// in that element is in s.found. An error makes the whole text unreadable, with
// the elements before it.
func (s *scanner) elements(each func(from, to int)) error {
	s.skipMark()
	s.skipSpace()
	if s.at == len(s.text) {
		return errEmpty
	}
	element := func() error {
		if s.used {
			s.found = values{}
		}
		s.used = true
		if s.walk != nil {
			s.walk.reset()
		}
		from := s.at
		if err := s.document(); err != nil {
			return err
		}
		each(from, s.at)
		return nil
	}
	var err error
	if s.array = s.text[s.at] == '['; s.array {
		err = s.list(']', element)
	} else {
		err = element()
	}
	if err != nil {
		return err
	}
	if s.skipSpace(); s.at < len(s.text) {
		return s.fail(errMore)
	}
	return nil
}

// fail adds the place to the error.
func (s *scanner) fail(why error) error { return fmt.Errorf("%w, at byte %d", why, s.at+1) }

// skipMark skips a byte order mark.
func (s *scanner) skipMark() {
	if len(s.text) >= 3 && s.text[:3] == "\ufeff" {
		s.at = 3
	}
}

func (s *scanner) skipSpace() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\n', '\r', '\t':
			s.at++
		default:
			return
		}
	}
}

// document scans the whole text, or an element of it.
func (s *scanner) document() error {
	if s.wanted != nil && s.at < len(s.text) && s.text[s.at] == '{' {
		return s.object(s.wanted)
	}
	return s.skip()
}

// value scans one value, and finds what is wanted in it.
func (s *scanner) value(m *member) error {
	if s.at == len(s.text) {
		return s.fail(errBroken)
	}
	switch c := s.text[s.at]; {
	case c == '{' && m.in != nil:
		return s.object(m.in)
	case m.nested != nil && m.items != nil && (c == '[' || s.walk != nil):
		return s.items(m)
	}
	return s.skip()
}

// scalar scans a value that is neither an object nor an array.
func (s *scanner) scalar() error {
	switch s.text[s.at] {
	case '"':
		_, err := s.string()
		return err
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	}
	return s.number()
}

// list scans what is between brackets, with item for each part of it.
func (s *scanner) list(end byte, item func() error) error {
	more, err := s.begin(end)
	for more && err == nil {
		if err = item(); err == nil {
			more, err = s.more(end)
		}
	}
	return err
}

// begin scans an opening bracket, and reports whether anything follows inside.
func (s *scanner) begin(end byte) (bool, error) {
	if s.depth++; s.depth > maxDepth {
		return false, s.fail(errDeep)
	}
	s.at++
	if s.skipSpace(); s.next(end) {
		s.depth--
		return false, nil
	}
	return true, nil
}

// more scans the comma or closing bracket after a part, and reports whether another
// part follows.
func (s *scanner) more(end byte) (bool, error) {
	s.skipSpace()
	switch {
	case s.next(','):
		s.skipSpace()
		return true, nil
	case s.next(end):
		s.depth--
		return false, nil
	}
	return false, s.fail(errBroken)
}

// next scans the byte c if it comes next, and reports whether it did.
func (s *scanner) next(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) object(wanted []member) error {
	names := s.names.begin()
	more, err := s.begin('}')
	for more && err == nil {
		var name string
		if name, err = s.name(&names); err != nil {
			break
		}
		if err = s.member(find(wanted, name)); err == nil {
			more, err = s.more('}')
		}
	}
	s.names.end(&names)
	return err
}

// name scans a member's name and its colon. The name must not be one of others.
func (s *scanner) name(others *nameSet) (string, error) {
	begin := s.at
	if s.at == len(s.text) || s.text[s.at] != '"' {
		return "", s.fail(errBroken)
	}
	raw, err := s.string()
	if err != nil {
		return "", err
	}
	s.skipSpace()
	if !s.next(':') {
		return "", s.fail(errBroken)
	}
	s.skipSpace()
	name := unquote(raw)
	if !s.names.add(others, name) {
		s.at = begin
		return "", s.fail(errTwice)
	}
	return name, nil
}

// member scans a member's value and keeps it when it is wanted. m is nil when
// neither the value nor anything inside it is wanted.
func (s *scanner) member(m *member) error {
	if m == nil {
		return s.skip()
	}
	from, marked := s.at, s.walk != nil && m.nested != nil && (m.events != nil || m.around != nil)
	before := 0
	if marked {
		before = s.walk.enter(m, &s.found)
	}
	if err := s.value(m); err != nil {
		return err
	}
	for _, slot := range m.slots {
		s.found[slot] = s.text[from:s.at]
	}
	if s.walk != nil && m.nested != nil && m.beside {
		s.walk.beside = append(s.walk.beside, besideEvents{m.slots, span{from, s.at}})
	}
	if marked {
		s.walk.leave(m, &s.found, before, from, s.at)
	}
	return nil
}

func (s *scanner) literal(word string) error {
	if len(s.text)-s.at < len(word) || s.text[s.at:s.at+len(word)] != word {
		return s.fail(errBroken)
	}
	s.at += len(word)
	return nil
}

// number scans -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?, the number of RFC 8259.
func (s *scanner) number() error {
	s.next('-')
	if !s.next('0') && !s.digits() {
		return s.fail(errBroken)
	}
	if s.next('.') && !s.digits() {
		return s.fail(errBroken)
	}
	if s.next('e') || s.next('E') {
		if !s.next('+') {
			s.next('-')
		}
		if !s.digits() {
			return s.fail(errBroken)
		}
	}
	return nil
}

// digits scans the digits that come next, and reports whether there are any.
func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > from
}

// eightBytes are the first eight bytes of a text as one number, the first in its lowest bits.
func eightBytes(text string) uint64 {
	_ = text[7]
	return uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
}

// plain is how many of eight bytes mean themselves within a string, before the first that does
// not or may not. It compares all eight as one number: a byte's highest bit is set in odd when
// the byte is a control character, a quote, a backslash, or of more than seven bits. What is
// above the first such byte may be wrong.
func plain(eight uint64) int {
	const ones, highest = 0x0101010101010101, 0x8080808080808080
	odd := (eight | (eight - ones*' ') | (eight ^ ones*'"' - ones) | (eight ^ ones*'\\' - ones)) & highest
	return bits.TrailingZeros64(odd) / 8
}

// string scans a string and returns it as written, with its quotes.
func (s *scanner) string() (string, error) {
	from := s.at
	for s.at++; s.at < len(s.text); {
		if len(s.text)-s.at >= 8 {
			n := plain(eightBytes(s.text[s.at:]))
			if s.at += n; n == 8 {
				continue
			}
		}
		c := s.text[s.at]
		var err error
		switch {
		case c == '"':
			s.at++
			return s.text[from:s.at], nil
		case ' ' <= c && c < utf8.RuneSelf && c != '\\':
			s.at++
		case c == '\\':
			err = s.escape()
		case c >= utf8.RuneSelf:
			err = s.rune()
		default:
			err = s.fail(errBroken)
		}
		if err != nil {
			return "", err
		}
	}
	return "", s.fail(errBroken)
}

func (s *scanner) rune() error {
	r, size := utf8.DecodeRuneInString(s.text[s.at:])
	if r == utf8.RuneError && size == 1 {
		return s.fail(errNotUTF8)
	}
	s.at += size
	return nil
}

// escape scans an escape, from its backslash on.
func (s *scanner) escape() error {
	rest := s.text[s.at:]
	if len(rest) < 2 {
		return s.fail(errBroken)
	}
	if escaped[rest[1]] != 0 {
		s.at += 2
		return nil
	}
	unit := unitOf(rest)
	switch {
	case unit < 0:
		return s.fail(errBroken)
	case !utf16.IsSurrogate(unit):
		s.at += unitSize
		return nil
	case utf16.DecodeRune(unit, unitOf(rest[unitSize:])) == utf8.RuneError:
		return s.fail(errSurrogate)
	}
	s.at += 2 * unitSize
	return nil
}
