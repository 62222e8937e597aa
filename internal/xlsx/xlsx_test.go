package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// written is a workbook of these rows of text, with so many rows on a sheet.
func written(t *testing.T, most int, header []string, rows ...[]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, Options{Sheet: "reachable", Header: header})
	if err != nil {
		t.Fatal(err)
	}
	w.most = most
	for _, row := range rows {
		for _, text := range row {
			if text == "" {
				w.Blank()
			} else {
				w.Text(text)
			}
		}
		if err := w.EndRow(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func partOf(t *testing.T, book []byte, name string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		return ""
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rowsOf are the rows of a sheet, each with its number, as encoding/xml reads them.
func rowsOf(t *testing.T, book []byte, sheet int) (rows []string) {
	t.Helper()
	var parsed struct {
		Pane struct {
			State string `xml:"state,attr"`
			Top   string `xml:"topLeftCell,attr"`
		} `xml:"sheetViews>sheetView>pane"`
		Rows []struct {
			Number string `xml:"r,attr"`
			Cells  []struct {
				At   string `xml:"r,attr"`
				Type string `xml:"t,attr"`
				Text string `xml:"is>t"`
				V    string `xml:"v"`
			} `xml:"c"`
		} `xml:"sheetData>row"`
	}
	text := partOf(t, book, sheetPart(sheet))
	if text == "" {
		return nil
	}
	if err := xml.Unmarshal([]byte(text), &parsed); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if parsed.Pane.State != "frozen" || parsed.Pane.Top != "A2" {
		t.Errorf("the header of sheet %d is not frozen: %+v", sheet, parsed.Pane)
	}
	for _, row := range parsed.Rows {
		line := row.Number + ":"
		for _, c := range row.Cells {
			line += " " + c.At + "=" + unescaped(c.Text) + c.V
		}
		rows = append(rows, line)
	}
	return rows
}

func TestRowsGoToFurtherSheets(t *testing.T) {
	header := []string{"contact", "phone", "note"}
	book := written(t, 3, header, []string{"0012", "+905551234567"}, []string{"b", "", "x"}, []string{"", "", "c"}, []string{"d"}, nil)
	for sheet, want := range map[int][]string{
		1: {"1: A1=contact B1=phone C1=note", "2: A2=0012 B2=+905551234567", "3: A3=b C3=x"},
		2: {"1: A1=contact B1=phone C1=note", "2: C2=c", "3: A3=d"},
		3: {"1: A1=contact B1=phone C1=note", "2:"},
		4: nil,
	} {
		if got := rowsOf(t, book, sheet); !slices.Equal(got, want) {
			t.Errorf("sheet %d has %q, want %q", sheet, got, want)
		}
	}
	for _, name := range []string{`name="reachable" sheetId="1"`, `name="reachable 2" sheetId="2"`, `name="reachable 3" sheetId="3"`} {
		if !strings.Contains(partOf(t, book, "xl/workbook.xml"), name) {
			t.Errorf("the workbook has no sheet with %s", name)
		}
	}
}

func TestColumnsBehindTheTwentySixthHaveTwoLetters(t *testing.T) {
	letters := lettersOf(MaxColumns)
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA", MaxColumns - 1: "XFD"} {
		if string(letters[i]) != want {
			t.Errorf("column %d is %s, want %s", i, letters[i], want)
		}
	}
}

func TestACopyHasAllRowsButThoseThatAreLeftOut(t *testing.T) {
	header := []string{"contact", "note"}
	rows := [][]string{{"a&b", "1 < 2"}, {"", "gone"}, {"c", "_x0041_ gone\r"}, {"d", ""}, {"e", " spaced "}, {"f", "gone"}}
	from := written(t, 3, header, rows...)
	var copied bytes.Buffer
	asked := 0
	n, err := Copy(&copied, bytes.NewReader(from), int64(len(from)), Options{Sheet: "reachable", Header: header}, Filter{
		May: func(row []byte) bool { return bytes.Contains(row, []byte("gone")) },
		Drop: func(cells []string) bool {
			asked++
			return len(cells) == 2 && (cells[0] == "" && cells[1] == "gone" || cells[1] == "_x0041_ gone\r")
		},
	})
	if err != nil || n != 4 || asked != 3 {
		t.Fatalf("%d rows, %d looked at, %v", n, asked, err)
	}
	want := written(t, MaxRows, header, rows[0], rows[3], rows[4], rows[5])
	if !bytes.Equal(copied.Bytes(), want) {
		t.Errorf("the copy has %q, want %q", rowsOf(t, copied.Bytes(), 1), rowsOf(t, want, 1))
	}
	for size := 0; size < len(from); size += 97 {
		if _, err := Copy(io.Discard, bytes.NewReader(from[:size]), int64(size), Options{Header: header}, Filter{}); err == nil {
			t.Fatalf("a workbook cut off after %d bytes was copied", size)
		}
	}
}

// What XML can't hold, and what would be read as something else, comes back as it was.
func TestEveryTextComesBack(t *testing.T) {
	header := []string{"text"}
	for _, text := range []string{"=1+1", "+905551234567", "007", "\x00\x01\x1f", "a\r\nb", "_x000D_", "_x00", "_xZZZZ_", "__x0041_", "&lt;<>&\"'", "\ufffe\uffff", "👩‍👧 İğne", "</row>", `<c r="A1"`, "]]>"} {
		book := written(t, MaxRows, header, []string{text})
		_, row, _ := strings.Cut(partOf(t, book, sheetPart(1)), rowClose)
		row, _, _ = strings.Cut(row, "</sheetData>")
		if cells, err := cellsOf([]byte(row)); err != nil || !slices.Equal(cells, []string{text}) {
			t.Errorf("%q comes back as %q, %v", text, cells, err)
		}
	}
}

func TestATextOverTheLimitIsCutOffBetweenCharacters(t *testing.T) {
	for _, c := range []struct {
		letter string
		units  int
	}{{"a", 1}, {"ü", 1}, {"👩", 2}} {
		got := string(appendText(nil, strings.Repeat(c.letter, MaxText)))
		if got != strings.Repeat(c.letter, MaxText/c.units) {
			t.Errorf("of %s %d bytes are left", c.letter, len(got))
		}
	}
}

func TestTimesAreDaysAsTheirClockShowsThem(t *testing.T) {
	istanbul := time.FixedZone("", 3*60*60)
	for _, c := range []struct {
		at   time.Time
		form TimeForm
		want string
	}{
		{time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Seconds, "46349"},
		{time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC), Seconds, "46349.75"},
		{time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC), Date, "46349"},
		{time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC).In(istanbul), Date, "46349"},
		{time.Date(2026, 11, 23, 1, 2, 3, 250_000_000, time.UTC), Millis, "46349.0430931713"},
		{time.Date(1969, 12, 31, 6, 0, 0, 0, time.UTC), Seconds, "25568.25"},
		{time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), Date, "2958465"},
	} {
		var b bytes.Buffer
		w, err := NewWriter(&b, Options{Header: []string{"at"}})
		if err != nil {
			t.Fatal(err)
		}
		w.Time(c.at, c.form)
		if err := w.EndRow(); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := rowsOf(t, b.Bytes(), 1)[1]; got != "2: A2="+c.want || !HasTime(c.at) {
			t.Errorf("%s is %s, want %s", c.at, got, c.want)
		}
	}
	for _, at := range []time.Time{time.Date(1900, 2, 28, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 0, 0, 0, time.UTC).In(time.FixedZone("", 2*60*60)), {}} {
		if HasTime(at) {
			t.Errorf("a workbook can hold %s", at)
		}
	}
}

func TestAWorkbookSaysNothingOfWhenItWasMade(t *testing.T) {
	book := written(t, MaxRows, []string{"a"}, []string{"b"})
	z, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if !f.Modified.Equal(epoch) {
			t.Errorf("%s is of %s", f.Name, f.Modified)
		}
	}
	if again := written(t, MaxRows, []string{"a"}, []string{"b"}); !bytes.Equal(book, again) {
		t.Error("the same rows give other bytes")
	}
}

func TestSheetsHaveNamesThatSpreadsheetsTake(t *testing.T) {
	long := strings.Repeat("x", 63)
	for name, want := range map[string]string{"reachable": "reachable", "History": "History_", "a/b[c]:*?\\'<&>": "a_b_c_________", long: long[:31]} {
		if got := sheetName(name, 1); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
	if got := sheetName(long, 12); got != long[:28]+" 12" {
		t.Errorf("the twelfth sheet is %q", got)
	}
}

// failing takes so many bytes.
type failing struct{ room int }

func (f *failing) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, fmt.Errorf("no room")
	}
	return len(b), nil
}

func TestAnErrorOfTheWriterIsReported(t *testing.T) {
	whole := len(written(t, 3, []string{"a"}, []string{"b"}, []string{"c"}, []string{"d"}))
	for room := 0; room < whole; room += 131 {
		w, err := NewWriter(&failing{room}, Options{Sheet: "reachable", Header: []string{"a"}})
		if err == nil {
			w.most = 3
			for _, text := range []string{"b", "c", "d"} {
				w.Text(text)
				if err == nil {
					err = w.EndRow()
				}
			}
			if err == nil {
				err = w.Close()
			}
		}
		if err == nil {
			t.Fatalf("a workbook of %d bytes has room in %d", whole, room)
		}
	}
}
