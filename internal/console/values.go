package console

import (
	"bufio"
	"errors"
	"io"
)

// maxValue is the most bytes that one value of the send log may have.
const maxValue = 1 << 20

// errTooLong is the error of a value with more than maxValue bytes.
var errTooLong = errors.New("this is longer than 1 MiB")

// values reads JSON objects one after another: one a line, several on one line,
// or each spread over many lines, as providers' answers are when they are printed
// for people. A JSON decoder would stop for good at the first mistake. Here a
// brace in the first column always begins an object, so a broken one takes none
// with it; anything that does not begin with a brace is a value of one line.
//
// Whether a value is JSON at all is for its reader to say.
type values struct {
	in      *bufio.Reader
	line    int64 // that in.ReadByte reads from
	started bool  // something of that line has been read

	value           []byte
	began           int64 // the line on which value began
	depth           int   // brackets that are open in it
	quoted, escaped bool  // within a string; behind a backslash
	tooLong         bool
}

func newValues(in io.Reader) *values {
	v := &values{in: bufio.NewReaderSize(in, 64<<10), line: 1}
	if mark, err := v.in.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = v.in.Discard(len(mark))
	}
	return v
}

// next gives the next value and the line it begins on. The value is good until
// the next call. The error is errTooLong for a value that is to be skipped, io.EOF
// at the end, or that of the reader.
func (v *values) next() (value []byte, line int64, err error) {
	v.value, v.began, v.depth, v.quoted, v.escaped, v.tooLong = v.value[:0], 0, 0, false, false, false
	for {
		c, err := v.in.ReadByte()
		switch {
		case err == io.EOF && v.began > 0:
			return v.end()
		case err != nil:
			return nil, v.line, err
		case c == '{' && !v.started && v.began > 0:
			_ = v.in.UnreadByte() // a byte was just read
			return v.end()
		}
		ended := v.take(c)
		v.started = c != '\n'
		if c == '\n' {
			v.line++
		}
		if ended {
			return v.end()
		}
	}
}

func (v *values) end() ([]byte, int64, error) {
	if v.tooLong {
		return nil, v.began, errTooLong
	}
	return v.value, v.began, nil
}

// take adds a byte to the value and tells whether the value ends with it.
func (v *values) take(c byte) bool {
	if v.began == 0 {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			return false
		}
		v.began = v.line
	}
	if len(v.value) == maxValue {
		v.tooLong = true
	} else {
		v.value = append(v.value, c)
	}
	if v.value[0] != '{' {
		return c == '\n'
	}
	return v.follow(c)
}

// follow keeps track of strings and brackets, and tells whether the last is
// closed. No string of JSON goes over the end of a line.
func (v *values) follow(c byte) bool {
	switch {
	case v.quoted && c == '\n':
		return true
	case v.escaped:
		v.escaped = false
	case v.quoted:
		v.escaped, v.quoted = c == '\\', c != '"'
	case c == '"':
		v.quoted = true
	case c == '{', c == '[':
		v.depth++
	case c == '}', c == ']':
		v.depth--
	}
	return v.depth == 0
}
