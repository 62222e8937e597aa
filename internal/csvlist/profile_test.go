package csvlist

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCellsThatWouldRunAsFormulasAreDisarmed(t *testing.T) {
	for _, c := range []struct{ cell, disarmed, exact, spreadsheet string }{
		{"spring", "spring", "spring", "spring"},
		{`=HYPERLINK("http://x")`, `"'=HYPERLINK(""http://x"")"`, `"=HYPERLINK(""http://x"")"`, `"'=HYPERLINK(""http://x"")"`},
		{"@SUM(A1)", `"'@SUM(A1)"`, "@SUM(A1)", `"'@SUM(A1)"`},
		{"\t=1", "\"'\t=1\"", "\t=1", "\"'\t=1\""},
		{"＝1+1", `"'＝1+1"`, "＝1+1", `"'＝1+1"`},
		{"-2+3+cmd|' /C calc'!A0", `"'-2+3+cmd|' /C calc'!A0"`, "-2+3+cmd|' /C calc'!A0", `"'-2+3+cmd|' /C calc'!A0"`},
		{"+905551112233", "+905551112233", "+905551112233", `"'+905551112233"`},
		{"+90 (555) 111-22.33", "+90 (555) 111-22.33", "+90 (555) 111-22.33", `"'+90 (555) 111-22.33"`},
		{"-12", "-12", "-12", `"'-12"`},
		{"-", `"'-"`, "-", `"'-"`},
		{"a;=1+1", `"a;=1+1"`, "a;=1+1", `"a;=1+1"`},
		{"a;b", "a;b", "a;b", `"a;b"`},
		{"a,b", `"a,b"`, `"a,b"`, `"a,b"`},
		{"suppressed:a|b", "suppressed:a|b", "suppressed:a|b", "suppressed:a|b"},
		{"", "", "", ""},
	} {
		for p, want := range map[Profile]string{Disarmed: c.disarmed, Exact: c.exact, Spreadsheet: c.spreadsheet} {
			if got := string(p.AppendRow(nil, []string{c.cell, "x"})); got != want+",x\n" {
				t.Errorf("%q as %d is %q, want %q", c.cell, p, got, want)
			}
		}
	}
}

// What an import of winnow reads of a disarmed cell is the cell, and it is in no program
// more than one.
func FuzzDisarmedCells(f *testing.F) {
	for _, cell := range []string{"=1", "+90", "a;=1", "'", "'=", "\r", "\x00", "＋1", "a\"b"} {
		f.Add(cell)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		if !utf8.ValidString(cell) {
			return
		}
		for _, p := range []Profile{Disarmed, Exact, Spreadsheet} {
			row := p.AppendRow(nil, []string{cell, "x"})
			fields, err := csv.NewReader(bytes.NewReader(row)).Read()
			if err != nil || len(fields) != 2 || fields[1] != "x" {
				t.Fatalf("%q as %d is %q, read as %q, %v", cell, p, row, fields, err)
			}
			want := strings.ReplaceAll(cell, "\r\n", "\n") // as package csv reads them
			if got := fields[0]; got != want && got != "'"+want {
				t.Errorf("%q as %d reads %q", cell, p, got)
			}
			if first, _ := utf8.DecodeRuneInString(fields[0]); p == Spreadsheet && fields[0] != "" && strings.ContainsRune(formulaStarts, first) {
				t.Errorf("%q begins a formula: %q", cell, row)
			}
		}
	})
}

// rowsAs reads a list and writes all its rows with one more cell.
func rowsAs(t *testing.T, list string, p Profile) string {
	t.Helper()
	l, err := Open(strings.NewReader(list), 0)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, rows := bufio.NewWriter(&b), NewRowWriter(l, p)
	rows.WriteHeader(w, "reason")
	for r, err := l.Next(); err == nil; r, err = l.Next() {
		if r.Err != nil {
			rows.WriteUnreadable(w, r.Raw, "unreadable")
			continue
		}
		rows.WriteWithCell(w, r.Raw, "duplicate")
	}
	w.Flush()
	return b.String()
}

func TestRowsAreWrittenAsTheyWereButForFormulas(t *testing.T) {
	const list = "phone;name;note\r\n" + "+905551112233;\"Ann \"\"A\"\"\";x\r\n" + "+90 555;=cmd|'/C calc'!A0;\"@x\"\r\n" + "=broken\r\n" + "1;a,=2;3"
	for p, want := range map[Profile]string{
		Exact: "phone;name;note;reason\r\n" + "+905551112233;\"Ann \"\"A\"\"\";x;duplicate\r\n" + "+90 555;=cmd|'/C calc'!A0;\"@x\";duplicate\r\n" +
			"\"=broken\";;;unreadable\r\n" + "1;a,=2;3;duplicate\r\n",
		Disarmed: "phone;name;note;reason\r\n" + "+905551112233;\"Ann \"\"A\"\"\";x;duplicate\r\n" + "+90 555;\"'=cmd|'/C calc'!A0\";\"'@x\";duplicate\r\n" +
			"\"'=broken\";;;unreadable\r\n" + "1;\"a,=2\";3;duplicate\r\n",
		Spreadsheet: ByteOrderMark + "phone;name;note;reason\r\n" + "\"'+905551112233\";\"Ann \"\"A\"\"\";x;duplicate\r\n" + "\"'+90 555\";\"'=cmd|'/C calc'!A0\";\"'@x\";duplicate\r\n" +
			"\"'=broken\";;;unreadable\r\n" + "1;\"a,=2\";3;duplicate\r\n",
	} {
		if got := rowsAs(t, list, p); got != want {
			t.Errorf("as %d:\n%q\nwant\n%q", p, got, want)
		}
	}
}
