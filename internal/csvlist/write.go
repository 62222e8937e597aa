package csvlist

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// WriteWith writes a row with one more column.
func (l *Reader) WriteWith(w *bufio.Writer, raw []byte, cell string) {
	row := TrimEnd(raw)
	w.Write(row)
	w.WriteByte(l.separator)
	l.writeCell(w, cell)
	w.Write(l.lineEndOf(raw[len(row):]))
}

// WriteUnreadable writes a line that is no row of the list as one: whole in its first
// column.
func (l *Reader) WriteUnreadable(w *bufio.Writer, raw []byte, reason string) {
	line := TrimEnd(raw)
	writeQuoted(w, string(line))
	w.Write(bytes.Repeat([]byte{l.separator}, l.Columns))
	l.writeCell(w, reason)
	w.Write(l.lineEndOf(raw[len(line):]))
}

// lineEndOf is the end of a line, that of the header for a last line that has
// none.
func (l *Reader) lineEndOf(end []byte) []byte {
	if len(end) > 0 {
		return end
	}
	if end := l.Header[len(TrimEnd(l.Header)):]; len(end) > 0 {
		return end
	}
	return []byte{l.end}
}

func (l *Reader) writeCell(w *bufio.Writer, cell string) {
	if strings.IndexByte(cell, l.separator) >= 0 || strings.ContainsAny(cell, "\"\r\n") {
		writeQuoted(w, cell)
		return
	}
	w.WriteString(cell)
}

func writeQuoted(w io.StringWriter, cell string) {
	w.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
}
