// Package csvlist reads lists of contacts: CSV as every program writes it (any
// delimiter, a byte order mark, line ends of every system, spoiled lines), record
// by record, with the bytes of each kept, so that what is kept of a list goes out
// as it came in. Foreign files (workbooks, UTF-16, gzip) are named as what they
// are: add one in text.go.
package csvlist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"winnow/internal/ui"
)

// ParseDelimiter reads what separates columns: one character, or tab. It is 0 for
// an empty text.
func ParseDelimiter(d string) (byte, error) {
	switch {
	case d == "":
		return 0, nil
	case d == "tab" || d == `\t`:
		return '\t', nil
	case len(d) == 1 && d[0] < 0x80 && d != `"` && d != "\n" && d != "\r":
		return d[0], nil
	}
	return 0, ui.Usagef("--delimiter %q: write one character, or tab", d)
}

// MaxRecord is the most bytes of a record that goes over several lines, and of a
// line.
const MaxRecord = 1 << 20

const bufferSize = 4 * MaxRecord

// Reader reads a CSV record by record and keeps the bytes of each: what is kept
// of it goes out as it came in.
type Reader struct {
	in       io.Reader
	buffer   []byte
	from, to int // in buffer: what has been read and not been taken
	ended    bool
	Line     int64 // of the next record

	separator  byte
	end        byte // of a line: \n, before which a \r may stand, or \r alone
	Columns    int
	MinColumns int // columns of a row that ends early; 0 when none may
	KeyIndex   int // that holds the contact's key; -1 for none

	Mark   []byte // the byte order mark, if there is one
	Header []byte // with its end of line
	Fields [][]byte
}

// Record is one record of a list, until the next is read.
type Record struct {
	Line int64
	Raw  []byte // with its end of line
	Key  string // see said
	Err  error  // it can't be read; raw is one line then
}

// KeyColumn names the column that holds the contacts' keys.
type KeyColumn struct {
	Name string // matched without regard to case
	Flag string // of the command line, by which it is named: errors tell it
}

// OpenKeyed reads the header, and finds the column with the contacts' keys.
// separator is 0 to find out which one it is.
func OpenKeyed(in io.Reader, key KeyColumn, separator byte) (*Reader, error) {
	l, err := Open(in, separator)
	if err == nil {
		l.KeyIndex, err = key.find(l.Fields)
	}
	return l, err
}

// Open reads the header of a list without keys.
func Open(in io.Reader, separator byte) (*Reader, error) {
	l := &Reader{in: in, buffer: make([]byte, bufferSize), Line: 1, end: '\n', KeyIndex: -1}
	if err := l.fill(); err != nil {
		return nil, err
	}
	if err := l.readMark(); err != nil {
		return nil, err
	}
	rest := l.buffer[l.from:l.to]
	if bytes.IndexByte(rest, '\n') < 0 && bytes.IndexByte(rest, '\r') >= 0 {
		l.end = '\r'
	}
	if l.separator = separator; separator == 0 {
		l.separator = mostFrequent(firstRecord(bytes.TrimLeft(rest, " \r\n"), l.end)) // blank lines are passed over
	}
	return l, l.readHeader()
}

func (l *Reader) readMark() error {
	rest := l.buffer[l.from:l.to]
	if bytes.HasPrefix(rest, []byte(ByteOrderMark)) {
		l.Mark = []byte(ByteOrderMark)
		l.from += len(l.Mark)
	}
	return CheckText(rest)
}

func (l *Reader) readHeader() error {
	r, err := l.Next()
	switch {
	case err == io.EOF:
		return errors.New("it is empty: a list begins with a header that names its columns")
	case err != nil:
		return err
	case r.Err == errNotUTF8:
		return errors.New("its header is not UTF-8: save it as CSV UTF-8")
	case r.Err != nil:
		return fmt.Errorf("its header can't be read: %w", r.Err)
	}
	l.Header = bytes.Clone(r.Raw)
	l.Columns = len(l.Fields)
	return nil
}

// find finds the column.
func (c KeyColumn) find(fields [][]byte) (int, error) {
	found, names := -1, make([]string, len(fields))
	for i, f := range fields {
		names[i] = CellText(f)
		if !strings.EqualFold(names[i], strings.TrimSpace(c.Name)) {
			continue
		}
		if found >= 0 {
			return 0, fmt.Errorf("it has two columns %q: rename one", c.Name)
		}
		found = i
	}
	if found < 0 {
		return 0, fmt.Errorf("it has no column %q, its first line names %q: write %s with one of them", c.Name, names, c.Flag)
	}
	return found, nil
}

// fill reads until the buffer holds a whole record, the rest of the list
// included, or all of it.
func (l *Reader) fill() error {
	if l.to-l.from > MaxRecord || l.ended {
		return nil
	}
	l.to = copy(l.buffer, l.buffer[l.from:l.to])
	l.from = 0
	for l.to-l.from <= MaxRecord {
		n, err := l.in.Read(l.buffer[l.to:])
		l.to += n
		if err == io.EOF {
			l.ended = true
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Next reads the next record, passing over blank lines; io.EOF after the last.
func (l *Reader) Next() (Record, error) {
	for {
		if err := l.fill(); err != nil {
			return Record{}, err
		}
		rest := l.buffer[l.from:l.to]
		if len(rest) == 0 {
			return Record{}, io.EOF
		}
		n, why := l.cut(rest)
		if why != nil {
			n = lineEnd(rest, l.end) // a quote too many spoils its own line and no other
		}
		if n > MaxRecord {
			return Record{}, fmt.Errorf("line %d is longer than %d bytes: is it a CSV?", l.Line, MaxRecord)
		}
		r := Record{Line: l.Line, Raw: rest[:n], Err: why}
		l.from += n
		l.Line += int64(bytes.Count(r.Raw, []byte{l.end}))
		if blank(r.Raw) {
			continue
		}
		if r.Err == nil && l.KeyIndex >= 0 {
			r.Key = CellText(l.Fields[l.KeyIndex])
		}
		return r, nil
	}
}

// cut finds the first record of b: its length, its fields as written. An error
// says that it is none; what of it is wrong can be told from its first line on.
func (l *Reader) cut(b []byte) (n int, err error) {
	l.Fields = l.Fields[:0]
	for more := true; more; {
		from := n
		if n, err = l.fieldEnd(b, n); err != nil {
			return 0, err
		}
		to := n
		if more = n < len(b) && b[n] == l.separator; n < len(b) {
			n++
		}
		if !more {
			to = from + len(TrimEnd(b[from:n]))
		}
		l.Fields = append(l.Fields, b[from:to])
	}
	if n > MaxRecord {
		return 0, errUnclosed
	}
	return n, l.readable(b[:n])
}

var (
	errQuote    = errors.New("a quote within a field")
	errUnclosed = errors.New("a quote that is opened and not closed")
	errNUL      = errors.New("a NUL byte")
	errNotUTF8  = errors.New("not UTF-8")
)

// readable says what is wrong with a record that is cut.
func (l *Reader) readable(raw []byte) error {
	fewest := l.MinColumns
	if fewest == 0 {
		fewest = l.Columns
	}
	few, many := len(l.Fields) < fewest, len(l.Fields) > l.Columns
	switch {
	case (few || many) && l.Columns > 0 && !blank(raw):
		return fmt.Errorf("%s where the header has %d", ui.Count(int64(len(l.Fields)), "column"), l.Columns)
	case !utf8.Valid(raw):
		return errNotUTF8
	case bytes.IndexByte(raw, 0) >= 0:
		return errNUL
	}
	return nil
}

// fieldEnd finds where the field that begins at i ends: at a separator, at the
// end of its line or of b.
func (l *Reader) fieldEnd(b []byte, i int) (int, error) {
	if i < len(b) && b[i] == '"' {
		return l.quotedEnd(b, i+1)
	}
	for ; i < len(b) && b[i] != l.separator && b[i] != l.end; i++ {
		if b[i] == '"' {
			return 0, errQuote
		}
	}
	return i, nil
}

func (l *Reader) quotedEnd(b []byte, i int) (int, error) {
	for {
		n := bytes.IndexByte(b[i:min(len(b), i+MaxRecord)], '"')
		if n < 0 {
			return 0, errUnclosed
		}
		if i += n + 1; i == len(b) || b[i] == l.separator || b[i] == l.end {
			return i, nil
		}
		switch {
		case b[i] == '"':
			i++
		case b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n':
			return i + 1, nil
		default:
			return 0, errQuote
		}
	}
}
