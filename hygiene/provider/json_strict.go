package provider

// CheckStrict says why a text is not one JSON value that every reader understands in
// the same way; nil when it is one. The error repeats nothing of the text. Strict
// refuses what [Registrations] and the readers of callbacks refuse and
// encoding/json accepts: bytes that are not UTF-8, half a surrogate pair, and an
// object with a key twice. A byte order mark before the value is skipped.
func CheckStrict(text []byte) error {
	s := scan(string(text), nil)
	return s.elements(func(int, int) {})
}
