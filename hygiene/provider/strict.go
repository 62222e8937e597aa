package provider

// Strict says why a text is not one JSON value that every reader takes for the
// same, in words that repeat nothing of it; nil when it is one. It refuses what
// [Registrations] and the readers of callbacks refuse and encoding/json does not:
// bytes that are not UTF-8, half a surrogate pair, an object that has a key
// twice. A byte order mark before the value is passed over.
func Strict(text []byte) error {
	s := scan(string(text), nil)
	return s.elements(func(int, int) {})
}
