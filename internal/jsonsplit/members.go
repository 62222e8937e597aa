package jsonsplit

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// Errors of an object that [Members] can't read to its end.
var (
	errNotObject = errors.New("not a JSON object")
	errUnclosed  = errors.New("a JSON object that is not closed")
	errMember    = errors.New("a member of the JSON object can't be read")
)

// Members visits the members of an object in their order: the name, and the value as
// written. An error says that a member can't be read; those before it were visited, and
// those after it if there is one way only to read them to the end of the object.
func Members(object []byte, visit func(name string, value []byte)) error {
	rest := bytes.Trim(object, space)
	if len(rest) == 0 || rest[0] != '{' {
		return errNotObject
	}
	rest = trimLeft(rest[1:])
	if string(rest) == "}" {
		return nil
	}
	broken, err := members(rest, visit)
	if err == nil || len(broken) > salvageBytes {
		return err
	}
	for tries := 0; tries < salvageTries; tries++ {
		comma := bytes.IndexByte(broken, ',')
		if comma < 0 {
			break
		}
		broken = trimLeft(broken[comma+1:])
		if _, wrong := members(broken, func(string, []byte) {}); wrong == nil {
			_, _ = members(broken, visit)
			break
		}
	}
	return err
}

// The bounds of the search for what can be read after a broken member.
const (
	salvageBytes = 64 << 10
	salvageTries = 256
)

// members visits members up to the end of their object. After an error broken is what
// begins with the member that can't be read.
func members(rest []byte, visit func(name string, value []byte)) (broken []byte, err error) {
	for {
		name, after := scanValue(rest)
		after = trimLeft(after)
		if len(name) == 0 || name[0] != '"' || len(after) == 0 || after[0] != ':' {
			return rest, errMember
		}
		value, after := scanValue(trimLeft(after[1:]))
		after = trimLeft(after)
		text, err := Text(name)
		switch {
		case err != nil || !json.Valid(name) || !json.Valid(value):
			return rest, errMember
		case len(after) == 0:
			return nil, errUnclosed // and the value may be a part of another one
		case after[0] != ',' && after[0] != '}', after[0] == '}' && len(after) > 1:
			return rest, errMember
		}
		visit(text, value)
		if after[0] == '}' {
			return nil, nil
		}
		rest = trimLeft(after[1:])
	}
}

// space is what may stand between the parts of JSON.
const space = " \t\r\n"

func trimLeft(b []byte) []byte { return bytes.TrimLeft(b, space) }

// scanValue cuts a value off the beginning of b. It follows strings and brackets, and
// does not check whether the value is JSON.
func scanValue(b []byte) (value, rest []byte) {
	depth, quoted, escaped := 0, false, false
	for i, c := range b {
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = c == '\\', c != '"'
			if !quoted && depth == 0 {
				return b[:i+1], b[i+1:]
			}
		case c == '"':
			quoted = true
		case c == '{', c == '[':
			depth++
		case (c == '}' || c == ']') && depth > 0:
			if depth--; depth == 0 {
				return b[:i+1], b[i+1:]
			}
		case depth == 0 && (c == ',' || c == '}' || c == ']' || c == ':' || isSpace(c)):
			return b[:i], b[i:]
		}
	}
	return nil, nil
}

// errNotUTF8 is the error of a text that is not UTF-8.
var errNotUTF8 = errors.New("not UTF-8")

// Text is the text of a value: a string as it reads, a number or truth value as written,
// nothing for null, and the elements of an array joined with |. An object, and an array
// of others, are JSON.
func Text(value []byte) (string, error) {
	switch {
	case !utf8.Valid(value):
		return "", errNotUTF8
	case string(value) == "null":
		return "", nil
	case len(value) > 0 && value[0] == '[':
		return arrayText(value)
	case len(value) == 0 || value[0] != '"':
		return string(value), nil
	case bytes.IndexByte(value, '\\') < 0:
		return string(value[1 : len(value)-1]), nil
	}
	var text string
	err := json.Unmarshal(value, &text)
	return text, err
}

// Scalar is the text of a value that is a string or a number.
func Scalar(value []byte) (text string, ok bool) {
	value = bytes.Trim(value, space)
	if !json.Valid(value) || strings.IndexByte(`"-0123456789`, value[0]) < 0 {
		return "", false
	}
	text, err := Text(value)
	return text, err == nil
}

func arrayText(value []byte) (string, error) {
	var elements []json.RawMessage
	if err := json.Unmarshal(value, &elements); err != nil {
		return "", err
	}
	var joined []byte
	for i, e := range elements {
		if e[0] == '{' || e[0] == '[' {
			return string(value), nil
		}
		text, err := Text(e)
		if err != nil {
			return "", err
		}
		if i > 0 {
			joined = append(joined, '|')
		}
		joined = append(joined, text...)
	}
	return string(joined), nil
}
