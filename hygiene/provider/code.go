package provider

import (
	"math"
	"strconv"
	"strings"
)

// MaxText is the most bytes that a message id or the name of an event may have.
const MaxText = 256

// maxCode is the most bytes that a code may have. A longer one counts as none.
const maxCode = 64

// codeOfValue is a scanned JSON value as a code; empty for none.
// 1400, "1400", 1400.0 and " 1400 " are the same code, 1400.
func codeOfValue(raw string) string {
	if !isNumber(raw) {
		return codeOfText(stringValue(raw))
	}
	if n, err := strconv.ParseFloat(raw, 64); err == nil && strings.ContainsAny(raw, "eE") && n == math.Trunc(n) && math.Abs(n) < 1<<53 {
		raw = strconv.FormatInt(int64(n), 10)
	}
	return codeOfText(raw)
}

// codeOfText is a code in its shortest form: trimmed, and a whole number without a
// fraction of zeros. No other text is read as a number: 007 and 7, or 5.10 and
// 5.1, may be different codes.
func codeOfText(code string) string {
	code = strings.TrimSpace(code)
	if len(code) > maxCode {
		return ""
	}
	whole, fraction, found := strings.Cut(code, ".")
	if found && fraction != "" && strings.Trim(fraction, "0") == "" && isWhole(whole) {
		return whole
	}
	return code
}

func isWhole(number string) bool {
	digits := strings.TrimPrefix(number, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}
