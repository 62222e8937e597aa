// Package csvlist reads lists of contacts: CSV as any program writes it, with any
// delimiter, a byte order mark, the line ends of any system, and broken lines. It
// reads record by record and keeps the bytes of each, so a row can be written
// exactly as it was read.
//
// A broken record is one line with an error; it does not affect the lines after it.
//
// Where to change what:
//
//   - what a record is: reader.go
//   - delimiters, and how the header's is found: delimiter.go
//   - how the text of a cell is read: cell.go
//   - another foreign format to recognize: one line in foreign.go
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

// MaxRecord is the maximum size in bytes of a record, which may span several lines,
// and of a line.
const MaxRecord = 1 << 20

const bufferSize = 4 * MaxRecord

// Reader reads a list record by record.
type Reader struct {
	in       io.Reader
	buffer   []byte
	from, to int // in buffer: what has been read and not been returned
	ended    bool
	Line     int64 // of the next record, from 1

	delimiter byte
	lineEnd   byte // '\n', which a '\r' may precede, or '\r' alone
	// Columns is the number of columns of the header. A record with more is broken,
	// and so is one with fewer than MinColumns, or than Columns when that is 0.
	Columns, MinColumns int
	KeyIndex            int // of the column with the contact's key; -1 for none

	Mark   []byte   // the byte order mark; empty for none
	Header []byte   // with its line end
	Fields [][]byte // of the last record as written, valid until the next; see [CellText]
}

// Record is one record of a list, valid until the next one is read.
type Record struct {
	Line int64  // on which it begins, from 1
	Raw  []byte // as written, with its line end
	Key  string // text of the cell at KeyIndex
	Err  error  // why it is not a record; Raw is one line then
}

// KeyColumn names the column that holds the contacts' keys.
type KeyColumn struct {
	Name string // matched without regard to case
	Flag string // of the command line, that sets Name; for error messages
}

// OpenKeyed reads the header of a list and finds the column with the contacts'
// keys. A delimiter of 0 is found by the header.
func OpenKeyed(in io.Reader, key KeyColumn, delimiter byte) (*Reader, error) {
	l, err := Open(in, delimiter)
	if err == nil {
		l.KeyIndex, err = key.find(l.Fields)
	}
	return l, err
}

// Open reads the header of a list. A delimiter of 0 is found by the header.
func Open(in io.Reader, delimiter byte) (*Reader, error) {
	l := &Reader{in: in, buffer: make([]byte, bufferSize), Line: 1, lineEnd: '\n', KeyIndex: -1}
	if err := l.fill(); err != nil {
		return nil, err
	}
	rest := l.buffer[l.from:l.to]
	if err := CheckText(rest); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(rest, []byte(ByteOrderMark)) {
		l.Mark = []byte(ByteOrderMark)
		l.from += len(l.Mark)
		rest = l.buffer[l.from:l.to]
	}
	if bytes.IndexByte(rest, '\n') < 0 && bytes.IndexByte(rest, '\r') >= 0 {
		l.lineEnd = '\r'
	}
	if l.delimiter = delimiter; delimiter == 0 {
		l.delimiter = guessDelimiter(firstRecord(bytes.TrimLeft(rest, " \r\n"), l.lineEnd)) // after blank lines
	}
	return l, l.readHeader()
}

func (l *Reader) readHeader() error {
	r, err := l.Next()
	switch {
	case err == io.EOF:
		return errors.New("the file is empty; a list begins with a header that names its columns")
	case err != nil:
		return err
	case r.Err == errNotUTF8:
		return errors.New("the header is not UTF-8; save the file as CSV UTF-8")
	case r.Err != nil:
		return fmt.Errorf("cannot read the header: %w", r.Err)
	}
	l.Header = bytes.Clone(r.Raw)
	l.Columns = len(l.Fields)
	return nil
}

// find returns the index of the column among the fields of the header.
func (c KeyColumn) find(fields [][]byte) (int, error) {
	found, names := -1, make([]string, len(fields))
	for i, f := range fields {
		names[i] = CellText(f)
		if !strings.EqualFold(names[i], strings.TrimSpace(c.Name)) {
			continue
		}
		if found >= 0 {
			return 0, fmt.Errorf("the header has %q twice; rename one", c.Name)
		}
		found = i
	}
	if found < 0 {
		return 0, fmt.Errorf("no column %q in the header %q; choose one of these with %s", c.Name, names, c.Flag)
	}
	return found, nil
}

// fill reads until the buffer holds more than the longest record, or all that is
// left.
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

// Next returns the next record, skipping blank lines. The error is io.EOF after the
// last record, that of the input, or that of a line longer than [MaxRecord].
func (l *Reader) Next() (Record, error) {
	for {
		if err := l.fill(); err != nil {
			return Record{}, err
		}
		rest := l.buffer[l.from:l.to]
		if len(rest) == 0 {
			return Record{}, io.EOF
		}
		n, invalid := l.parse(rest)
		if invalid != nil {
			n = lineLength(rest, l.lineEnd) // an unclosed quote breaks its own line only
		}
		if n > MaxRecord {
			return Record{}, fmt.Errorf("line %d is longer than %d bytes; is this a CSV file?", l.Line, MaxRecord)
		}
		r := Record{Line: l.Line, Raw: rest[:n], Err: invalid}
		l.from += n
		l.Line += int64(bytes.Count(r.Raw, []byte{l.lineEnd}))
		if isBlank(r.Raw) {
			continue
		}
		if r.Err == nil && l.KeyIndex >= 0 {
			r.Key = CellText(l.Fields[l.KeyIndex])
		}
		return r, nil
	}
}

// parse finds the fields of the first record of b, and its length. An error says why
// the first line of b does not begin a record.
func (l *Reader) parse(b []byte) (n int, err error) {
	l.Fields = l.Fields[:0]
	for more := true; more; {
		from := n
		if n, err = l.fieldEnd(b, n); err != nil {
			return 0, err
		}
		to := n
		if more = n < len(b) && b[n] == l.delimiter; n < len(b) {
			n++
		}
		if !more {
			to = from + len(TrimLineEnd(b[from:n]))
		}
		l.Fields = append(l.Fields, b[from:to])
	}
	if n > MaxRecord {
		return 0, errUnclosed
	}
	return n, l.check(b[:n])
}

var (
	errQuote    = errors.New("a quote within a field")
	errUnclosed = errors.New("a quote that is not closed")
	errNUL      = errors.New("a NUL byte")
	errNotUTF8  = errors.New("not UTF-8")
)

// check returns what is wrong with a record whose fields are known.
func (l *Reader) check(raw []byte) error {
	fewest := l.MinColumns
	if fewest == 0 {
		fewest = l.Columns
	}
	switch n := len(l.Fields); {
	case l.Columns > 0 && (n < fewest || n > l.Columns) && !isBlank(raw):
		return fmt.Errorf("%s where the header has %d", ui.Count(int64(n), "column"), l.Columns)
	case !utf8.Valid(raw):
		return errNotUTF8
	case bytes.IndexByte(raw, 0) >= 0:
		return errNUL
	}
	return nil
}

// fieldEnd returns where the field that begins at i ends: at a delimiter, at a line
// end, or at the end of b.
func (l *Reader) fieldEnd(b []byte, i int) (int, error) {
	if i < len(b) && b[i] == '"' {
		return l.quotedFieldEnd(b, i+1)
	}
	for ; i < len(b) && b[i] != l.delimiter && b[i] != l.lineEnd; i++ {
		if b[i] == '"' {
			return 0, errQuote
		}
	}
	return i, nil
}

func (l *Reader) quotedFieldEnd(b []byte, i int) (int, error) {
	for {
		n := bytes.IndexByte(b[i:min(len(b), i+MaxRecord)], '"')
		if n < 0 {
			return 0, errUnclosed
		}
		if i += n + 1; i == len(b) || b[i] == l.delimiter || b[i] == l.lineEnd {
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
