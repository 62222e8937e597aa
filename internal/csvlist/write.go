package csvlist

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// WriteWithCell writes a row of the list, as it was read, with one more cell at its
// end.
func (l *Reader) WriteWithCell(w *bufio.Writer, raw []byte, cell string) {
	row := TrimLineEnd(raw)
	w.Write(row)
	w.WriteByte(l.delimiter)
	l.writeCell(w, cell)
	w.Write(l.endOrDefault(raw[len(row):]))
}

// WriteUnreadable writes a line that is not a row of the list: the whole line in the
// first column, the other columns empty, and one more cell.
func (l *Reader) WriteUnreadable(w *bufio.Writer, raw []byte, cell string) {
	line := TrimLineEnd(raw)
	writeQuoted(w, string(line))
	w.Write(bytes.Repeat([]byte{l.delimiter}, l.Columns))
	l.writeCell(w, cell)
	w.Write(l.endOrDefault(raw[len(line):]))
}

// endOrDefault returns the end of a line, or that of the header for a last line
// without one.
func (l *Reader) endOrDefault(end []byte) []byte {
	if len(end) > 0 {
		return end
	}
	if end := l.Header[len(TrimLineEnd(l.Header)):]; len(end) > 0 {
		return end
	}
	return []byte{l.lineEnd}
}

func (l *Reader) writeCell(w *bufio.Writer, cell string) {
	if strings.IndexByte(cell, l.delimiter) >= 0 || strings.ContainsAny(cell, "\"\r\n") {
		writeQuoted(w, cell)
		return
	}
	w.WriteString(cell)
}

func writeQuoted(w io.StringWriter, cell string) {
	w.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
}
