package hygiene

import (
	"cmp"
	"strings"
	"testing"
)

func TestLongNumbersAreComparedToTheLastDigit(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"12345678901234567890", "12345678901234567891", -1},
		{"-12345678901234567890", "-12345678901234567891", 1},
		{"12345678901234567890", "-12345678901234567890", 1},
		{"9007199254740993", "9007199254740992", 1},
		{"9007199254740993", "9007199254740993.0", 0},
		{"100000000000000000000", "1e20", 0},
		{"1e400", "2", 1},
		{"-1e400", "2", -1},
		{"1e99999999999999999999", "2", 1},
		{"-1e99999999999999999999", "2", -1},
		{"1e-99999999999999999999", "2", -1},
		{"1e400", "1e399", 1},
		{"10", "9", 1},
		{"0.1", "0.10", 0},
		{"-0", "0", 0},
	} {
		a, b := Value{Number, test.a}, Value{Number, test.b}
		if got, ok := a.compare(b); !ok || got != test.want {
			t.Errorf("%s to %s is %d, %t; want %d", test.a, test.b, got, ok, test.want)
		}
		if got, ok := b.compare(a); !ok || got != -test.want {
			t.Errorf("%s to %s is %d, %t; want %d", test.b, test.a, got, ok, -test.want)
		}
	}
}

func TestDatesAreReadAsCRMsWriteThem(t *testing.T) {
	for written, want := range map[string]string{
		"2026-01-02":                   "2026-01-02T00:00:00Z",
		"2026-01-02T03:04:05Z":         "2026-01-02T03:04:05Z",
		"2026-01-02T03:04:05.25+03:00": "2026-01-02T00:04:05.25Z",
		"2026-01-02T03:04":             "2026-01-02T03:04:00Z",
		"2026-01-02 03:04":             "2026-01-02T03:04:00Z",
		"2026-01-02 03:04:05":          "2026-01-02T03:04:05Z",
		"2026-01-02 03:04:05.123456":   "2026-01-02T03:04:05.123456Z",
		"2026-01-02 03:04:05-05:00":    "2026-01-02T08:04:05Z",
		"02.01.2026":                   "2026-01-02T00:00:00Z",
		"2.1.2026":                     "2026-01-02T00:00:00Z",
		"31.12.2025 23:59":             "2025-12-31T23:59:00Z",
		"31.12.2025 23:59:58":          "2025-12-31T23:59:58Z",
	} {
		if got, err := ParseDate(written); err != nil || got.String() != want {
			t.Errorf("%s is read as %s, %v; want %s", written, got, err, want)
		}
	}
}

func TestAmbiguousDatesAreRefused(t *testing.T) {
	for _, text := range []string{"", "1/2/2026", "01-02-2026", "2026-1-2", "2026-13-01", "31.02.2026", "12.31.2025", "1.2.26", "1.2.3", "2026-01-02 ", "2026-01-02x", "2026-01-02 3",
		"2026-01-02T", "2026-01-02 03:04:05 PM", "1.1.2026 0", "20260102", "2.1.2026-03:04", "a.1.2026", " 2026-01-02"} {
		if at, err := ParseDate(text); err == nil {
			t.Errorf("%q is read as %s", text, at)
		}
	}
}

func TestDatesCompareHoweverTheyAreWritten(t *testing.T) {
	ordered := []string{"31.12.2025", "2025-12-31T10:00", "31.12.2025 10:00:01", "2026-01-01", "2.1.2026"}
	for i, a := range ordered {
		for j, b := range ordered {
			if got, ok := ParseValue(a).compare(ParseValue(b)); !ok || got != cmp.Compare(i, j) {
				t.Errorf("%s to %s is %d, %t", a, b, got, ok)
			}
		}
	}
}

func FuzzParseDate(f *testing.F) {
	f.Add("2026-01-02 03:04:05+03:00")
	f.Add("2.1.2026 3")
	f.Fuzz(func(t *testing.T, s string) {
		if at, err := ParseDate(s); err == nil {
			if again, err := ParseDate(at.String()); err != nil || again != at {
				t.Errorf("%q is %s, which is %s, %v", s, at, again, err)
			}
		}
	})
}

// Every reader of JSON must read back the numbers that are written as numbers.
func TestOnlyPlainNumbersAreNumbers(t *testing.T) {
	for text, want := range map[string]ValueType{"31": Number, "-2.5": Number, "0": Number, "0.10": Number, "12345678901234567890": Number,
		"12E4": Text, "1e400": Text, "1e5": Text, "007": Text, "+90": Text, "1.": Text, ".5": Text, "": Text, "-": Text, "1 000": Text, "1,5": Text, strings.Repeat("9", 400): Text} {
		if got := ParseValue(text); got.Type != want || got.Text != text {
			t.Errorf("%.20s is of type %d, want %d", text, got.Type, want)
		}
	}
}
