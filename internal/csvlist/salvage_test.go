package csvlist

import (
	"strings"
	"testing"
)

// certainCells reads the records of a list: the texts of the certain cells, "?" for a cell
// whose text is not known, and "!" at the end of a record with an error.
func certainCells(t *testing.T, text string) (records []string) {
	t.Helper()
	l, err := Open(strings.NewReader(text), 0)
	if err != nil {
		t.Fatal(err)
	}
	l.MinColumns = 2
	for r, err := l.Next(); err == nil; r, err = l.Next() {
		var cells []string
		for i := range r.Certain {
			cell := "?"
			if l.CellErr(&r, i) == nil {
				cell = CellText(l.Fields[i])
			}
			cells = append(cells, cell)
		}
		if r.Err != nil {
			cells = append(cells, "!")
		}
		records = append(records, strings.Join(cells, "|"))
	}
	return records
}

func TestWhatIsWrongBesideACellDoesNotAffectIt(t *testing.T) {
	for line, want := range map[string]string{
		"ann,opted_out,":                    "ann|opted_out|",
		"ann,opted_out":                     "ann|opted_out",
		"ann,opted_out,\xfdnci":             "ann|opted_out|?|!",
		"ann,opted_out,a\x00b":              "ann|opted_out|?|!",
		"\xfdnci,opted_out,x":               "?|opted_out|x|!",
		"ann,opted_out,\"x\ny\xfd\"":        "ann|opted_out|?|!",
		`ann,opted_out,5" tall`:             "ann|opted_out|?|!",
		`ann,opted_out,"he said "no"`:       "ann|opted_out|?|!",
		`ann,opted_out,"no, "never", and"`:  "ann|opted_out|?|!",
		`ann,opted_out,"not closed`:         "ann|opted_out|?|!",
		`ann,5" tall,opted_out`:             "ann|?|opted_out|!",
		`ann,"Doe, J,opted_out`:             "ann|?|opted_out|!",
		`"Doe, "J" D,opted_out,x`:           "?|opted_out|x|!",
		`x"y,"a, b",c`:                      "?|a, b|c|!",
		`x"y,"a"b,c`:                        "?|!" + "", // two fields are broken
		"ann,opted_out,,,":                  "ann|opted_out|",
		`ann,opted_out,x,"",`:               "ann|opted_out|x",
		"ann,opted_out,Doe, J":              "ann|!",
		"ann":                               "ann|!",
		`"ann,opted_out,x`:                  "?|opted_out|x|!",
		`ann",opted_out,x`:                  "?|opted_out|x|!",
		`a"` + strings.Repeat(`,x"x`, 300):  "!",
		`a"` + strings.Repeat("x", 70_000):  "!",
		`ann,"x` + strings.Repeat(",", 300): "ann|!",
	} {
		if want == "?|!" {
			want = "!"
		}
		got := certainCells(t, "contact,reason,note\n"+line+"\nbob,opted_out,x\n")
		if len(got) != 2 || got[0] != want || got[1] != "bob|opted_out|x" {
			t.Errorf("%.60q is read as %q, want %q", line, got, want)
		}
	}
}

// A cell that is certain is the one that a strict reader finds in a line without the
// broken quote.
func FuzzSalvage(f *testing.F) {
	for _, seed := range []string{"x", `"`, `x"y`, `"a" b`, "\xfd", "a,b", "\"a\nb\"", ",,", "\x00"} {
		f.Add(seed, 0)
		f.Add(seed, 1)
		f.Add(seed, 2)
	}
	f.Fuzz(func(t *testing.T, broken string, at int) {
		if at < 0 || at > 2 || strings.ContainsAny(broken, "\r\n") {
			return
		}
		cells := []string{"ann", "opted_out", "here"}
		cells[at] = broken
		l, err := Open(strings.NewReader("contact,reason,note\n"+strings.Join(cells, ",")+"\n"), ',')
		if err != nil {
			t.Fatal(err)
		}
		r, err := l.Next()
		if err != nil {
			return // a blank line
		}
		for i := range min(r.Certain, 3) {
			if i != at && l.CellErr(&r, i) == nil && !strings.Contains(broken, ",") && CellText(l.Fields[i]) != cells[i] {
				t.Errorf("cell %d of %q is read as %q", i, r.Raw, l.Fields[i])
			}
			if len(l.Fields) <= i && r.Err != nil {
				t.Errorf("%d fields of %q, %d certain", len(l.Fields), r.Raw, r.Certain)
			}
		}
	})
}
