package sendlog

import (
	"bufio"
	"errors"
	"io"
)

// errTooLong is the error of a value with more than the maximum of bytes.
var errTooLong = errors.New("the value is too long")

// splitter splits an input into JSON objects: one on a line, several on one line,
// or each spread over several lines, as providers' answers are when they are
// printed for people. A JSON decoder would stop at the first mistake. Here a brace
// in the first column always begins an object, so a broken object does not swallow
// the next; anything that does not begin with a brace is a value of one line.
//
// It does not check whether a value is JSON.
type splitter struct {
	in      *bufio.Reader
	max     int   // bytes of a value
	line    int64 // that in.ReadByte reads from
	started bool  // a byte of that line has been read

	value           []byte
	firstLine       int64 // of the value
	depth           int   // open brackets in it
	quoted, escaped bool  // within a string; after a backslash
	tooLong         bool
}

func newSplitter(in io.Reader, max int) *splitter {
	s := &splitter{in: bufio.NewReaderSize(in, 64<<10), max: max, line: 1}
	if mark, err := s.in.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = s.in.Discard(len(mark))
	}
	return s
}

// next returns the next value, valid until the next call, and the line it begins
// on. The error is errTooLong for a value to be skipped, io.EOF at the end, or that
// of the input.
func (s *splitter) next() (value []byte, line int64, err error) {
	s.value, s.firstLine, s.depth, s.quoted, s.escaped, s.tooLong = s.value[:0], 0, 0, false, false, false
	for {
		c, err := s.in.ReadByte()
		switch {
		case err == io.EOF && s.firstLine > 0:
			return s.result()
		case err != nil:
			return nil, s.line, err
		case c == '{' && !s.started && s.firstLine > 0:
			_ = s.in.UnreadByte() // can't fail: a byte was just read
			return s.result()
		}
		ended := s.add(c)
		s.started = c != '\n'
		if c == '\n' {
			s.line++
		}
		if ended {
			return s.result()
		}
	}
}

func (s *splitter) result() ([]byte, int64, error) {
	if s.tooLong {
		return nil, s.firstLine, errTooLong
	}
	return s.value, s.firstLine, nil
}

// add adds a byte to the value and reports whether the value ends with it.
func (s *splitter) add(c byte) bool {
	if s.firstLine == 0 {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			return false
		}
		s.firstLine = s.line
	}
	if len(s.value) == s.max {
		s.tooLong = true
	} else {
		s.value = append(s.value, c)
	}
	if s.value[0] != '{' {
		return c == '\n'
	}
	return s.closes(c)
}

// closes follows strings and brackets, and reports whether c closes the last
// bracket. A JSON string does not span lines.
func (s *splitter) closes(c byte) bool {
	switch {
	case s.quoted && c == '\n':
		return true
	case s.escaped:
		s.escaped = false
	case s.quoted:
		s.escaped, s.quoted = c == '\\', c != '"'
	case c == '"':
		s.quoted = true
	case c == '{', c == '[':
		s.depth++
	case c == '}', c == ']':
		s.depth--
	}
	return s.depth == 0
}
