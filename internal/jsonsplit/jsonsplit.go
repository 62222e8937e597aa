// Package jsonsplit splits a text into JSON values, so that a broken one does not affect
// the others: a JSON decoder would stop at the first mistake. The values are objects, one
// on a line, several on one line, or each spread over several lines as they are printed
// for people; or the elements of an array; or, where that is asked for, those of the array
// in an object, as APIs answer.
//
// A brace at the beginning of a line, in the first column or in that of the first object,
// always begins an object. So a broken object does not swallow the next.
//
// The splitter does not check whether a value is JSON; [Members] finds what can be read
// of an object.
package jsonsplit

import (
	"bufio"
	"errors"
	"io"
	"regexp"
)

// ErrTooLong is the error of a value with more than the maximum of bytes.
var ErrTooLong = errors.New("the value is too long")

// Splitter splits a text into values.
type Splitter struct {
	in      *bufio.Reader
	max     int  // bytes of a value
	mayWrap bool // an object with an array is to be looked for
	unwraps bool // such objects may follow one another
	began   bool // something has been read that is not space

	line   int64 // that in.ReadByte reads from
	column int   // of the next byte on that line
	blank  bool  // nothing but space has been read of that line
	indent int   // the column of the first object; 0 if it does not begin its line

	inArray bool // commas and brackets stand between the values
	wrapped bool // the array is in an object

	value           []byte
	firstLine       int64 // of the value; 0 before it begins
	depth           int   // open brackets in it
	quoted, escaped bool  // within a string; after a backslash
	tooLong         bool
}

// New returns a splitter of in into values of up to max bytes. It buffers, so it reads
// ahead of the values it returns.
func New(in io.Reader, max int) *Splitter {
	s := &Splitter{in: bufio.NewReaderSize(in, 64<<10), max: max, line: 1, blank: true}
	if mark, err := s.in.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = s.in.Discard(len(mark))
	}
	return s
}

// NewUnwrapping returns a splitter that returns the elements of the array in an object,
// as in {"items": [{…}, {…}], "paging": {…}}, and not the object.
func NewUnwrapping(in io.Reader, max int) *Splitter {
	s := New(in, max)
	s.unwraps, s.mayWrap = true, true
	return s
}

// wrapper matches the beginning of an object whose first member is an array of objects.
var wrapper = regexp.MustCompile(`^\s*\{\s*"[^"\\]*"\s*:\s*\[\s*[{\]]`)

const maxWrapper = 4096

// Next returns the next value, valid until the next call, and the line it begins on. The
// error is ErrTooLong for a value that is left out, io.EOF at the end, or that of the
// input.
func (s *Splitter) Next() (value []byte, line int64, err error) {
	s.value, s.firstLine, s.depth, s.quoted, s.escaped, s.tooLong = s.value[:0], 0, 0, false, false, false
	for {
		if s.mayWrap {
			s.openWrapper()
		}
		c, err := s.in.ReadByte()
		switch {
		case err == io.EOF && s.firstLine > 0:
			return s.result()
		case err != nil:
			return nil, s.line, err
		case c == '{' && s.firstLine > 0 && s.blank && (s.column == 0 || s.column == s.indent),
			s.firstLine > 0 && s.inArray && s.depth == 0 && !s.quoted && (c == ',' || c == ']' || c == '{'): // after a value that is not an object
			_ = s.in.UnreadByte() // can't fail: a byte was just read
			return s.result()
		}
		ended := s.add(c)
		s.count(c)
		if ended {
			return s.result()
		}
	}
}

// InArray reports whether the last value was an element of an array.
func (s *Splitter) InArray() bool { return s.inArray }

// count follows the place of the next byte.
func (s *Splitter) count(c byte) {
	s.column++
	s.blank = s.blank && isSpace(c)
	if c == '\n' {
		s.line, s.column, s.blank = s.line+1, 0, true
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func (s *Splitter) result() ([]byte, int64, error) {
	if s.tooLong {
		return nil, s.firstLine, ErrTooLong
	}
	return s.value, s.firstLine, nil
}

// openWrapper skips the beginning of an object up to the array in it, if one begins here.
func (s *Splitter) openWrapper() {
	s.mayWrap = false
	head, _ := s.in.Peek(maxWrapper)
	if found := wrapper.Find(head); found != nil {
		s.skip(len(found) - 1) // its last byte begins the first element
		s.inArray, s.wrapped, s.began = true, true, true
	}
}

func (s *Splitter) skip(n int) {
	for range n {
		c, _ := s.in.ReadByte() // can't fail: the bytes were peeked at
		s.count(c)
	}
}

// closeWrapper skips what follows the array in its object.
func (s *Splitter) closeWrapper() {
	s.inArray, s.wrapped, s.mayWrap = false, false, s.unwraps
	for s.depth = 1; s.depth > 0; {
		c, err := s.in.ReadByte()
		if err != nil {
			return // the next read has it too
		}
		if s.closes(c); c == '\n' {
			s.quoted, s.escaped = false, false
		}
		s.count(c)
	}
	s.quoted, s.escaped = false, false
}

// add adds a byte to the value and reports whether the value ends with it.
func (s *Splitter) add(c byte) bool {
	if s.firstLine == 0 {
		switch {
		case isSpace(c):
			return false
		case c == '[' && !s.began, s.inArray && (c == '[' || c == ','):
			s.inArray, s.began = true, true
			return false
		case s.inArray && c == ']':
			if s.wrapped {
				s.closeWrapper()
			}
			return false
		}
		s.firstLine, s.began = s.line, true
		if c == '{' && s.blank && s.indent == 0 {
			s.indent = s.column
		}
	}
	if len(s.value) == s.max {
		s.tooLong = true
	} else {
		s.value = append(s.value, c)
	}
	if s.value[0] == '{' {
		return s.closes(c)
	}
	if s.inArray {
		s.quotes(c)
	}
	return c == '\n'
}

// closes follows strings and brackets, and reports whether c closes the last bracket. A
// JSON string does not span lines.
func (s *Splitter) closes(c byte) bool {
	switch {
	case s.quoted && c == '\n':
		return true
	case s.quotes(c):
	case c == '{', c == '[':
		s.depth++
	case c == '}', c == ']':
		s.depth--
	}
	return s.depth == 0
}

// quotes follows strings, and reports whether c is of one.
func (s *Splitter) quotes(c byte) bool {
	switch {
	case s.escaped:
		s.escaped = false
	case s.quoted:
		s.escaped, s.quoted = c == '\\', c != '"'
	case c == '"':
		s.quoted = true
	default:
		return false
	}
	return true
}
