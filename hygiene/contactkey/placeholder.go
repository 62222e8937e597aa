package contactkey

import (
	"errors"
	"fmt"
	"maps"
	"slices"
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

// All lists the texts, with their case folded, in no order.
func (w Words) All() []string { return slices.Collect(maps.Keys(w.folded)) }

func (w Words) has(text string) bool { return len(w.folded) > 0 && w.folded[fold(text)] }

// templates are what encloses the name of a field that a program did not replace.
var templates = [][2]string{{"{{", "}}"}, {"${", "}"}, {"%", "%"}, {"<", ">"}, {"[", "]"}}

// nothing is what programs and people write for nothing. None is longer than undefined.
var nothing = []string{"undefined", "null", "none", "nil", "nan", "n/a", "na", "-", "0"}

// Placeholders are what to look for in keys: the loose forms of words that are
// placeholders, also in capitals, and what other placeholders begin with. Not everything that begins so is
// one.
func (f Format) Placeholders() (forms, beginnings []string) {
	for _, word := range slices.Concat(nothing, f.Nobody.All()) {
		loose := Loose(word)
		forms = append(forms, loose, strings.ToUpper(loose))
	}
	for _, t := range templates {
		beginnings = append(beginnings, t[0])
	}
	return forms, beginnings
}

// isNobody reports whether a clean text is a placeholder.
func (f Format) isNobody(text string) bool {
	if len(text) <= len("undefined") && isNothing(text) {
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

// isNothing reports whether the text is a word of nothing.
func isNothing(text string) bool {
	if strings.IndexByte("nNuU-0", text[0]) < 0 {
		return false
	}
	for _, word := range nothing {
		if len(word) == len(text) && strings.EqualFold(word, text) {
			return true
		}
	}
	return false
}
