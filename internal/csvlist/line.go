package csvlist

import "bytes"

// lineLength is the length of the first line of b, its end included.
func lineLength(b []byte, lineEnd byte) int {
	if n := bytes.IndexByte(b, lineEnd); n >= 0 {
		return n + 1
	}
	return len(b)
}

// TrimLineEnd returns b without the end of its line.
func TrimLineEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

func isBlank(line []byte) bool { return len(bytes.Trim(TrimLineEnd(line), " ")) == 0 }
