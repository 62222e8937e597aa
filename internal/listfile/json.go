package listfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"winnow/internal/csvlist"
	"winnow/internal/jsonsplit"
)

// maxColumns is the maximum number of columns of a JSON list.
const maxColumns = 4096

// jsonSource reads rows of JSON: objects, or keys alone.
type jsonSource struct {
	array bool // the rows are the elements of an array
	split *jsonsplit.Splitter
	line  int64
}

func openJSON(in io.Reader) (*Reader, error) {
	r := &Reader{source: &jsonSource{split: jsonsplit.NewUnwrapping(in, csvlist.MaxRecord)}}
	// The first row without an error names the columns, so that one that is missing is
	// noticed before anything is done.
	for len(r.ahead) < maxAhead {
		var row Row
		names, err := r.source.next(&row, r.names)
		if err == io.EOF && len(r.ahead) > 0 {
			break
		}
		if err == io.EOF {
			return nil, errors.New("the list is empty: it has no JSON object")
		}
		if err != nil {
			return nil, err
		}
		row.Raw = bytes.Clone(row.Raw)
		if r.names, r.ahead = names, append(r.ahead, row); row.Err == nil {
			break
		}
	}
	if s := r.source.(*jsonSource); s.split.InArray() {
		s.array = true
	}
	if len(r.names) == 0 {
		return nil, fmt.Errorf("line %d: %w", r.ahead[0].Line, r.ahead[0].Err)
	}
	return r, nil
}

// maxAhead is how many rows with an error the first one without may follow.
const maxAhead = 100

// Errors of a JSON list and of its rows.
var (
	errNotRow         = errors.New("not a JSON object")
	errTooLong        = fmt.Errorf("longer than %d bytes", csvlist.MaxRecord)
	errTwice          = errors.New("the object has this member twice")
	errNUL            = errors.New("a character U+0000")
	errTooManyColumns = fmt.Errorf("the objects have more than %d different members; is this a list of contacts?", maxColumns)
)

func (s *jsonSource) nextLine() int64 { return s.line + 1 }

func (s *jsonSource) next(row *Row, names []string) ([]string, error) {
	value, line, err := s.split.Next()
	s.line = line
	*row = Row{Line: line, Raw: value, cells: row.cells[:0]}
	switch {
	case err == jsonsplit.ErrTooLong:
		row.Err, row.other, row.Broken = errTooLong, errTooLong, true
		return names, nil
	case err != nil:
		return names, err
	case value[0] == '{' && (len(names) == 0 || names[0] != ""):
		return row.readObject(value, names)
	}
	return row.readScalar(value, names), nil
}

// readScalar reads a key alone, if that is what the list has.
func (r *Row) readScalar(value []byte, names []string) []string {
	text, ok := jsonsplit.Scalar(value)
	switch {
	case !ok, len(names) > 0 && names[0] != "":
		r.Err, r.other, r.Broken = errNotRow, errNotRow, true
	case len(names) == 0:
		names = []string{""}
		fallthrough
	default:
		r.cells = append(r.cells, cellOf(text, isNumber(value), nil))
	}
	return names
}

// readObject reads an object. It returns the names with those that are new.
func (r *Row) readObject(object []byte, names []string) ([]string, error) {
	for range names {
		r.cells = append(r.cells, Cell{Absent: true})
	}
	place, tooMany := 0, false
	r.other = jsonsplit.Members(object, func(name string, value []byte) {
		if name = strings.TrimSpace(name); name == "" {
			return
		}
		place = indexOf(names, name, place)
		switch {
		case place == maxColumns:
			tooMany = true
			return
		case place == len(names):
			names, r.cells = append(names, name), append(r.cells, Cell{Absent: true})
		}
		if r.cells[place].Absent {
			text, err := jsonsplit.Text(value)
			r.cells[place] = cellOf(text, isNumber(value), err)
		} else {
			r.cells[place] = Cell{Err: errTwice}
		}
	})
	r.Err, r.Broken = r.other, r.other != nil
	for i := range r.cells {
		if c := &r.cells[i]; c.Absent {
			c.Err = r.other
		} else if r.Err == nil {
			r.Err = c.Err
		}
	}
	if tooMany {
		return names, errTooManyColumns
	}
	return names, nil
}

// indexOf returns the index of a name, without regard to case, or the number of names.
// Most objects have their members in the same order, so it is probably the one after the
// last.
func indexOf(names []string, name string, last int) int {
	if last+1 < len(names) && names[last+1] == name {
		return last + 1
	}
	for i := range names {
		if strings.EqualFold(names[i], name) {
			return i
		}
	}
	return len(names)
}

func isNumber(value []byte) bool { return value[0] == '-' || '0' <= value[0] && value[0] <= '9' }

func cellOf(text string, number bool, err error) Cell {
	if err == nil && strings.IndexByte(text, 0) >= 0 {
		err = errNUL
	}
	if err != nil {
		return Cell{Err: err}
	}
	return Cell{Text: strings.TrimSpace(text), Number: number}
}
