package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"winnow/internal/ui"
)

const (
	listBuffer = 4 * maxRecord
	maxRecord  = 1 << 20 // bytes of a record that goes over several lines, and of a line
)

// list reads a CSV record by record and keeps the bytes of each: what is kept
// of it goes out as it came in.
type list struct {
	in       io.Reader
	buffer   []byte
	from, to int // in buffer: what has been read and not been taken
	ended    bool
	line     int64 // of the next record

	separator byte
	end       byte // of a line: \n, before which a \r may stand, or \r alone
	columns   int
	fewest    int // columns of a row that ends early; 0 when none may
	keyColumn int // that holds the contact's key; -1 for none

	mark   []byte // the byte order mark, if there is one
	header []byte // with its end of line
	fields [][]byte
}

// record is one record of a list, until the next is read.
type record struct {
	line int64
	raw  []byte // with its end of line
	key  string // see said
	why  error  // it can't be read; raw is one line then
}

// openList reads the header, and finds the column with the contacts' keys.
// separator is 0 to find out which one it is.
func openList(in io.Reader, column string, separator byte) (*list, error) {
	l, err := openRows(in, separator)
	if err == nil {
		l.keyColumn, err = columnNamed(column, l.fields)
	}
	return l, err
}

// openRows reads the header of a list without keys.
func openRows(in io.Reader, separator byte) (*list, error) {
	l := &list{in: in, buffer: make([]byte, listBuffer), line: 1, end: '\n', keyColumn: -1}
	if err := l.fill(); err != nil {
		return nil, err
	}
	if err := l.takeMark(); err != nil {
		return nil, err
	}
	rest := l.buffer[l.from:l.to]
	if bytes.IndexByte(rest, '\n') < 0 && bytes.IndexByte(rest, '\r') >= 0 {
		l.end = '\r'
	}
	if l.separator = separator; separator == 0 {
		l.separator = commonest(firstRecord(bytes.TrimLeft(rest, " \r\n"), l.end)) // blank lines are passed over
	}
	return l, l.takeHeader()
}

// foreign are files that are no text by how they begin. They are given by mistake
// every day, and what is wrong with their first line helps nobody.
var foreign = []struct{ begin, what string }{
	{"\xff\xfe", utf16},
	{"\xfe\xff", utf16},
	{"\x1f\x8b", "it is packed with gzip: unpack it, or let gunzip write it to stdin"},
	{"\x28\xb5\x2f\xfd", "it is packed with zstd: unpack it, or let zstd write it to stdin"},
	{"PK\x03\x04", "it is an Excel workbook or a zip file: save it as CSV UTF-8"},
	{"\xd0\xcf\x11\xe0", "it is an Excel workbook: save it as CSV UTF-8"},
}

const utf16 = "it is UTF-16: save it as UTF-8, a list as CSV UTF-8"

// notText says what is wrong with a file that is no text, by how it begins.
func notText(head []byte) error {
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.begin)) {
			return errors.New(f.what)
		}
	}
	if len(head) > 1 && (head[0] == 0) != (head[1] == 0) { // a letter and a zero
		return errors.New(utf16)
	}
	return nil
}

const byteOrderMark = "\ufeff"

func (l *list) takeMark() error {
	rest := l.buffer[l.from:l.to]
	if bytes.HasPrefix(rest, []byte(byteOrderMark)) {
		l.mark = []byte(byteOrderMark)
		l.from += len(l.mark)
	}
	return notText(rest)
}

func (l *list) takeHeader() error {
	r, err := l.next()
	switch {
	case err == io.EOF:
		return errors.New("it is empty: a list begins with a header that names its columns")
	case err != nil:
		return err
	case r.why == errNotUTF8:
		return errors.New("its header is not UTF-8: save it as CSV UTF-8")
	case r.why != nil:
		return fmt.Errorf("its header can't be read: %w", r.why)
	}
	l.header = bytes.Clone(r.raw)
	l.columns = len(l.fields)
	return nil
}

// columnNamed finds the column of that name.
func columnNamed(name string, fields [][]byte) (int, error) {
	found, names := -1, make([]string, len(fields))
	for i, f := range fields {
		names[i] = said(f)
		if !strings.EqualFold(names[i], strings.TrimSpace(name)) {
			continue
		}
		if found >= 0 {
			return 0, fmt.Errorf("it has two columns %q: rename one", name)
		}
		found = i
	}
	if found < 0 {
		return 0, fmt.Errorf("it has no column %q, its first line names %q: write --column with one of them", name, names)
	}
	return found, nil
}

// separators are what may stand between columns, and between the names in a cell.
const separators = ",;\t|"

// commonest is the separator that the header has most of.
func commonest(header []byte) byte {
	best, most := byte(','), 0
	for _, s := range []byte(separators) {
		n, quoted := 0, false
		for _, b := range header {
			if b == '"' {
				quoted = !quoted
			} else if b == s && !quoted {
				n++
			}
		}
		if n > most {
			best, most = s, n
		}
	}
	return best
}

// firstRecord is the first record of b, whatever separates its fields: a name in
// quotes may go over lines. Where quotes don't close it is the first line.
func firstRecord(b []byte, end byte) []byte {
	quoted := false
	for i, c := range b {
		switch {
		case c == '"':
			quoted = !quoted
		case c == end && !quoted:
			return b[:i]
		}
	}
	if quoted {
		return b[:lineEnd(b, end)]
	}
	return b
}

// fill reads until the buffer holds a whole record, the rest of the list
// included, or all of it.
func (l *list) fill() error {
	if l.to-l.from > maxRecord || l.ended {
		return nil
	}
	l.to = copy(l.buffer, l.buffer[l.from:l.to])
	l.from = 0
	for l.to-l.from <= maxRecord {
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

// next reads the next record, passing over blank lines; io.EOF after the last.
func (l *list) next() (record, error) {
	for {
		if err := l.fill(); err != nil {
			return record{}, err
		}
		rest := l.buffer[l.from:l.to]
		if len(rest) == 0 {
			return record{}, io.EOF
		}
		n, why := l.cut(rest)
		if why != nil {
			n = lineEnd(rest, l.end) // a quote too many spoils its own line and no other
		}
		if n > maxRecord {
			return record{}, fmt.Errorf("line %d is longer than %d bytes: is it a CSV?", l.line, maxRecord)
		}
		r := record{line: l.line, raw: rest[:n], why: why}
		l.from += n
		l.line += int64(bytes.Count(r.raw, []byte{l.end}))
		if blank(r.raw) {
			continue
		}
		if r.why == nil && l.keyColumn >= 0 {
			r.key = said(l.fields[l.keyColumn])
		}
		return r, nil
	}
}

// cut finds the first record of b: its length, its fields as written. An error
// says that it is none; what of it is wrong can be told from its first line on.
func (l *list) cut(b []byte) (n int, err error) {
	l.fields = l.fields[:0]
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
			to = from + len(trimEnd(b[from:n]))
		}
		l.fields = append(l.fields, b[from:to])
	}
	if n > maxRecord {
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
func (l *list) readable(raw []byte) error {
	fewest := l.fewest
	if fewest == 0 {
		fewest = l.columns
	}
	few, many := len(l.fields) < fewest, len(l.fields) > l.columns
	switch {
	case (few || many) && l.columns > 0 && !blank(raw):
		return fmt.Errorf("%s where the header has %d", ui.Count(int64(len(l.fields)), "column"), l.columns)
	case !utf8.Valid(raw):
		return errNotUTF8
	case bytes.IndexByte(raw, 0) >= 0:
		return errNUL
	}
	return nil
}

// fieldEnd finds where the field that begins at i ends: at a separator, at the
// end of its line or of b.
func (l *list) fieldEnd(b []byte, i int) (int, error) {
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

func (l *list) quotedEnd(b []byte, i int) (int, error) {
	for {
		n := bytes.IndexByte(b[i:min(len(b), i+maxRecord)], '"')
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

// lineEnd is the length of the first line of b with its end.
func lineEnd(b []byte, end byte) int {
	if n := bytes.IndexByte(b, end); n >= 0 {
		return n + 1
	}
	return len(b)
}

// trimEnd takes the end of its line from b.
func trimEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

func blank(line []byte) bool { return len(bytes.Trim(trimEnd(line), " ")) == 0 }

// unquote gives what a field says.
func unquote(field []byte) []byte {
	if len(field) < 2 || field[0] != '"' {
		return field
	}
	return bytes.ReplaceAll(field[1:len(field)-1], []byte(`""`), []byte(`"`))
}

// said is what a field says to whoever reads it: without space around it, and
// without the apostrophe that keeps a spreadsheet from running it as a formula.
// Exports write that with the profile "spreadsheet", and so do others.
func said(field []byte) string {
	text := strings.TrimSpace(string(unquote(field)))
	if rest, has := strings.CutPrefix(text, "'"); has && rest != "" {
		if first, _ := utf8.DecodeRuneInString(rest); strings.ContainsRune(formulas, first) {
			return strings.TrimSpace(rest)
		}
	}
	return text
}

// formulas are the characters that a formula may begin with: those before which
// segments writes the apostrophe.
const formulas = "=+-@\t\r\n\x00＝＋－＠"
