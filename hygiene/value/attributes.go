package value

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
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

// Pack appends the attributes to b.
func (a Attributes) Pack(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(a)))
	for i := range a {
		b = packText(b, a[i].Name)
		b = packText(append(b, byte(a[i].Value.Type)), a[i].Value.Text)
	}
	return b
}

func packText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// errPacked is the error of bytes that are not packed attributes.
var errPacked = errors.New("the packed attributes are damaged")

// UnpackAttributes reads what [Attributes.Pack] wrote.
func UnpackAttributes(b []byte) (Attributes, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)) { // each takes at least a byte
		return nil, errPacked
	}
	b = b[size:]
	a := make(Attributes, n)
	for i := range a {
		var ok, typed, written bool
		a[i].Name, b, ok = unpackText(b)
		if typed = len(b) > 0; typed {
			a[i].Value.Type, b = Type(b[0]), b[1:]
		}
		if a[i].Value.Text, b, written = unpackText(b); !ok || !typed || !written {
			return nil, errPacked
		}
	}
	if len(b) > 0 {
		return nil, errPacked
	}
	return a, nil
}

func unpackText(b []byte) (s string, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return "", nil, false
	}
	return string(b[size:][:n]), b[size:][n:], true
}

// Merge is the attributes with those that an import says, both sorted by name, and whether
// that changed something. What is said to be an empty text is removed.
func (a Attributes) Merge(said Attributes) (all Attributes, changed bool) {
	old := a
	all = make(Attributes, 0, len(old)+len(said))
	for i := range said {
		for len(old) > 0 && strings.Compare(old[0].Name, said[i].Name) < 0 {
			all, old = append(all, old[0]), old[1:]
		}
		had := len(old) > 0 && old[0].Name == said[i].Name
		has := said[i].Value.Text != ""
		changed = changed || had != has || had && old[0].Value != said[i].Value
		if had {
			old = old[1:]
		}
		if has {
			all = append(all, said[i])
		}
	}
	return append(all, old...), changed
}
