// Package csvlist reads lists of contacts: CSV as any program writes it, with any
// delimiter, a byte order mark, a line sep=; before the header, the line ends of any
// system, and broken lines. It reads record by record and keeps the bytes of each, so a
// row can be written exactly as it was read.
//
// A broken record has an error, and does not affect the lines after it. What can still
// be read of it is known: an opt-out is not lost for what is wrong beside its contact.
//
// The reader reads UTF-8; [DecodeText] makes that of a file in another encoding.
//
// Where to change what:
//
//   - what a record is: reader.go
//   - what is still read of a broken record: salvage.go
//   - which encodings are read: text.go
//   - delimiters, and how the header's is found: delimiter.go
//   - how the text of a cell is read: cell.go
//   - another foreign format to recognize: one line in foreign.go
package csvlist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

	Mark   []byte   // what precedes the header: the byte order mark, and a line sep=;
	Header []byte   // with its line end
	Fields [][]byte // of the last record as written, valid until the next; see [CellText]
}

// Record is one record of a list, valid until the next one is read.
type Record struct {
	Line int64  // on which it begins, from 1
	Raw  []byte // as written, with its line end
	Err  error  // what is wrong with it

	// Certain is how many of the fields, from the left, certainly are the cells of
	// their columns: all of them where no error is. Broken is the index of the one in
	// which a quote is wrong; -1 for none.
	Certain, Broken int
}

// CellErr returns why the field at that index is not the text of a cell.
func (l *Reader) CellErr(r *Record, index int) error {
	switch {
	case index >= r.Certain && r.Err != nil:
		return r.Err
	case index >= len(l.Fields):
		return nil
	case index == r.Broken:
		return r.Err
	}
	return checkCell(l.Fields[index])
}

// Open reads the header of a list in UTF-8, see [DecodeText]. A delimiter of 0 is that of
// a first line like sep=;, or else found by the header.
func Open(in io.Reader, delimiter byte) (*Reader, error) {
	l := &Reader{in: in, buffer: make([]byte, bufferSize), Line: 1, lineEnd: '\n'}
	if err := l.fill(); err != nil {
		return nil, err
	}
	if rest := l.rest(); bytes.HasPrefix(rest, []byte(ByteOrderMark)) {
		l.Mark = []byte(ByteOrderMark)
		l.from += len(l.Mark)
	}
	if rest := l.rest(); bytes.IndexByte(rest, '\n') < 0 && bytes.IndexByte(rest, '\r') >= 0 {
		l.lineEnd = '\r'
	}
	l.delimiter = delimiter
	l.readDelimiterLine()
	if l.delimiter == 0 {
		l.delimiter = guessDelimiter(firstRecord(bytes.TrimLeft(l.rest(), " \r\n"), l.lineEnd)) // after blank lines
	}
	return l, l.readHeader()
}

// rest is what is in the buffer and has not been returned.
func (l *Reader) rest() []byte { return l.buffer[l.from:l.to] }

// readDelimiterLine reads a first line that only names the delimiter, as spreadsheets
// write it.
func (l *Reader) readDelimiterLine() {
	line := l.rest()[:lineLength(l.rest(), l.lineEnd)]
	text := bytes.ToLower(unquote(TrimLineEnd(line)))
	if len(text) != len("sep=;") || !bytes.HasPrefix(text, []byte("sep=")) {
		return
	}
	if l.delimiter == 0 {
		l.delimiter = text[len(text)-1]
	}
	l.Mark = append(l.Mark, line...)
	l.from += len(line)
	l.Line++
}

func (l *Reader) readHeader() error {
	r, err := l.Next()
	switch {
	case err == io.EOF:
		return errors.New("the file is empty; a list begins with a header that names its columns")
	case err != nil:
		return err
	case r.Err != nil && r.Err != errNotUTF8:
		return fmt.Errorf("cannot read the header: %w", r.Err)
	}
	l.Header = bytes.Clone(r.Raw)
	l.Columns = len(l.Fields)
	return nil
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
		rest := l.rest()
		if len(rest) == 0 {
			return Record{}, io.EOF
		}
		n, err := l.parse(rest)
		if err != nil {
			n = lineLength(rest, l.lineEnd) // an unclosed quote breaks its own line only
		}
		if n > MaxRecord {
			return Record{}, fmt.Errorf("line %d is longer than %d bytes; is this a CSV file?", l.Line, MaxRecord)
		}
		r := Record{Line: l.Line, Raw: rest[:n], Err: err, Broken: -1}
		l.from += n
		l.Line += int64(bytes.Count(r.Raw, []byte{l.lineEnd}))
		if isBlank(r.Raw) {
			continue
		}
		if err != nil {
			l.salvage(&r)
		} else {
			r.Certain, r.Err = len(l.Fields), checkText(r.Raw)
		}
		return r, nil
	}
}

// parse finds the fields of the first record of b, and its length. An error says why
// the first line of b does not begin a record.
func (l *Reader) parse(b []byte) (n int, err error) {
	if n, err = l.split(b); err != nil {
		return 0, err
	}
	if n > MaxRecord {
		return 0, errUnclosed
	}
	fewest := l.MinColumns
	if fewest == 0 {
		fewest = l.Columns
	}
	if found := len(l.Fields); l.Columns > 0 && (found < fewest || found > l.Columns) && !isBlank(b[:n]) {
		return n, l.errColumns(found)
	}
	return n, nil
}

func (l *Reader) errColumns(found int) error {
	return fmt.Errorf("%s where the header has %d", ui.Count(int64(found), "column"), l.Columns)
}

// split finds the fields of the first record of b, and its length. After an error
// Fields has those before the one that is broken.
func (l *Reader) split(b []byte) (n int, err error) {
	l.Fields = l.Fields[:0]
	for more := true; more; {
		from := n
		if n, err = l.fieldEnd(b, n); err != nil {
			return from, err
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
	return n, nil
}

var (
	errQuote    = errors.New("a quote within a field")
	errUnclosed = errors.New("a quote that is not closed")
	errNUL      = errors.New("a NUL byte")
	errNotUTF8  = errors.New("not UTF-8")
)

// checkCell returns why a field is not a text, with the character that is wrong.
func checkCell(field []byte) error {
	err := checkText(field)
	if err != errNotUTF8 {
		return err
	}
	for i, place := 0, 1; ; place++ {
		r, n := utf8.DecodeRune(field[i:])
		if r == utf8.RuneError && n == 1 {
			return fmt.Errorf("%w: character %d is the byte 0x%02X; --encoding names the encoding of the file, as in --encoding windows-1254", err, place, field[i])
		}
		i += n
	}
}

// checkText returns why the bytes are not a text.
func checkText(text []byte) error {
	switch {
	case !utf8.Valid(text):
		return errNotUTF8
	case bytes.IndexByte(text, 0) >= 0:
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
	if bytes.HasPrefix(b[i:], []byte(`="`)) { // a formula that is a text, not quoted as a field
		return l.quotedFieldEnd(b, i+2)
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
