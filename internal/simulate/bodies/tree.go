package bodies

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// document is an example's body that is being changed: a tree of JSON, or the fields of a
// form.
type document struct {
	tree   any
	inside *document // the JSON in a text of it, with the events
	within []string  // the steps to that text
	fields []field   // of a form
	isForm bool
}

type field struct{ name, value string }

// parse reads a body. inside is the path of a text that is itself the JSON with the events.
func parse(body []byte, inside string) (*document, error) {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '[' {
		fields, err := parseForm(string(trimmed))
		return &document{fields: fields, isForm: true}, err
	}
	d := &document{}
	decoder := json.NewDecoder(bytes.NewReader(trimmed))
	decoder.UseNumber()
	if err := decoder.Decode(&d.tree); err != nil {
		return nil, err
	}
	if inside == "" {
		return d, nil
	}
	steps := splitPath(inside)
	if text, ok := get(d.tree, steps).(string); ok {
		inner, err := parse([]byte(text), "")
		d.inside, d.within = inner, steps
		return d, err
	}
	return d, nil
}

func parseForm(text string) (fields []field, err error) {
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		var errs [2]error
		name, errs[0] = url.QueryUnescape(name)
		value, errs[1] = url.QueryUnescape(value)
		if err := errors.Join(errs[:]...); err != nil {
			return nil, err
		}
		fields = append(fields, field{name, value})
	}
	return fields, nil
}

// bytes writes the document.
func (d *document) bytes() ([]byte, error) {
	if d.isForm {
		var b strings.Builder
		for i, f := range d.fields {
			if i > 0 {
				b.WriteByte('&')
			}
			b.WriteString(url.QueryEscape(f.name) + "=" + url.QueryEscape(f.value))
		}
		return []byte(b.String()), nil
	}
	if d.inside != nil {
		text, err := d.inside.bytes()
		if err != nil {
			return nil, err
		}
		d.tree = set(d.tree, d.within, string(text))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(d.tree)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// events is the part of the document that the events are in.
func (d *document) events() *document {
	if d.inside != nil {
		return d.inside
	}
	return d
}

// get is the value at a path; nil where nothing is. A form's paths are names.
func (d *document) get(steps []string) any {
	if !d.isForm {
		return get(d.tree, steps)
	}
	for _, f := range d.fields {
		if f.name == strings.Join(steps, ".") {
			return f.value
		}
	}
	return nil
}

// set puts a value at a path, which may be new. A nil value removes what is there.
func (d *document) set(steps []string, value any) {
	if !d.isForm {
		d.tree = set(d.tree, steps, value)
		return
	}
	name := strings.Join(steps, ".")
	at := slices.IndexFunc(d.fields, func(f field) bool { return f.name == name })
	switch {
	case value == nil && at >= 0:
		d.fields = slices.Delete(d.fields, at, at+1)
	case value == nil:
	case at < 0:
		d.fields = append(d.fields, field{name, textOf(value)})
	default:
		d.fields[at].value = textOf(value)
	}
}

// replace replaces a text wherever it is a value.
func (d *document) replace(was, is string) {
	if !d.isForm {
		d.tree = replace(d.tree, was, is)
	}
	for i := range d.fields {
		if d.fields[i].value == was {
			d.fields[i].value = is
		}
	}
}

func replace(tree any, was, is string) any {
	switch v := tree.(type) {
	case string:
		if v == was {
			return is
		}
	case []any:
		for i := range v {
			v[i] = replace(v[i], was, is)
		}
	case map[string]any:
		for name := range v {
			v[name] = replace(v[name], was, is)
		}
	}
	return tree
}

func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// splitPath are the steps of a path: names, and places in arrays as [0].
func splitPath(path string) (steps []string) {
	for part := range strings.SplitSeq(path, ".") {
		name, places, found := strings.Cut(part, "[")
		if name != "" {
			steps = append(steps, name)
		}
		for found {
			var place string
			place, places, _ = strings.Cut(places, "]")
			steps = append(steps, "["+place+"]")
			places, found = strings.CutPrefix(places, "[")
		}
	}
	return steps
}

// indexOf is the place in an array that a step is, or that of its first element for [].
func indexOf(step string) (int, bool) {
	inner, is := strings.CutPrefix(step, "[")
	if !is {
		return 0, false
	}
	n, _ := strconv.Atoi(strings.TrimSuffix(inner, "]"))
	return n, true
}

func get(tree any, steps []string) any {
	for _, step := range steps {
		at, isIndex := indexOf(step)
		switch v := tree.(type) {
		case map[string]any:
			if isIndex {
				return nil
			}
			tree = v[step]
		case []any:
			if !isIndex || at >= len(v) {
				return nil
			}
			tree = v[at]
		default:
			return nil
		}
	}
	return tree
}

func set(tree any, steps []string, value any) any {
	if len(steps) == 0 {
		return value
	}
	step := steps[0]
	if at, isIndex := indexOf(step); isIndex {
		list, _ := tree.([]any)
		if value == nil && at >= len(list) {
			return tree
		}
		for len(list) <= at {
			list = append(list, nil)
		}
		if value == nil && len(steps) == 1 {
			return slices.Delete(list, at, at+1)
		}
		list[at] = set(list[at], steps[1:], value)
		return list
	}
	object, ok := tree.(map[string]any)
	if !ok {
		if value == nil {
			return tree
		}
		object = map[string]any{}
	}
	if value == nil && len(steps) == 1 {
		delete(object, step)
		return object
	}
	if value == nil && object[step] == nil {
		return tree
	}
	object[step] = set(object[step], steps[1:], value)
	return object
}
