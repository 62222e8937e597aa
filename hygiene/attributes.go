package hygiene

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"winnow/hygiene/value"
)

// Attribute is one named fact about a contact, from an import.
type Attribute struct {
	Name  string
	Value Value
}

// Attributes are a contact's attributes, sorted by name.
type Attributes []Attribute

// Get finds the attribute of that name.
func (a Attributes) Get(name string) (Value, bool) {
	i, ok := slices.BinarySearchFunc(a, name, func(a Attribute, name string) int { return strings.Compare(a.Name, name) })
	if !ok {
		return Value{}, false
	}
	return a[i].Value, true
}

// With is a copy of the attributes with this one added or replaced.
func (a Attributes) With(name string, v Value) Attributes {
	i, ok := slices.BinarySearchFunc(a, name, func(a Attribute, name string) int { return strings.Compare(a.Name, name) })
	b := slices.Clone(a)
	if ok {
		b[i].Value = v
		return b
	}
	return slices.Insert(b, i, Attribute{name, v})
}

// MarshalJSON writes the attributes as an object.
func (a Attributes) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, at := range a {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(at.Name)
		if err != nil {
			return nil, err
		}
		v, err := at.Value.MarshalJSON()
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// ValueType is the type of a [Value]. The numbers are stored.
type ValueType = value.Type

// The types of values.
const (
	Text   = value.Text
	Number = value.Number
	Bool   = value.Bool
)

// Value is the value of an attribute, or what a condition compares it with.
type Value = value.Value

// ParseValue finds the type of a value as it is written in a CSV field, see
// [value.Parse].
func ParseValue(s string) Value { return value.Parse(s) }
