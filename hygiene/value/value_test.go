package value

import (
	"cmp"
	"slices"
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
		if got, ok := a.Compare(b); !ok || got != test.want {
			t.Errorf("%s to %s is %d, %t; want %d", test.a, test.b, got, ok, test.want)
		}
		if got, ok := b.Compare(a); !ok || got != -test.want {
			t.Errorf("%s to %s is %d, %t; want %d", test.b, test.a, got, ok, -test.want)
		}
	}
}

func TestDatesCompareHoweverTheyAreWritten(t *testing.T) {
	ordered := []string{"31.12.2025", "2025-12-31T10:00", "31.12.2025 10:00:01", "2026-01-01", "2.1.2026"}
	for i, a := range ordered {
		for j, b := range ordered {
			if got, ok := Parse(a).Compare(Parse(b)); !ok || got != cmp.Compare(i, j) {
				t.Errorf("%s to %s is %d, %t", a, b, got, ok)
			}
		}
	}
}

// Every reader of JSON must read back the numbers that are written as numbers.
func TestOnlyPlainNumbersAreNumbers(t *testing.T) {
	for text, want := range map[string]Type{"31": Number, "-2.5": Number, "0": Number, "0.10": Number, "12345678901234567890": Number,
		"12E4": Text, "1e400": Text, "1e5": Text, "007": Text, "+90": Text, "1.": Text, ".5": Text, "": Text, "-": Text, "1 000": Text, "1,5": Text, strings.Repeat("9", 400): Text} {
		if got := Parse(text); got.Type != want || got.Text != text {
			t.Errorf("%.20s is of type %d, want %d", text, got.Type, want)
		}
	}
}

func FuzzUnpackAttributes(f *testing.F) {
	f.Add(Attributes{}.With("a", Parse("1")).With("b", Parse("x")).Pack(nil))
	f.Add([]byte{2, 1, 'a', 0, 1})
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := UnpackAttributes(b)
		if err != nil {
			return
		}
		if again, err := UnpackAttributes(a.Pack(nil)); err != nil || !slices.Equal(again, a) {
			t.Errorf("%v is packed as %v, %v", a, again, err)
		}
	})
}
