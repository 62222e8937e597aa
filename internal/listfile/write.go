package listfile

import (
	"bufio"
	"bytes"
	"encoding/json"

	"winnow/internal/csvlist"
	"winnow/internal/jsonsplit"
)

// Writer writes rows of a list elsewhere, in the format of the list: CSV, JSON objects one
// a line, or a JSON array. It may be used while the list is read on.
type Writer struct {
	to    *bufio.Writer
	list  *Reader
	csv   *csvlist.RowWriter // nil for JSON
	array bool
	extra string // the name of a column more; empty for none
	rows  int
}

// NewWriter returns a writer of rows of the list to a file, with one more column of that
// name, unless it is empty. The profile is that of CSV.
func (r *Reader) NewWriter(to *bufio.Writer, extra string, p csvlist.Profile) *Writer {
	w := &Writer{to: to, list: r, extra: extra}
	switch s := r.source.(type) {
	case *csvSource:
		w.csv = csvlist.NewRowWriter(s.list, p)
	case *jsonSource:
		w.array = s.array
	}
	return w
}

// Begin writes what precedes the rows: the header of CSV, after its byte order mark.
func (w *Writer) Begin() {
	s, is := w.list.source.(*csvSource)
	switch {
	case !is && w.array:
		w.to.WriteString("[")
	case !is:
	case w.list.bare:
		w.to.Write(s.list.Mark)
	case w.extra != "":
		w.csv.WriteHeader(w.to, w.extra)
	default:
		w.to.Write(s.list.Mark)
		w.to.Write(s.list.Header)
	}
}

// Write writes a row as it was read.
func (w *Writer) Write(raw []byte) {
	if w.csv != nil {
		w.to.Write(raw)
		return
	}
	w.object(bytes.TrimSpace(raw))
}

// WriteWith writes a row with the text of the column more. Cells of CSV that would run as
// formulas are changed as the profile has it.
func (w *Writer) WriteWith(raw []byte, text string) {
	if w.csv != nil {
		w.csv.WriteWithCell(w.to, raw, text)
		return
	}
	object := bytes.TrimSpace(raw)
	if len(object) == 0 || object[0] != '{' {
		w.object(member(member([]byte{'{'}, "value", string(object), true), w.extra, text, false))
		return
	}
	members, name := 0, w.extra
	_ = jsonsplit.Members(object, func(is string, _ []byte) { // one that is broken is not written here
		if members++; is == w.extra {
			name = "scrub_" + w.extra
		}
	})
	open := bytes.TrimRight(object[:len(object)-1], " \t\r\n")
	w.object(member(open[:len(open):len(open)], name, text, false))
}

// WriteUnreadable writes what is not a row of the list, with the text of the column more.
func (w *Writer) WriteUnreadable(raw []byte, text string) {
	if w.csv != nil {
		w.csv.WriteUnreadable(w.to, raw, text)
		return
	}
	line, _ := json.Marshal(string(bytes.TrimSpace(raw)))
	w.object(member(member([]byte{'{'}, "unreadable", string(line), true), w.extra, text, false))
}

// member adds a member to an object that is open, or also closes it. A value that is raw is
// JSON.
func member(object []byte, name, value string, raw bool) []byte {
	if object[len(object)-1] != '{' {
		object = append(object, ',')
	}
	quoted, _ := json.Marshal(name)
	object = append(append(object, quoted...), ':')
	if raw {
		return append(object, value...)
	}
	text, _ := json.Marshal(value)
	return append(append(object, text...), '}')
}

func (w *Writer) object(text []byte) {
	switch {
	case w.array && w.rows > 0:
		w.to.WriteString(",\n")
	case w.array:
		w.to.WriteString("\n")
	}
	w.rows++
	w.to.Write(text)
	if !w.array {
		w.to.WriteString("\n")
	}
}

// End writes what follows the rows.
func (w *Writer) End() {
	if w.csv == nil && w.array {
		if w.rows > 0 {
			w.to.WriteString("\n")
		}
		w.to.WriteString("]\n")
	}
}
