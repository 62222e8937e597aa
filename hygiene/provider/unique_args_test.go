package provider

import (
	"fmt"
	"slices"
	"testing"
)

func TestFieldsAreReadAsText(t *testing.T) {
	f := NewFields("campaign", "a.b", "n", "list", "gone", "a", "yes", "none", "", "a.b.c")
	for body, want := range map[string][]string{
		`{"uniqueArgs": {"campaign": "spring \"sale\" \u00e9", "a": {"b": [1, 2]}, "n": 0.50, "list": ["x"], "yes": true, "none": null}}`: {
			`spring "sale" é`, "[1, 2]", "0.50", `["x"]`, "", `{"b": [1, 2]}`, "true", "", "", ""},
		`{"uniqueArgs": {"campaign": "", "a": "text"}}`: {"", "", "", "", "", "text", "", "", "", ""},
		`{"uniqueArgs": "campaign"}`:                    make([]string, 10),
		`{"campaign": "elsewhere"}`:                     make([]string, 10),
		`{"uniqueArgs": {"campaign": "x"}`:              make([]string, 10),
		``:                                              make([]string, 10),
	} {
		if got := f.Values([]byte(body)); !slices.Equal(got, want) {
			t.Errorf("%s is read as %q, want %q", body, got, want)
		}
	}
}

func TestAnyNumberOfFieldsIsRead(t *testing.T) {
	var paths, want []string
	body := `{"uniqueArgs": {`
	for i := range 3*maxSlots + 1 {
		paths = append(paths, fmt.Sprint("f", i))
		want = append(want, fmt.Sprint(i))
		body += fmt.Sprintf(`"f%d": %d, `, i, i)
	}
	body += `"last": 0}}`
	f := NewFields(paths...)
	for range 2 {
		if got := f.Values([]byte(body)); !slices.Equal(got, want) {
			t.Errorf("read as %q", got)
		}
	}
}
