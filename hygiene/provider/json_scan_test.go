package provider

import "testing"

func TestEveryByteThatIsNotPlainEndsWhatIsPlain(t *testing.T) {
	for at := range 8 {
		for c := range 256 {
			for _, around := range []byte{' ', '!', '#', 'a', '[', ']', '~', 0x7f} {
				eight := []byte{around, around, around, around, around, around, around, around}
				eight[at] = byte(c)
				want := 8
				if c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
					want = at
				}
				if got := plain(eightBytes(string(eight))); got != want {
					t.Fatalf("%q: %d bytes are plain, want %d", eight, got, want)
				}
			}
		}
	}
}

func TestWhatComesAfterAByteThatIsNotPlainDoesNotCount(t *testing.T) {
	for first := range 256 {
		for second := range 256 {
			want := 8
			for i, c := range []int{first, second} {
				if want == 8 && (c < ' ' || c == '"' || c == '\\' || c >= 0x80) {
					want = 3 + i
				}
			}
			if got := plain(eightBytes("abc" + string([]byte{byte(first), byte(second)}) + "fgh")); got != want {
				t.Fatalf("%d and %d after three letters: %d bytes are plain, want %d", first, second, got, want)
			}
		}
	}
}
