package provider

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Why a form can't be read.
var (
	errEscape   = errors.New("not a form: a % is not followed by two hexadecimal digits")
	errTwoNames = errors.New("a field of the form that counts is there twice")
)

// form reads a form, as bodies and the queries of URLs have them: fields joined with &,
// name=value. It calls each with every field.
func form(text string, each func(name, value string) error) error {
	for field := range strings.SplitSeq(text, "&") {
		if field == "" {
			continue
		}
		name, value, _ := strings.Cut(field, "=")
		name, err := unescape(name)
		if err != nil {
			return err
		}
		if value, err = unescape(value); err != nil {
			return err
		}
		if err := each(name, value); err != nil {
			return err
		}
	}
	return nil
}

// formFields finds fields by their names; of an empty name none. A field that is wanted and
// there twice is an error, since readers differ in which one they take.
func formFields(text string, names []string, found *values) error {
	var seen [maxSlots]bool
	return form(text, func(name, value string) error {
		for slot, wanted := range names {
			if wanted != name || wanted == "" {
				continue
			}
			if seen[slot] {
				return errTwoNames
			}
			seen[slot], found[slot] = true, value
		}
		return nil
	})
}

// formField is the value of one field; empty when there is none, or more than one.
func formField(text, wanted string) string {
	var found values
	if formFields(text, []string{wanted}, &found) != nil {
		return ""
	}
	return found[0]
}

// unescape is the meaning of a name or a value.
func unescape(text string) (string, error) {
	if strings.IndexByte(text, '%') < 0 && strings.IndexByte(text, '+') < 0 {
		return checkUTF8(text)
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '+':
			b = append(b, ' ')
		case '%':
			if i+2 >= len(text) || hexDigit(text[i+1]) < 0 || hexDigit(text[i+2]) < 0 {
				return "", errEscape
			}
			b = append(b, byte(hexDigit(text[i+1])<<4|hexDigit(text[i+2])))
			i += 2
		default:
			b = append(b, c)
		}
	}
	return checkUTF8(string(b))
}

func checkUTF8(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", errNotUTF8
	}
	return text, nil
}
