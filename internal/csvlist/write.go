package csvlist

import (
	"io"
	"strings"
)

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

func writeQuoted(w io.StringWriter, cell string) {
	w.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
}
