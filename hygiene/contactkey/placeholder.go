package contactkey

import (
	"errors"
	"fmt"
	"strings"
)

// ErrPlaceholder is the error of a text that stands for a key that was not filled in.
var ErrPlaceholder = errors.New("a placeholder, not a contact's key")

type placeholderError string

func (e placeholderError) Error() string { return fmt.Sprintf("%q is %v", string(e), ErrPlaceholder) }

func (e placeholderError) Is(target error) bool { return target == ErrPlaceholder }

// Words is a set of texts that are matched without regard to case. The zero value is
// the empty set.
type Words struct{ folded map[string]bool }

// Add adds a text, normalized as keys are.
func (w *Words) Add(text string) error {
	word, err := Format{Fold: true}.clean(text)
	if err == nil && word == "" {
		err = ErrEmpty
	}
	if err != nil {
		return err
	}
	if w.folded == nil {
		w.folded = map[string]bool{}
	}
	w.folded[word] = true
	return nil
}

func (w Words) has(text string) bool { return len(w.folded) > 0 && w.folded[fold(text)] }

// templates are what encloses the name of a field that a program did not replace.
var templates = [][2]string{{"{{", "}}"}, {"${", "}"}, {"%", "%"}, {"<", ">"}, {"[", "]"}}

// longestNothing is the length of the longest word for nothing.
const longestNothing = len("undefined")

// isNobody reports whether a clean text is a placeholder.
func (f Format) isNobody(text string) bool {
	if len(text) <= longestNothing && isNothing(text) {
		return true
	}
	if c := text[0]; c == '{' || c == '$' || c == '%' || c == '<' || c == '[' {
		for _, t := range templates {
			if len(text) >= len(t[0])+len(t[1]) && strings.HasPrefix(text, t[0]) && strings.HasSuffix(text, t[1]) {
				return true
			}
		}
	}
	return f.Nobody.has(text)
}

// isNothing reports whether programs and people write the text for nothing.
func isNothing(text string) bool {
	switch len(text) {
	case 1:
		return text == "-" || text == "0"
	case 2:
		return strings.EqualFold(text, "na")
	case 3:
		return strings.EqualFold(text, "nil") || strings.EqualFold(text, "nan") || strings.EqualFold(text, "n/a")
	case 4:
		return strings.EqualFold(text, "null") || strings.EqualFold(text, "none")
	}
	return strings.EqualFold(text, "undefined")
}
