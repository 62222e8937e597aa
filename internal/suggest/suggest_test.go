package suggest

import (
	"math/rand/v2"
	"testing"
)

func TestTheNearestWordIsFound(t *testing.T) {
	known := []string{"count", "contact", "phone", "status", "to", "attributes"}
	for word, want := range map[string]string{
		"cuont":      "count", // swapped
		"contat":     "contact",
		"phoone":     "phone",
		"statsu":     "status",
		"atributess": "attributes",
		"ot":         "to",
		"count":      "count",
		"x":          "", // it would be changed entirely
		"":           "",
		"banana":     "",
		"abc":        "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestOfWordsEquallyNearTheFirstIsTaken(t *testing.T) {
	if got := Nearest("cart", []string{"card", "carp"}); got != "card" {
		t.Errorf("got %q", got)
	}
}

func TestTheLimitIsKept(t *testing.T) {
	for limit, want := range []string{"", "", "kitten"} {
		if got := Within("sitteen", []string{"kitten"}, limit); got != want {
			t.Errorf("within %d: %q, want %q", limit, got, want)
		}
	}
}

func TestDistanceCountsSingleEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "acb", 1}, {"abc", "abd", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3}} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// The ways to leave words out must not leave out the right one.
func TestTheNearestOfManyIsTheNearestOfAll(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		b := make([]byte, r.IntN(7))
		for i := range b {
			b[i] = "abcxyz"[r.IntN(6)]
		}
		return string(b)
	}
	for range 2000 {
		var known []string
		for range r.IntN(12) {
			known = append(known, word())
		}
		w, limit := word(), r.IntN(4)
		want, least := "", min(limit, len(w)-1)
		for _, k := range known {
			if n := plainDistance(w, k); n <= least {
				want, least = k, n-1
			}
		}
		if got := Within(w, known, limit); got != want {
			t.Fatalf("within %d of %q in %q: %q, want %q", limit, w, known, got, want)
		}
	}
}

// plainDistance is the definition of [Distance].
func plainDistance(a, b string) int {
	if a == "" || b == "" {
		return len(a) + len(b)
	}
	x, y := a[len(a)-1], b[len(b)-1]
	changed := plainDistance(a[:len(a)-1], b[:len(b)-1])
	if x != y {
		changed++
	}
	n := min(changed, plainDistance(a[:len(a)-1], b)+1, plainDistance(a, b[:len(b)-1])+1)
	if len(a) > 1 && len(b) > 1 && x == b[len(b)-2] && y == a[len(a)-2] {
		n = min(n, plainDistance(a[:len(a)-2], b[:len(b)-2])+1)
	}
	return n
}
