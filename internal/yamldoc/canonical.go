package yamldoc

import (
	"cmp"
	"encoding/json"
	"slices"

	"winnow/hygiene"
)

// Canonical is the value as it was checked, as JSON: two files that mean the same have
// the same. Spelling, comments, defaults, variables of the environment, and the order of
// keys and of unordered lists make no difference. Fields with Omit are left out, and so
// are empty objects and lists.
func (e *Entry) Canonical() []byte {
	text, err := json.Marshal(e.canonical())
	if err != nil {
		panic(err) // made of maps, slices and plain values
	}
	return text
}

func (e *Entry) canonical() any {
	switch {
	case e == nil:
		return nil
	case e.fields != nil:
		return e.canonicalFields()
	case e.kind == Map:
		object := map[string]any{}
		for _, item := range e.items {
			object[item.Key()] = item.canonical()
		}
		return object
	case e.kind == List || e.kind == OneOrMore:
		return e.canonicalItems()
	}
	switch e.kind {
	case Integer:
		return e.number
	case Bool:
		return e.truth
	case Duration:
		return int64(e.duration)
	case Percent:
		return e.share
	case Scalar:
		if e.value.Type == hygiene.Text {
			return e.value.Text
		}
		return json.RawMessage(e.value.Text)
	case Any:
		return json.RawMessage(e.JSON())
	}
	return e.text
}

func (e *Entry) canonicalFields() map[string]any {
	object := map[string]any{}
	for _, f := range e.shape.Fields {
		field := e.fields[f.Key]
		if f.Omit || field == nil || field.isDefault {
			continue
		}
		value := field.canonical()
		if isEmpty(value) || f.Default != "" && string(e.doc.canonicalDefault(&f, field)) == string(field.Canonical()) {
			continue
		}
		object[f.Key] = value
	}
	return object
}

func isEmpty(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// canonicalDefault is the default of a field, read as if it were written.
func (d *Document) canonicalDefault(f *Field, written *Entry) []byte {
	text, known := d.defaults[f.Shape]
	if !known || text.of != f.Default {
		near := written.place.node
		e := (&reader{d}).read(written.place.parent.key(written.place.at, parseAt(f.Default, near)), f.Shape, false)
		text = defaultText{f.Default, e.Canonical()}
		if d.defaults == nil {
			d.defaults = map[*Shape]defaultText{}
		}
		d.defaults[f.Shape] = text
	}
	return text.canonical
}

func (e *Entry) canonicalItems() []any {
	list := make([]any, 0, len(e.items))
	for _, item := range e.items {
		list = append(list, item.canonical())
	}
	if e.kind == OneOrMore || e.unordered {
		texts := map[int]string{}
		order := make([]int, len(e.items))
		for i, item := range e.items {
			order[i], texts[i] = i, string(item.Canonical())
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(texts[a], texts[b]) })
		sorted := make([]any, len(list))
		for i, from := range order {
			sorted[i] = list[from]
		}
		return sorted
	}
	return list
}
