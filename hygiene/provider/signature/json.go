package signature

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

var errNoObject = errors.New("the body is not a JSON object of texts, with each name once")

// object reads a JSON object whose values are texts or numbers, by name. others are the names
// of other values. Names count as they are written, and each may be there once: a reader that
// takes the other one of two would read what was not signed.
func object(body []byte) (fields map[string]string, others []string, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, nil, errNoObject
	}
	fields = map[string]string{}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok || seen[name] {
			return nil, nil, errNoObject
		}
		seen[name] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, nil, errNoObject
		}
		var text string
		var number json.Number
		switch {
		case json.Unmarshal(value, &text) == nil && value[0] == '"':
			fields[name] = text
		case json.Unmarshal(value, &number) == nil && value[0] != 'n' && value[0] != '"':
			fields[name] = number.String()
		default:
			others = append(others, name)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, errNoObject
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, nil, errNoObject
	}
	return fields, others, nil
}
