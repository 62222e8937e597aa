package provider

import (
	"encoding/json"
	"strings"
)

// Args is the raw JSON object of what the sender attached to the message, in a stored body:
// as it is, or made of a query. What is neither is the member args of an object. It is nil
// where there is nothing, or the body is not one event.
func (r *Reader) Args(body []byte) []byte {
	b := batch{reader: r, inspects: true}
	is, err := b.read(&Request{Body: body})
	if err != nil || len(is.Events) != 1 {
		return nil
	}
	return objectOf(b.noted[0].args)
}

// objectOf makes an object of what was attached, a value of JSON or a text.
func objectOf(args attached) []byte {
	text := strings.TrimSpace(args.raw)
	if !args.plain {
		if strings.HasPrefix(text, "{") {
			return []byte(text)
		}
		if text == "" || text == "null" {
			return nil
		}
		if text[0] != '"' {
			return append(append([]byte(`{"args":`), text...), '}')
		}
		text = strings.TrimSpace(unquote(text))
	}
	switch {
	case text == "":
		return nil
	case text[0] == '{' && CheckStrict([]byte(text)) == nil:
		return []byte(text)
	case strings.IndexByte(text, '=') >= 0:
		if object := objectOfForm(text); object != nil {
			return object
		}
	}
	return append(appendText([]byte(`{"args":`), text), '}')
}

// objectOfForm makes an object of a form; nil if it is not one, or has a field twice.
func objectOfForm(text string) []byte {
	seen := map[string]bool{}
	object := []byte{'{'}
	err := form(text, func(name, value string) error {
		if seen[name] {
			return errTwoNames
		}
		seen[name] = true
		if len(object) > 1 {
			object = append(object, ',')
		}
		object = appendText(append(appendText(object, name), ':'), value)
		return nil
	})
	if err != nil || len(seen) == 0 {
		return nil
	}
	return append(object, '}')
}

func appendText(to []byte, text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a text always can be
	}
	return append(to, quoted...)
}

// attached is what a sender attached, as it is written: a value of JSON, or a plain text.
type attached struct {
	raw   string
	plain bool
}
