package csvlist

import "winnow/internal/ui"

// Delimiters are the characters that are recognized between columns. The same
// characters may separate several names in one cell.
const Delimiters = ",;\t|"

// ParseDelimiter reads the delimiter of a flag: one ASCII character, or "tab". It
// returns 0 for an empty text, which stands for the header's own delimiter.
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

// guessDelimiter returns the delimiter that occurs most often in the header.
func guessDelimiter(header []byte) byte {
	best, most := byte(','), 0
	for _, delimiter := range []byte(Delimiters) {
		n, quoted := 0, false
		for _, b := range header {
			if b == '"' {
				quoted = !quoted
			} else if b == delimiter && !quoted {
				n++
			}
		}
		if n > most {
			best, most = delimiter, n
		}
	}
	return best
}

// firstRecord returns the first record of b, whose delimiter is not known yet. A
// quoted name may span lines; when a quote is not closed, it is the first line.
func firstRecord(b []byte, lineEnd byte) []byte {
	quoted := false
	for i, c := range b {
		switch {
		case c == '"':
			quoted = !quoted
		case c == lineEnd && !quoted:
			return b[:i]
		}
	}
	if quoted {
		return b[:lineLength(b, lineEnd)]
	}
	return b
}
