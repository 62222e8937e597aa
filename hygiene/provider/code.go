package provider

import (
	"math"
	"strconv"
	"strings"
)

// maxCode is the most bytes a code may have. A longer one is no code.
const maxCode = 64

// code is the code that a value as scanned stands for; empty for none. 1400,
// "1400", 1400.0 and " 1400 " are one code, 1400.
func code(raw string) string {
	if !isNumber(raw) {
		return codeOfText(text(raw))
	}
	if n, err := strconv.ParseFloat(raw, 64); err == nil && strings.ContainsAny(raw, "eE") && n == math.Trunc(n) && math.Abs(n) < 1<<53 {
		raw = strconv.FormatInt(int64(n), 10)
	}
	return codeOfText(raw)
}

// codeOfText is the code in its shortest form: trimmed, and a whole number
// without a fraction of zeros. Nothing else about a text is taken for a number:
// 007 and 7, or 5.10 and 5.1, may be two codes.
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
