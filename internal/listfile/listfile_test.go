package listfile

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/charmap"
)

// table reads a list: the names of the columns, and each row with its line. A cell is its
// text, ? with an error, or - when the row says nothing of it; # precedes a JSON number.
func table(t *testing.T, text string, o Options) (string, error) {
	t.Helper()
	r, err := Open(iotest.HalfReader(strings.NewReader(text)), o)
	if err != nil {
		return "", err
	}
	var rows []string
	for {
		row, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
		var cells []string
		for i := range r.Names() {
			switch c := row.Cell(i); {
			case c.Err != nil:
				cells = append(cells, "?")
			case c.Absent:
				cells = append(cells, "-")
			case c.Number:
				cells = append(cells, "#"+c.Text)
			default:
				cells = append(cells, c.Text)
			}
		}
		if row.Err != nil {
			cells = append(cells, "!")
		}
		rows = append(rows, fmt.Sprintf("%d:%s", row.Line, strings.Join(cells, ",")))
	}
	return strings.Join(r.Names(), ",") + " " + strings.Join(rows, " "), nil
}

func TestAListIsReadInAnyFormat(t *testing.T) {
	isRow := func(cell string) bool { return strings.HasPrefix(cell, "+") }
	latin, err := charmap.Windows1254.NewEncoder().String("contact,ad\nann,İnci\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, want string
		o          Options
	}{
		{"contact,reason\nann,x\n\nbob,\n", "contact,reason 2:ann,x 4:bob,", Options{}},
		{"sep=;\ncontact;reason\nann;x,y\n\x1a", "contact,reason 3:ann,x,y", Options{}},
		{latin, "contact,ad 2:ann,?,!", Options{}},
		{latin, "contact,ad 2:ann,İnci", Options{Encoding: "windows-1254"}},
		{"+901\n+902\n", " 1:+901 2:+902", Options{IsRow: isRow}},
		{"\ufeff+901\r\n", " 1:+901", Options{IsRow: isRow}},
		{"+901,+902\n+903,+904\n", "+901,+902 2:+903,+904", Options{IsRow: isRow}},
		{"phone\n+902\n", "phone 2:+902", Options{IsRow: isRow}},
		{"+901\n+902,x\n", "a 1:+901 2:+902,!", Options{Columns: []string{"a"}}},
		{"+901\n+902,x\n", "a,b 1:+901,- 2:+902,x", Options{Columns: []string{"a", "b"}}},
		{`{"contact":"ann","reason":"x"}` + "\n" + `{"reason":"y","contact":"bob","at":7}`, "contact,reason,at 1:ann,x 2:bob,y,#7", Options{}},
		{"\ufeff[{\"contact\": \"ann\"},\n{\"Contact\": \" bob \", \"n\": null}]\n\x1a", "contact,n 1:ann 2:bob,", Options{}},
		{`[{"contact":"ann","reasons":["a","b"],"x":{"y":1},"z":true}]`, `contact,reasons,x,z 1:ann,a|b,{"y":1},true`, Options{}},
		{"{\"items\": [\n  {\"contact\": \"ann\"},\n  {\"contact\": \"bob\"}\n], \"paging\": {}}", "contact 2:ann 3:bob", Options{}},
		{`["ann", "bob", 42, {"a":1}, true]`, " 1:ann 1:bob 1:#42 1:?,! 1:?,!", Options{}},
		{`[]`, "", Options{}},
		{"{\"contact\":\"ann\",\"contact\":\"bob\"}\n{\"contact\":\"carl\"}", "contact 1:?,! 2:carl", Options{}},
		{"{\"contact\":\"ann\",\"x\":\"\xfd\"}", "contact,x 1:ann,?,!", Options{}},
		{"{\"contact\":\"a\\u0000\"}", "contact 1:?,!", Options{}},
		{"{\"contact\":\"ann\",\"name\":\"O\"Neil\",\"reason\":\"x\"}\n{\"contact\":\"bob\",\"name\":\"x\",\"reason\":\"y\"}", "contact,reason,name 1:ann,x,?,! 2:bob,y,x", Options{}},
		{"{contact: ann}\n{\"contact\":\"bob\"}", "contact 1:?,! 2:bob", Options{}},
	} {
		got, err := table(t, c.text, c.o)
		if c.want == "" && err != nil {
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%q\nis read as %q, %v, want\n           %q", c.text, got, err, c.want)
		}
	}
}

func TestAListThatCannotBeReadSaysWhy(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "the file is empty",
		"[ ]":                  "the list is empty",
		"{contact: ann}\n":     "line 1: a member of the JSON object can't be read",
		"a,a\n1,2\n":           `the header has "a" twice; rename one`,
		"\x1f\x8b\x08\x00":     "compressed with gzip",
		"a\nb\n":               `no column "contact" in the header ["a"]; choose one of these with --key`,
		"ad\xfd\n1\n":          `--key; the header is not UTF-8, so set --encoding`,
		`{"a":1}`:              `no member "contact" in the first object, which has ["a"]; choose one of these with --key`,
		"contact,Contact\n1,2": `the header has "contact" twice; rename one`,
	} {
		r, err := Open(strings.NewReader(text), Options{})
		if err == nil {
			_, err = r.Find("contact", "--key")
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	var b strings.Builder
	for i := range maxColumns + 1 {
		fmt.Fprintf(&b, "{\"c%d\":1}\n", i)
	}
	if _, err := table(t, b.String(), Options{}); err != errTooManyColumns {
		t.Errorf("with %d columns: %v", maxColumns+1, err)
	}
}

// No bytes make the reader fail other than by an error, and lines only count up.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"contact,reason\nann,x\n", "sep=;\na;b\n\"1\";2\n\x1a", `{"contact":"ann"}`, `[{"a":1},["b"],2]`, `{"items":[{"a":"x"y"}]}`, "\xff\xfea\x00\n\x00b\x00", "a\rb\r", "=\"01\",\"x\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Open(strings.NewReader(string(text)), Options{IsRow: func(cell string) bool { return strings.HasPrefix(cell, "+") }})
		if err != nil {
			return
		}
		line := int64(0)
		for {
			row, err := r.Next()
			if err != nil {
				return
			}
			if row.Line < line {
				t.Fatalf("line %d after %d of %q", row.Line, line, text)
			}
			line = row.Line
			for i := range r.Names() {
				if c := row.Cell(i); c.Err != nil && c.Text != "" || c.Absent && c.Text != "" {
					t.Fatalf("cell %d of line %d of %q is %+v", i, line, text, c)
				}
			}
		}
	})
}
