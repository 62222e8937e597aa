package contactkey

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MessageID is a provider's id of a message in the form in which ids are compared: without
// format characters, which nobody sees, and without blanks at its ends. The bodies of
// callbacks and the files of a send log may differ in both. All other characters count. An
// id that is not UTF-8 stays as it is.
func MessageID(id string) string {
	if isPlainID(id) || !utf8.ValidString(id) {
		return id
	}
	seen := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, id)
	return strings.TrimFunc(seen, unicode.IsSpace)
}

// isPlainID reports whether an id is ASCII without blanks, as almost all are.
func isPlainID(id string) bool {
	for i := range len(id) {
		if id[i] <= ' ' || id[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
