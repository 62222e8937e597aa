package contactkey

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// errRounded is the error of a cell of which the last digits are lost.
var errRounded = errors.New("a spreadsheet rounded this number, so that it may stand for many; format the column as text and export it again")

// isRounded reports whether a cell has a number as spreadsheets shorten it: 1.04E+12.
func isRounded(cell string) bool {
	cell = strings.TrimSpace(cell)
	mantissa, exponent, ok := strings.Cut(strings.ToLower(cell), "e+")
	if !ok || exponent == "" || strings.Trim(exponent, "0123456789") != "" {
		return false
	}
	whole, fraction, ok := cutAny(strings.TrimPrefix(mantissa, "-"), ".,")
	return len(whole) == 1 && '0' <= whole[0] && whole[0] <= '9' && ok == (fraction != "") && strings.Trim(fraction, "0123456789") == ""
}

// cutAny is strings.Cut around the first of the characters.
func cutAny(text, characters string) (before, after string, ok bool) {
	if i := strings.IndexAny(text, characters); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return text, "", false
}

// Number is the text of a JSON number, as a key or a phone number. A number without a
// fraction is its integer: 1042.0 and 1.042e3 are 1042. Any other stays as it is
// written. It is an error if the integer is too long to be a key.
func Number(raw string) (string, error) {
	digits, negative := strings.CutPrefix(raw, "-")
	if len(raw) <= Max && !negative && strings.Trim(digits, "0123456789") == "" {
		return raw, nil
	}
	mantissa, exponent, _ := cutAny(digits, "eE")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := strings.TrimLeft(whole+fraction, "0")
	if all == "" || strings.Trim(all, "0") == "" {
		return "0", nil
	}
	significant := strings.TrimRight(all, "0")
	// The integer has the digits before the point, which the exponent moves.
	length := len(all) - len(fraction)
	if exponent != "" {
		by, err := strconv.Atoi(exponent)
		const far = 1 << 40 // more than a body has digits
		switch {
		case err != nil && strings.HasPrefix(exponent, "-") || by < -far:
			return raw, nil
		case err != nil || by > far:
			by = far
		}
		length += by
	}
	switch {
	case length < len(significant):
		return raw, nil
	case length > Max:
		return "", fmt.Errorf("a contact's key has at most %d digits", Max)
	}
	integer := significant + strings.Repeat("0", length-len(significant))
	if negative {
		integer = "-" + integer
	}
	return integer, nil
}
