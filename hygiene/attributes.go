package hygiene

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"winnow/hygiene/instant"
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
		value, err := at.Value.MarshalJSON()
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// ValueType is the type of an attribute's value. The numbers are stored.
type ValueType uint8

// The types of values.
const (
	Text ValueType = iota
	Number
	Bool
)

// Value is the value of an attribute, or what a condition compares it with.
type Value struct {
	Type ValueType
	Text string // as written; true or false for a Bool
}

// ParseValue finds the type of a value as it is written in a CSV field: true and
// false are truth values, 31 and -2.5 are numbers, anything else is text. So are
// texts with a leading zero or plus, which are codes or phone numbers, 12E4, and
// numbers that are too large for many readers of JSON.
func ParseValue(s string) Value {
	switch {
	case s == "true" || s == "false":
		return Value{Bool, s}
	case isNumber(s):
		return Value{Number, s}
	default:
		return Value{Text, s}
	}
}

func isNumber(s string) bool {
	const longest = 300
	return s != "" && len(s) <= longest && (s[0] == '-' || '0' <= s[0] && s[0] <= '9') && !strings.ContainsAny(s, "eE") && json.Valid([]byte(s))
}

// String is the value as written.
func (v Value) String() string { return v.Text }

// quoted is the value for people: text in quotes, numbers and truth values bare.
func (v Value) quoted() string {
	if v.Type == Text {
		return fmt.Sprintf("%q", v.Text)
	}
	return v.Text
}

// MarshalJSON writes a number as a number and a truth value as a truth value.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.Type == Text {
		return json.Marshal(v.Text)
	}
	return []byte(v.Text), nil
}

// exactDigits is how many digits of any number a float keeps.
const exactDigits = 15

// compareNumbers orders two texts that are numbers. Customer numbers may have more
// digits than a float keeps.
func compareNumbers(a, b string) int {
	if len(a) <= exactDigits && len(b) <= exactDigits {
		f, errA := strconv.ParseFloat(a, 64)
		g, errB := strconv.ParseFloat(b, 64)
		if errA == nil && errB == nil {
			return cmp.Compare(f, g)
		}
	}
	return parseExactly(a).Cmp(parseExactly(b))
}

// parseExactly is the number with its first 1,200 digits. A number that is out of
// range even so is infinite or zero.
func parseExactly(s string) *big.Float {
	const bits = 4096
	if f, _, err := big.ParseFloat(s, 10, bits, big.ToNearestEven); err == nil {
		return f
	}
	f, _ := strconv.ParseFloat(s, 64)
	if math.IsInf(f, 0) {
		return new(big.Float).SetInf(f < 0)
	}
	return big.NewFloat(f)
}

// equal compares numbers as numbers, dates as dates, and anything else as written.
func (v Value) equal(w Value) bool {
	if v.Text == w.Text {
		return true
	}
	order, ok := v.compare(w)
	return ok && order == 0
}

// compare orders two numbers or two dates; anything else has no order.
func (v Value) compare(w Value) (int, bool) {
	switch {
	case v.Type == Number && w.Type == Number:
		return compareNumbers(v.Text, w.Text), true
	case v.Type == Number:
		return 0, false
	}
	if !instant.LooksLikeDate(v.Text) || !instant.LooksLikeDate(w.Text) {
		return 0, false
	}
	a, errA := instant.ParseDate(v.Text)
	b, errB := instant.ParseDate(w.Text)
	if errA != nil || errB != nil {
		return 0, false
	}
	return Moment{At: a}.Compare(Moment{At: b}), true
}
