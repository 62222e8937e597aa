package segments_test

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/xlsx"
	"winnow/segments"
)

// The formats of tables are compared with the NDJSON of the same run, which other
// tests compare with the contacts.

// tableColumns are columns of every kind.
var tableColumns = strings.Fields("contact phone status reasons suppressed_since message_id unique_args attempt due_at tags last_seen last_soft_bounce_at soft_bounce_count attributes.note")

var timeColumns = []string{"suppressed_since", "due_at", "last_seen", "last_soft_bounce_at"}

// tablePeople are contacts with every kind of cell.
func tablePeople() roster {
	busy := &hygiene.Contact{Key: "00123", Phone: "+905551234567", Attributes: hygiene.Attributes{{Name: "note", Value: hygiene.ParseValue("41.5")}},
		Retry: &hygiene.Retry{DueAt: noon - 3_600_000_001, LapsesAt: noon + 1, Attempt: 2, MessageID: "0042", UniqueArgs: []byte(`{"n": 12345678901234567890}`)},
		Tags:  []hygiene.Tag{{Name: "watch"}, {Name: "content-review"}}}
	for i := range 3 {
		busy.History.Add(&hygiene.Event{Seq: int64(i + 1), At: noon - hygiene.Instant((1+i)*7_654_321), Source: "s", MessageID: strconv.Itoa(i), Outcome: hygiene.SoftBounce})
	}
	people := roster{busy, {Key: "0x1e5", Phone: "+4915112345678", Suppressions: []hygiene.Suppression{{Reason: "opted_out", Since: hygiene.Moment{At: noon - 86_400_000_000}}, {Reason: "hard_bounce", Since: hygiene.Moment{At: noon - 1}}}}}
	for i, text := range []string{"12", "-0.25", "905551234567", "12345678901", "1e5", "123456789012345.5", "true", "false", "0007", "3.10"} {
		people = append(people, &hygiene.Contact{Key: "1e" + strconv.Itoa(i), Attributes: hygiene.Attributes{{Name: "note", Value: hygiene.ParseValue(text)}}})
	}
	return append(people, hardPeople()...)
}

func tablePlan(t *testing.T, times segments.TimeOptions, formats ...segments.Format) segments.Plan {
	t.Helper()
	var columns []segments.Column
	for _, name := range tableColumns {
		c, err := segments.ParseColumn(name)
		if err != nil {
			t.Fatal(err)
		}
		columns = append(columns, c)
	}
	p := plan(append(formats, segments.NDJSON), segments.Segment{Name: "table", Suppressed: segments.Include, Columns: columns}, segments.Segment{Name: "nobody", Where: hygiene.Any{}, Columns: columns})
	p.Export.Times = times
	return p
}

// ndjsonRows are the rows of a file, by column.
func ndjsonRows(t *testing.T, dir, name string) (rows []map[string]any) {
	t.Helper()
	for line := range strings.Lines(read(t, dir, name)) {
		var row map[string]any
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// asSheet is a value of JSON as a cell of a workbook that other software read: what kind
// it is, and its text.
func asSheet(t *testing.T, column string, v any, zone *time.Location) []string {
	t.Helper()
	switch v := v.(type) {
	case string:
		if !slices.Contains(timeColumns, column) {
			if cut := []rune(v); len(cut) > 32_767 {
				v = string(cut[:32_767])
			}
			return []string{"text", v}
		}
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return []string{"time", at.In(zone).Round(time.Millisecond).Format("2006-01-02 15:04:05.000")}
		}
		return []string{"time", v + " 00:00:00.000"}
	case bool:
		return []string{"bool", strconv.FormatBool(v)}
	case json.Number:
		text := v.String()
		number, err := v.Float64()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "e") || len(text) > 15 || math.Abs(number) >= 1e11 {
			return []string{"text", text}
		}
		return []string{"number", strconv.FormatFloat(number, 'f', -1, 64)}
	case []any:
		var names []string
		for _, name := range v {
			names = append(names, name.(string))
		}
		if len(names) > 0 {
			return []string{"text", strings.Join(names, "|")}
		}
	case map[string]any:
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return []string{"text", string(text)}
	}
	return nil
}

func wantSheet(t *testing.T, dir, name string, zone *time.Location) [][][]string {
	t.Helper()
	rows := [][][]string{nil}
	for _, c := range tableColumns {
		rows[0] = append(rows[0], []string{"text", c})
	}
	for _, object := range ndjsonRows(t, dir, name) {
		var row [][]string
		for _, c := range tableColumns {
			row = append(row, asSheet(t, c, object[c], zone))
		}
		rows = append(rows, row)
	}
	return rows
}

// pythonSheets reads workbooks with the standard library, or with openpyxl.
const pythonSheets = `
import datetime, json, re, sys
from decimal import Decimal

def unescaped(s):
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), s)

def number(v):
    return ["number", format(Decimal(repr(v)), "f").rstrip("0").rstrip(".") if "." in repr(v) else repr(v)]

def by_library(path):
    import openpyxl
    book = openpyxl.load_workbook(path)
    assert len(book.worksheets) == 1 and book.worksheets[0].freeze_panes == "A2", "the header is not frozen"
    rows = []
    for cells in book.worksheets[0].iter_rows():
        row = []
        for c in cells:
            v = c.value
            if v is None:
                row.append(None)
            elif isinstance(v, bool):
                row.append(["bool", str(v).lower()])
            elif isinstance(v, datetime.datetime):
                row.append(["time", v.isoformat(" ", "milliseconds")])
            elif isinstance(v, (int, float)):
                row.append(number(v))
            else:
                assert c.data_type in "s", c.data_type + " is not text: " + repr(v)
                row.append(["text", unescaped(v)])
        rows.append(row)
    return rows

def by_standard_library(path):
    import zipfile
    import xml.etree.ElementTree as tree
    ns = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    book = zipfile.ZipFile(path)
    assert book.testzip() is None
    assert all(i.date_time == (1980, 1, 1, 0, 0, 0) for i in book.infolist()), "a part has a time"
    styles = tree.fromstring(book.read("xl/styles.xml"))
    codes = {f.get("numFmtId"): f.get("formatCode") for f in styles.iter(ns + "numFmt")}
    formats = [x.get("numFmtId") for x in styles.find(ns + "cellXfs")]
    sheet = tree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    rows = []
    for i, r in enumerate(sheet.iter(ns + "row")):
        assert r.get("r") == str(i + 1)
        row = []
        for c in r:
            at = 0
            for letter in c.get("r").rstrip("0123456789"):
                at = at * 26 + ord(letter) - 64
            row += [None] * (at - 1 - len(row))
            v, kind, code = c.findtext(ns + "v"), c.get("t", "n"), codes.get(formats[int(c.get("s", "0"))])
            if kind == "inlineStr":
                assert formats[int(c.get("s"))] == "49", "a text is not formatted as one"
                row.append(["text", unescaped(c.find(ns + "is").findtext(ns + "t"))])
            elif kind == "b":
                row.append(["bool", "true" if v == "1" else "false"])
            elif code:
                at = datetime.datetime(1899, 12, 30) + datetime.timedelta(milliseconds=round(Decimal(v) * 86400000))
                row.append(["time", at.isoformat(" ", "milliseconds")])
            else:
                row.append(number(float(v) if "." in v else int(v)))
        rows.append(row)
    return rows

reader = by_library if sys.argv[1] == "openpyxl" else by_standard_library
found = {}
for path in sys.argv[2:]:
    rows = reader(path)
    width = len(rows[0])
    found[path] = [row[:width] + [None] * (width - len(row)) for row in rows]
print(json.dumps(found))
`

// python is a Python with that library, of the system or another one.
func python(t *testing.T, library string) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import "+library).Run() == nil {
			return name
		}
	}
	t.Skipf("there is no Python with %s here", library)
	return ""
}

func TestOtherSoftwareReadsEveryCellOfAWorkbook(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts other software")
	}
	istanbul := time.FixedZone("", 3*60*60)
	for _, library := range []string{"zipfile", "openpyxl"} {
		t.Run(library, func(t *testing.T) {
			program := python(t, library)
			args, want := []string{"-c", pythonSheets, library}, map[string][][][]string{}
			for _, times := range []segments.TimeOptions{{}, {Form: segments.FullTime}, {Form: segments.DateOnly, Zone: istanbul}, {Zone: istanbul}} {
				_, dir := execute(t, tablePlan(t, times, segments.XLSX), tablePeople())
				zone := times.Zone
				if zone == nil {
					zone = time.UTC
				}
				for _, name := range []string{"table", "nobody"} {
					path := filepath.Join(dir, name+".xlsx")
					args = append(args, path)
					want[path] = wantSheet(t, dir, name+".ndjson", zone)
				}
			}
			var found map[string][][][]string
			if err := json.Unmarshal([]byte(outside(t, "", program, args...)), &found); err != nil {
				t.Fatal(err)
			}
			for file := range want {
				same(t, file, found[file], want[file])
			}
		})
	}
}

// shownAs is how a spreadsheet shows what it takes for a number or truth value.
var shownAs = map[string]string{"true": "TRUE", "false": "FALSE", "3.10": "3.1", "-12.50": "-12.5"}

// What a spreadsheet writes as CSV is what the workbook's sister says: keys keep their
// zeros and phones their plus.
func TestASpreadsheetShowsAWorkbookAsItsCSV(t *testing.T) {
	office := os.Getenv("WINNOW_LIBREOFFICE")
	if office == "" {
		t.Skip("LibreOffice takes half a minute: WINNOW_LIBREOFFICE=soffice runs this")
	}
	_, dir := execute(t, tablePlan(t, segments.TimeOptions{}, segments.XLSX, segments.CSV), tablePeople())
	to := t.TempDir()
	convert := exec.Command(office, "-env:UserInstallation=file://"+filepath.Join(to, "profile"), "--headless", "--convert-to",
		"csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false", "--outdir", to, filepath.Join(dir, "table.xlsx"))
	if out, err := convert.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var rows [2][][]string
	for i, text := range []string{read(t, to, "table.csv"), read(t, dir, "table.csv")} {
		var err error
		if rows[i], err = csv.NewReader(strings.NewReader(text)).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range rows[1] {
		for i, column := range tableColumns {
			switch {
			case slices.Contains(timeColumns, column):
				row[i] = strings.TrimSuffix(strings.Replace(row[i], "T", " ", 1), "Z")
			case column == "attributes.note":
				row[i] = cmp.Or(shownAs[row[i]], row[i])
				row[i] = strings.ReplaceAll(row[i][:min(len(row[i]), xlsx.MaxText)], "\r", "")
			}
		}
	}
	same(t, "the sheet", rows[0], rows[1])
}
