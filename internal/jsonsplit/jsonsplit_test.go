package jsonsplit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// maxRecord is the limit of the tests.
const maxRecord = 1 << 20

// read reads all values; one that is too long reads as "…".
func read(t *testing.T, text string) (all []string, lines []int64) {
	t.Helper()
	s := New(strings.NewReader(text), maxRecord)
	for {
		value, line, err := s.Next()
		switch {
		case err == io.EOF:
			return all, lines
		case errors.Is(err, ErrTooLong):
			value = []byte("…")
		case err != nil:
			t.Fatal(err)
		}
		all, lines = append(all, strings.TrimSpace(string(value))), append(lines, line)
	}
}

func TestValuesBeginOnTheirLines(t *testing.T) {
	for text, want := range map[string]struct {
		values []string
		lines  []int64
	}{
		"{}\n{}\n":                            {[]string{"{}", "{}"}, []int64{1, 2}},
		"\ufeff{}\r\n\r\n  {} {}":             {[]string{"{}", "{}", "{}"}, []int64{1, 3, 3}},
		"{\n \"a\": [\n{}\n]}\n{}":            {[]string{"{\n \"a\": [", "{}", "]}", "{}"}, []int64{1, 3, 4, 5}},
		"{\n \"a\": [\n  {\n  }\n ]\n}\n{}":   {[]string{"{\n \"a\": [\n  {\n  }\n ]\n}", "{}"}, []int64{1, 7}},
		`{"a":"}{\"\\"}{}`:                    {[]string{`{"a":"}{\"\\"}`, "{}"}, []int64{1, 1}},
		"{\"a\":\"x\n{}\n":                    {[]string{`{"a":"x`, "{}"}, []int64{1, 2}},
		"{\"a\":\"x\n {}\n":                   {[]string{`{"a":"x`, "{}"}, []int64{1, 2}},
		"{\"a\":{\n{}\n{":                     {[]string{`{"a":{`, "{}", "{"}, []int64{1, 2, 3}},
		"[{}]\n\"a\"\n{},\n{}":                {[]string{"{}", `"a"`, "{}", "{}"}, []int64{1, 2, 3, 4}},
		"\"a\"\n{},\n[{}]\n{}":                {[]string{`"a"`, "{}", ",", "[{}]", "{}"}, []int64{1, 2, 2, 3, 4}},
		"\n [ {}\n,{},\"a,]\", 7 ,x{}]\n[{}]": {[]string{"{}", "{}", `"a,]"`, "7", "x", "{}", "{}"}, []int64{2, 3, 3, 3, 3, 3, 4}},
		"[\n  {\n    \"a\": \"x\n  },\n  {\n    \"a\": {}\n  }\n]": {[]string{"{\n    \"a\": \"x", "}", "{\n    \"a\": {}\n  }"}, []int64{2, 4, 5}},
		"[\n  {\n    \"a\": 1,\n  {\n    \"a\": 2\n  }\n]":         {[]string{"{\n    \"a\": 1,", "{\n    \"a\": 2\n  }"}, []int64{2, 4}},
		"{]}\n{}":     {[]string{"{]", "}", "{}"}, []int64{1, 1, 2}},
		"":            {},
		"\n\n \t\r\n": {},
		strings.Repeat("x", maxRecord+1) + "\n{}":                     {[]string{"…", "{}"}, []int64{1, 2}},
		"{\"a\":\n\"" + strings.Repeat("x", maxRecord) + "\"\n}\n{}":  {[]string{"…", "{}"}, []int64{1, 4}},
		`{"a":"` + strings.Repeat("x", maxRecord-8) + `"}` + "\n{}\n": {[]string{`{"a":"` + strings.Repeat("x", maxRecord-8) + `"}`, "{}"}, []int64{1, 2}},
	} {
		values, lines := read(t, text)
		if !slices.Equal(values, want.values) || !slices.Equal(lines, want.lines) {
			t.Errorf("%.60q: %.200q on %v, want %.200q on %v", text, values, lines, want.values, want.lines)
		}
	}
}

// Every byte except space is in exactly one value, in order, and a complete object
// is read as one value whatever precedes it.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{
		`{"message_id":"m1","contact":"ann"}`,
		"{\n  \"messageIds\": [\n    {\n      \"messageSid\": \"m1\"\n    }\n  ]\n}",
		`{"message":"Accepted","messageId":"sms-a1234567"}{}`, "[\n", `{"a`, "\ufeff{}", `"\`, "{\x00}", "{]", "}{", "[{},{\"a\":[1]}]", "[\"a\",", "[{\"a\":1,{", "[}},",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, before []byte) {
		const object = `{"message_id":"m","contact":"{ann"}`
		text := slices.Concat(before, []byte("\n"+object+"\n"))
		s := New(bytes.NewReader(text), maxRecord)
		var all []byte
		last := ""
		at := int64(1)
		for {
			value, line, err := s.Next()
			if err == io.EOF {
				break
			}
			if err != nil || unspaced(value) == "" || line < at {
				t.Fatalf("value %q on line %d after %d, error %v", value, line, at, err)
			}
			all, last, at = append(all, value...), strings.TrimRight(string(value), "\n"), line
		}
		if last != object || int(at) != bytes.Count(before, []byte("\n"))+2 {
			t.Errorf("the object after %q was read as %q on line %d", before, last, at)
		}
		got, want := unspaced(all), unspaced(bytes.TrimPrefix(text, []byte("\ufeff")))
		if strings.HasPrefix(want, "[") { // the brackets and commas of an array are of no value
			between := strings.NewReplacer("[", "", "]", "", ",", "")
			got, want = between.Replace(got), between.Replace(want)
		}
		if got != want {
			t.Errorf("%q was read as %q", want, got)
		}
		if json.Valid(before) && len(before) > 0 && bytes.TrimSpace(before)[0] == '{' && !bytes.Contains(before, []byte("\n")) {
			if values, _ := read(t, string(before)); len(values) != 1 {
				t.Errorf("one object was read as %q", values)
			}
		}
	})
}

func unspaced(b []byte) string {
	return string(slices.DeleteFunc(slices.Clone(b), isSpace))
}

func TestTheArrayInAnObjectIsUnwrapped(t *testing.T) {
	for text, want := range map[string][]string{
		`{"items":[{"a":1},{"a":[2]}],"paging":{"next":"]}"}}`:                      {`{"a":1}`, `{"a":[2]}`},
		"{\"items\": [{\"a\":1}], \"n\": 1}\n{\"items\": [\n{\"a\":2}]}\n{\"a\":3}": {`{"a":1}`, `{"a":2}`, `{"a":3}`},
		`{"items": [], "paging": {}}{"a":1}`:                                        {`{"a":1}`},
		`{"a":"x","items":[{"b":1}]}`:                                               {`{"a":"x","items":[{"b":1}]}`},
		`[{"a":[{"b":1}]}]`:                                                         {`{"a":[{"b":1}]}`},
	} {
		s := NewUnwrapping(strings.NewReader(text), maxRecord)
		var got []string
		for value, _, err := s.Next(); err == nil; value, _, err = s.Next() {
			got = append(got, strings.TrimSpace(string(value)))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is split into %q, want %q", text, got, want)
		}
	}
}
