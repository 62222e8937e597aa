package suggest

import "testing"

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
