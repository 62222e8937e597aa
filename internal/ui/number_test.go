package ui

import (
	"math"
	"testing"
)

func TestNumbersAreGroupedByThousands(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 1234567: "1,234,567",
		math.MaxInt64: "9,223,372,036,854,775,807", math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := Number(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

func TestSharesAreRoundedToOneDecimal(t *testing.T) {
	for share, want := range map[float64]string{0: "0%", 0.41: "41%", 0.005: "0.5%", 0.12345: "12.3%", 0.99951: "100%", 1: "100%", 2.5: "250%"} {
		if got := Percent(share); got != want {
			t.Errorf("%v is %q, want %q", share, got, want)
		}
	}
}

func TestFiguresHaveExactlyOneDecimal(t *testing.T) {
	for _, c := range []struct {
		part, whole int64
		want        string
	}{{0, 7, "0.0 %"}, {80, 100, "80.0 %"}, {973, 1000, "97.3 %"}, {1, 3, "33.3 %"}, {3, 3, "100.0 %"}} {
		if got := PercentOf(c.part, c.whole); got != c.want {
			t.Errorf("%d of %d is %q, want %q", c.part, c.whole, got, c.want)
		}
	}
}
