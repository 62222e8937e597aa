package listfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"winnow/internal/csvlist"
)

// copied reads a list and writes its rows in two ways: as they are, and with a reason.
func copied(t *testing.T, text string, o Options) (plain, reasoned string) {
	t.Helper()
	r, err := Open(strings.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	first, second := bufio.NewWriter(&a), bufio.NewWriter(&b)
	w, more := r.NewWriter(first, "", csvlist.Disarmed), r.NewWriter(second, "reason", csvlist.Disarmed)
	w.Begin()
	more.Begin()
	for row, err := r.Next(); err == nil; row, err = r.Next() {
		if row.Broken {
			more.WriteUnreadable(row.Raw, "unreadable")
			continue
		}
		w.Write(row.Raw)
		more.WriteWith(row.Raw, `a "b"`)
	}
	w.End()
	more.End()
	first.Flush()
	second.Flush()
	return a.String(), b.String()
}

func TestRowsAreWrittenInTheFormatOfTheirList(t *testing.T) {
	isRow := func(cell string) bool { return strings.HasPrefix(cell, "+") }
	for _, c := range []struct {
		text, plain, reasoned string
		o                     Options
	}{
		{"sep=;\nkey;n\nann;\"x\"\nbob\n", "sep=;\nkey;n\nann;\"x\"\n", "sep=;\nkey;n;reason\nann;\"x\";\"a \"\"b\"\"\"\n\"bob\";;unreadable\n", Options{}},
		{"+901\r\n+902", "+901\r\n+902", "+901,\"a \"\"b\"\"\"\r\n+902,\"a \"\"b\"\"\"\r\n", Options{IsRow: isRow}},
		{`{"key":"ann"} {"key":"bob","reason":1}` + "\n{\"key\":", "{\"key\":\"ann\"}\n{\"key\":\"bob\",\"reason\":1}\n",
			`{"key":"ann","reason":"a \"b\""}` + "\n" + `{"key":"bob","reason":1,"scrub_reason":"a \"b\""}` + "\n" + `{"unreadable":"{\"key\":","reason":"unreadable"}` + "\n", Options{}},
		{"[ {\"key\": \"ann\"\n},{} ]", "[\n{\"key\": \"ann\"\n},\n{}\n]\n", "[\n{\"key\": \"ann\",\"reason\":\"a \\\"b\\\"\"},\n{\"reason\":\"a \\\"b\\\"\"}\n]\n", Options{}},
		{`{"items":[{"key":"ann"}],"n":1}`, "[\n{\"key\":\"ann\"}\n]\n", "[\n{\"key\":\"ann\",\"reason\":\"a \\\"b\\\"\"}\n]\n", Options{}},
		{`["ann",7]`, "[\n\"ann\",\n7\n]\n", "[\n{\"value\":\"ann\",\"reason\":\"a \\\"b\\\"\"},\n{\"value\":7,\"reason\":\"a \\\"b\\\"\"}\n]\n", Options{}},
	} {
		plain, reasoned := copied(t, c.text, c.o)
		if plain != c.plain || reasoned != c.reasoned {
			t.Errorf("%q is written as\n%q\n%q, want\n%q\n%q", c.text, plain, reasoned, c.plain, c.reasoned)
		}
		if strings.HasPrefix(c.text, "[") && (!json.Valid([]byte(plain)) || !json.Valid([]byte(reasoned))) {
			t.Errorf("%q is written as what is not JSON:\n%s\n%s", c.text, plain, reasoned)
		}
	}
}

// What is written of a JSON list can be read, and has as many rows.
func FuzzWriter(f *testing.F) {
	for _, seed := range []string{`[{"a":1},{"b":"x"}]`, `{"a":1}{"b":2}`, `["x",1]`, `{"items":[{"a":1}]}`, "[{\n}\n]", `{"a":"x"y"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !IsJSON([]byte(text)) {
			return
		}
		r, err := Open(strings.NewReader(text), Options{})
		if err != nil {
			return
		}
		rows, err := 0, error(nil)
		for err == nil {
			if _, err = r.Next(); err == nil {
				rows++
			}
		}
		_, reasoned := copied(t, text, Options{})
		d, n := json.NewDecoder(strings.NewReader(reasoned)), 0
		if strings.HasPrefix(reasoned, "[") {
			var all []map[string]any
			if err := d.Decode(&all); err != nil {
				t.Fatalf("%q is written as %q: %v", text, reasoned, err)
			}
			n = len(all)
		} else {
			for ; d.More(); n++ {
				var one map[string]any
				if err := d.Decode(&one); err != nil {
					t.Fatalf("%q is written as %q: %v", text, reasoned, err)
				}
			}
		}
		if n != rows {
			t.Errorf("%d rows of %q are written as %d: %q", rows, text, n, reasoned)
		}
	})
}
