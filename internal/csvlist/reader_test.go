package csvlist

import (
	"encoding/csv"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readList reads all records of a list: their bytes, keys and errors.
func readList(text string, column string) (raw, keys []string, errs []error, err error) {
	decoded, err := DecodeText(iotest.HalfReader(strings.NewReader(text)), "")
	if err != nil {
		return nil, nil, nil, err
	}
	l, err := Open(decoded, 0)
	key := -1
	if err == nil {
		key = slices.IndexFunc(l.Fields, func(f []byte) bool { return strings.EqualFold(CellText(f), column) })
	}
	for err == nil {
		var r Record
		if r, err = l.Next(); err == nil {
			text := ""
			if r.Err == nil {
				text = CellText(l.Fields[key])
			}
			raw, keys, errs = append(raw, string(r.Raw)), append(keys, text), append(errs, r.Err)
		}
	}
	if err == io.EOF {
		err = nil
	}
	return raw, keys, errs, err
}

func TestAListIsReadAsItWasWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	pieces := []string{"a", "é", " ", `"`, ",", ";", "\n", "+90", "'"}
	for range 300 {
		var b strings.Builder
		w := csv.NewWriter(&b)
		w.Comma, w.UseCRLF = []rune(",;\t")[r.IntN(3)], r.IntN(2) == 0
		w.Write([]string{"key", "other", "third"})
		var want []string
		for range 20 {
			cells := make([]string, 3)
			for i := range cells {
				for range r.IntN(4) {
					cells[i] += pieces[r.IntN(len(pieces))]
				}
			}
			w.Write(cells)
			want = append(want, cells[0])
		}
		w.Flush()
		raw, keys, errs, err := readList(b.String(), "key")
		for i := range keys {
			if w.UseCRLF { // the writer converts line ends within cells too
				keys[i] = strings.ReplaceAll(keys[i], "\r\n", "\n")
			}
			want[i] = strings.TrimSpace(want[i])
			if len(want[i]) > 1 && want[i][0] == '\'' && strings.ContainsRune("+\n", rune(want[i][1])) { // escaped so that it is not run as a formula
				want[i] = strings.TrimSpace(want[i][1:])
			}
		}
		if err != nil || errors.Join(errs...) != nil || !slices.Equal(keys, want) {
			t.Fatalf("%q\n%q, %v, %v; want\n%q", b.String(), keys, errors.Join(errs...), err, want)
		}
		if !strings.HasSuffix(b.String(), strings.Join(raw, "")) {
			t.Fatalf("%q was not kept as written: %q", b.String(), raw)
		}
	}
}

func TestNoByteOfAListIsLost(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	pieces := []string{"a", "\x00", "\xff", `"`, `""`, ",", "\n", "\r\n", "\r", "x\n", ",y\n"}
	for range 200 {
		text := ""
		for range r.IntN(30) {
			text += pieces[r.IntN(len(pieces))]
		}
		text = strings.TrimLeft(strings.ReplaceAll(text, "\n\n", "\n"), "\r\n")
		raw, _, _, err := readList("key,b\n"+text, "key")
		got := strings.Join(raw, "")
		if whole := strings.NewReplacer("\r", "", "\n", ""); err != nil || whole.Replace(got) != whole.Replace(text) {
			t.Fatalf("%q was read as %q, %v", text, got, err)
		}
	}
}

func TestAnUnclosedQuoteBreaksOneLineOnly(t *testing.T) {
	text := "key,name\n\"ann,x\n" + strings.Repeat("bob,y\n", 400_000) // the quote is never closed, in 2 MiB
	_, keys, errs, err := readList(text, "key")
	if err != nil || len(keys) != 400_001 || errs[0] != errUnclosed || errors.Join(errs[1:]...) != nil || keys[400_000] != "bob" {
		t.Errorf("%d lines, %v, %v", len(keys), errs[0], err)
	}
}

func TestAListMayComeFromAnyProgram(t *testing.T) {
	for _, text := range []string{"Phone\rann\rbob", "x;phone;y\r\n1;ann;2\r\n3;\"bob\";4\r\n", "\ufeffphone|a\nann|1\nbob|2\n", "\n \n\"PHONE\"\nann\n\nbob\n", "\r\n\r\nname;phone\r\nx;ann\r\ny;bob", "a,\" phone \"\n\"\",ann\n,bob",
		"phone;a\n=\"ann\";x\n\"=\"\"bob\"\"\";\"x\"\n"} {
		_, keys, errs, err := readList(text, "phone")
		if err != nil || errors.Join(errs...) != nil || !slices.Equal(keys, []string{"ann", "bob"}) {
			t.Errorf("%q: %q, %v, %v", text, keys, errors.Join(errs...), err)
		}
	}
}

func TestForeignFormatsAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"\x1f\x8b\x08\x00":         "compressed with gzip",
		"PK\x03\x04\x14\x00":       "Excel workbook",
		"\xd0\xcf\x11\xe0\xa1\xb1": "Excel workbook",
		"":                         "empty",
		"\n\n":                     "empty",
		"ph\"one\n":                "cannot read the header: a quote within a field",
		"phone\n" + strings.Repeat("5", MaxRecord+1):            "line 2 is longer than",
		"phone\nann\n" + strings.Repeat("5", 3*MaxRecord+1):     "line 3 is longer than",
		"phone\n\"" + strings.Repeat("5", 3*MaxRecord) + "\"\n": "line 2 is longer than",
	} {
		if _, _, _, err := readList(text, "phone"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v; want %q", text, err, want)
		}
	}
}
