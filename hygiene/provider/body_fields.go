package provider

import (
	"encoding/json"
	"slices"
	"strings"

	"winnow/hygiene/contactkey"
)

// BodyField is a member of a stored body that is not an object or a list.
type BodyField struct {
	Path string // dotted, as in the contact of a source
	Text string // of a string, or a number as a contact's key is read; empty for true, false and null
}

// The bounds of what [BodyFields] looks at.
const (
	maxBodyFields = 100
	maxFieldDepth = 4
)

// BodyFields lists the members of a stored body, sorted by path: at most 100, at most
// four steps deep, and without those whose name a dotted path can't say. It is for
// diagnoses, and slower than a [Reader]. A body that is not a JSON object has none.
func BodyFields(body []byte) []BodyField {
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.UseNumber()
	var object map[string]any
	if decoder.Decode(&object) != nil {
		return nil
	}
	var fields []BodyField
	addFields(&fields, "", object)
	slices.SortFunc(fields, func(a, b BodyField) int { return strings.Compare(a.Path, b.Path) })
	return fields
}

func addFields(fields *[]BodyField, path string, object map[string]any) {
	for name, value := range object {
		if len(*fields) == maxBodyFields {
			return
		}
		if name == "" || strings.ContainsAny(name, ". \t\r\n") {
			continue
		}
		field := BodyField{Path: path + name}
		switch v := value.(type) {
		case map[string]any:
			if strings.Count(field.Path, ".")+1 < maxFieldDepth {
				addFields(fields, field.Path+".", v)
			}
			continue
		case []any:
			continue
		case string:
			field.Text = v
		case json.Number:
			if text, err := contactkey.Number(v.String()); err == nil {
				field.Text = text
			}
		}
		*fields = append(*fields, field)
	}
}
