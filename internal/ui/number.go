package ui

import (
	"fmt"
	"math"
	"strconv"
)

// Number writes a number with a comma between its thousands: 1,234,567.
func Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Percent writes a share, where 1 is everything, with at most one decimal: 41%,
// 0.5%. It is for running text.
func Percent(share float64) string {
	return fmt.Sprintf("%g%%", math.Round(share*1000)/10)
}

// PercentOf writes part of whole, which must not be 0, with exactly one decimal:
// 97.3 %. It is for figures that are compared with each other.
func PercentOf(part, whole int64) string {
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}
