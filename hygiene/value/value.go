// Package value is attributes, the values that they have and that conditions compare:
// texts, numbers, truth values and dates.
package value

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"winnow/hygiene/instant"
)

// Type is the type of a value. The numbers are stored.
type Type uint8

// The types of values.
const (
	Text Type = iota
	Number
	Bool
)

// Value is the value of an attribute, or what a condition compares it with.
type Value struct {
	Type Type
	Text string // as written; true or false for a Bool
}

// Parse finds the type of a value as it is written in a CSV field: true and
// false are truth values, 31 and -2.5 are numbers, anything else is text. So are
// texts with a leading zero or plus, which are codes or phone numbers, 12E4, and
// numbers that are too large for many readers of JSON.
func Parse(s string) Value {
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

// Quoted is the value for people: text in quotes, numbers and truth values bare.
func (v Value) Quoted() string {
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

// Equal compares numbers as numbers, dates as dates, and anything else as written.
func (v Value) Equal(w Value) bool {
	if v.Text == w.Text {
		return true
	}
	order, ok := v.Compare(w)
	return ok && order == 0
}

// Compare orders two numbers or two dates; anything else has no order.
func (v Value) Compare(w Value) (int, bool) {
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
	return cmp.Compare(a, b), true
}
