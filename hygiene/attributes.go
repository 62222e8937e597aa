package hygiene

import "winnow/hygiene/value"

// Attribute is one named fact about a contact, from an import.
type Attribute = value.Attribute

// Attributes are a contact's attributes, sorted by name.
type Attributes = value.Attributes

// UnpackAttributes reads what [value.Attributes.Pack] wrote.
func UnpackAttributes(b []byte) (Attributes, error) { return value.UnpackAttributes(b) }

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
