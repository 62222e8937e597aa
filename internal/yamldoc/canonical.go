package yamldoc

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"

	"winnow/hygiene"
)

// Canonical is the value as it was checked, as JSON: two files that mean the same have
// the same. Spelling, comments, defaults, variables of the environment, and the order of
// keys and of unordered lists make no difference. Fields with Omit are left out, and so
// are empty objects and lists.
func (e *Entry) Canonical() []byte { return e.appendCanonical(nil) }

// appendCanonical appends the canonical form, without a copy of what is in it: a config
// that a program wrote may be long.
func (e *Entry) appendCanonical(b []byte) []byte {
	switch {
	case e == nil:
		return append(b, "null"...)
	case e.fields != nil:
		return e.appendFields(b)
	case e.kind == Map:
		return appendObject(b, slices.SortedFunc(slices.Values(e.items), func(x, y *Entry) int { return cmp.Compare(x.Key(), y.Key()) }))
	case e.kind == List || e.kind == OneOrMore:
		return e.appendItems(b)
	}
	var value any = e.text
	switch e.kind {
	case Integer:
		value = e.number
	case Bool:
		value = e.truth
	case Duration:
		value = int64(e.duration)
	case Percent:
		value = e.share
	case Scalar:
		if e.value.Type != hygiene.Text {
			return append(b, e.value.Text...)
		}
		value = e.value.Text
	case Any:
		return append(b, e.JSON()...)
	}
	return appendJSON(b, value)
}

func appendJSON(b []byte, value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // a plain value always marshals
	}
	return append(b, text...)
}

// appendObject appends values with their keys.
func appendObject(b []byte, items []*Entry) []byte {
	b = append(b, '{')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSON(b, item.Key()), ':')
		b = item.appendCanonical(b)
	}
	return append(b, '}')
}

// appendFields appends the fields that are written and are not as their defaults.
func (e *Entry) appendFields(b []byte) []byte {
	b = append(b, '{')
	first := len(b)
	for _, f := range e.shape.byKey() {
		field := e.fields[f.Key]
		if f.Omit || field == nil || field.isDefault {
			continue
		}
		start := len(b)
		if start > first {
			b = append(b, ',')
		}
		b = append(appendJSON(b, f.Key), ':')
		value := len(b)
		b = field.appendCanonical(b)
		if text := string(b[value:]); text == "{}" || text == "[]" || f.Default != "" && text == e.doc.canonicalDefault(f, field) {
			b = b[:start]
		}
	}
	return append(b, '}')
}

// byKey is the fields in the order of their keys.
func (s *Shape) byKey() []*Field {
	var list []*Field
	for i := range s.Fields {
		list = append(list, &s.Fields[i])
	}
	slices.SortFunc(list, func(x, y *Field) int { return cmp.Compare(x.Key, y.Key) })
	return list
}

// canonicalDefault is the default of a field, read as if it were written.
func (d *Document) canonicalDefault(f *Field, written *Entry) string {
	text, known := d.defaults[f.Shape]
	if !known || text.of != f.Default {
		near := written.place.node
		e := (&reader{d}).read(written.place.parent.key(written.place.at, d.parseAt(f.Default, near)), f.Shape, false)
		text = defaultText{f.Default, string(e.Canonical())}
		if d.defaults == nil {
			d.defaults = map[*Shape]defaultText{}
		}
		d.defaults[f.Shape] = text
	}
	return text.canonical
}

func (e *Entry) appendItems(b []byte) []byte {
	b = append(b, '[')
	if e.kind != OneOrMore && !e.unordered {
		for i, item := range e.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.appendCanonical(b)
		}
		return append(b, ']')
	}
	var texts [][]byte
	for _, item := range e.items {
		texts = append(texts, item.Canonical())
	}
	slices.SortFunc(texts, bytes.Compare)
	b = append(b, bytes.Join(texts, []byte(","))...)
	return append(b, ']')
}
