package segments_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/segments"
)

// hardValues are attributes that files have been spoilt by.
var hardValues = []string{
	`She said "no"`, `"`, `""`, "two\nlines", "a\r\nb", "\n", "a,b", "a;b", "a\tb", "a|b", `,;|"` + "\t\n", "007", "+905551234567", "=1+1", "-1+1|' /C calc'!A0",
	"@SUM(A1)", "👩‍👧 İğne", "مرحبا بالعالم", "\u202eabc", " spaced ", "'", `\N`, `\.`, "NULL", "#N/A", strings.Repeat("long ", 20_000),
}

// hardPeople has one contact for each hard value, and some with typed values.
func hardPeople() roster {
	var r roster
	for i, text := range hardValues {
		r = append(r, &hygiene.Contact{Key: "k" + string(rune('a'+i)), Phone: "+905551234567", Attributes: hygiene.Attributes{{Name: "note", Value: hygiene.Value{Text: text}}}})
	}
	return append(r,
		&hygiene.Contact{Key: "l1", Attributes: hygiene.Attributes{{Name: "note", Value: hygiene.ParseValue("-12.50")}}},
		&hygiene.Contact{Key: "l2", Attributes: hygiene.Attributes{{Name: "note", Value: hygiene.ParseValue("true")}}},
		&hygiene.Contact{Key: "l3", Tags: []hygiene.Tag{{Name: "watch"}, {Name: "content-review"}}, Attributes: hygiene.Attributes{{Name: "note", Value: hygiene.ParseValue("2026-11-24")}}},
		&hygiene.Contact{Key: "l4"},
	)
}

// hardHeaders are the headers of the columns in a segment of hard people.
var hardHeaders = []string{"Record ID", "Phone, mobile", "=Note;", "Tags|all", "Ülke \"x\""}

func hardPlan(t *testing.T, options segments.CSVOptions, formats ...segments.Format) segments.Plan {
	t.Helper()
	var columns []segments.Column
	for i, name := range []string{"contact", "phone", "attributes.note", "tags", "last_seen"} {
		c, err := segments.ParseColumn(name)
		if err != nil {
			t.Fatal(err)
		}
		if c, err = c.WithHeader(hardHeaders[i]); err != nil {
			t.Fatal(err)
		}
		columns = append(columns, c)
	}
	p := plan(formats, segments.Segment{Name: "hard", Columns: columns}, segments.Segment{Name: "nobody", Where: hygiene.Any{}, Columns: columns})
	p.Export.CSV = options
	return p
}

// wantCells are the cells that a reader of CSV must find. spreadsheet adds the
// apostrophe to what would run.
func wantCells(spreadsheet bool) [][]string {
	defused := func(s string) string {
		if spreadsheet && s != "" && strings.ContainsAny(s[:1], "=+-@\t\r\n") && s != "-12.50" {
			return "'" + s
		}
		return s
	}
	rows := [][]string{nil}
	for _, h := range hardHeaders {
		rows[0] = append(rows[0], defused(h))
	}
	for _, c := range hardPeople() {
		note, _ := c.Attributes.Get("note")
		tags := ""
		if c.Tags != nil {
			tags = "content-review|watch"
		}
		rows = append(rows, []string{c.Key, defused(c.Phone), defused(note.Text), tags, ""})
	}
	return rows
}

// dialects are all ways to write CSV.
var dialects = map[string]segments.CSVOptions{
	"crm": {}, "semicolon": {Delimiter: ';'}, "tab": {Delimiter: '\t'}, "pipe": {Delimiter: '|'},
	"spreadsheet": {Spreadsheet: true}, "spreadsheet-semicolon": {Spreadsheet: true, Delimiter: ';'},
	"spreadsheet-tab": {Spreadsheet: true, Delimiter: '\t'}, "spreadsheet-pipe": {Spreadsheet: true, Delimiter: '|'},
}

// outside runs software that others wrote, and is skipped where there is none.
func outside(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("there is no %s here", name)
	}
	c := exec.Command(name, args...)
	c.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v: %s", name, err, stderr.String())
	}
	return string(out)
}

func same(t *testing.T, where string, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	if g.Len() != w.Len() {
		t.Errorf("%s has %d rows, not %d", where, g.Len(), w.Len())
		return
	}
	for i := range g.Len() {
		if !reflect.DeepEqual(g.Index(i).Interface(), w.Index(i).Interface()) {
			t.Errorf("%s: row %d is %.300q, not %.300q", where, i, g.Index(i).Interface(), w.Index(i).Interface())
		}
	}
}

// pythonReads reads files of JSON by their names, and of CSV by an encoding and
// a delimiter before each.
const pythonReads = `
import csv, gzip, json, sys
csv.field_size_limit(10**9)
found, encoding, delimiter = {}, "utf-8", ","
for path in sys.argv[1:]:
    if path.startswith("utf-8"):
        encoding, delimiter = path.split(" ", 1)
        continue
    unpack = gzip.open if path.endswith(".gz") else open
    with unpack(path, "rt", encoding=encoding, newline="") as f:
        if ".csv" in path:
            found[path] = list(csv.reader(f, delimiter=delimiter, strict=True))
        elif ".ndjson" in path:
            found[path] = [json.loads(line) for line in f]
        else:
            found[path] = json.load(f)
print(json.dumps(found))
`

func TestPythonReadsEveryCellOfEveryCSV(t *testing.T) {
	args, want := []string{"-c", pythonReads}, map[string][][]string{}
	for _, options := range dialects {
		_, dir := execute(t, hardPlan(t, options, segments.CSV, segments.CSVGzip), hardPeople())
		encoding, delimiter := "utf-8", string(cmp.Or(options.Delimiter, ','))
		if options.Spreadsheet {
			encoding = "utf-8-sig"
		}
		args = append(args, encoding+" "+delimiter)
		cells := wantCells(options.Spreadsheet)
		for _, packed := range []string{"", ".gz"} {
			hard, nobody := filepath.Join(dir, "hard.csv"+packed), filepath.Join(dir, "nobody.csv"+packed)
			args = append(args, hard, nobody)
			want[hard], want[nobody] = cells, cells[:1]
		}
	}
	var found map[string][][]string
	if err := json.Unmarshal([]byte(outside(t, "", "python3", args...)), &found); err != nil {
		t.Fatal(err)
	}
	for file := range want {
		same(t, file, found[file], want[file])
	}
}

func TestPythonReadsEveryValueOfEveryJSON(t *testing.T) {
	_, dir := execute(t, hardPlan(t, segments.CSVOptions{}, segments.JSON, segments.JSONGzip, segments.NDJSON, segments.NDJSONGzip), hardPeople())
	var files []string
	for _, f := range filesIn(t, dir) {
		if f != segments.ManifestName {
			files = append(files, filepath.Join(dir, f))
		}
	}
	var found map[string][]map[string]any
	if err := json.Unmarshal([]byte(outside(t, "", "python3", append([]string{"-c", pythonReads}, files...)...)), &found); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{}
	for _, c := range hardPeople() {
		row := map[string]any{hardHeaders[0]: c.Key, hardHeaders[1]: any(c.Phone), hardHeaders[2]: nil, hardHeaders[3]: []any{}, hardHeaders[4]: nil}
		if c.Phone == "" {
			row[hardHeaders[1]] = nil
		}
		if note, ok := c.Attributes.Get("note"); ok {
			row[hardHeaders[2]] = map[string]any{"-12.50": -12.5, "true": true}[note.Text]
			if note.Type == hygiene.Text {
				row[hardHeaders[2]] = note.Text
			}
		}
		if c.Tags != nil {
			row[hardHeaders[3]] = []any{"content-review", "watch"}
		}
		want = append(want, row)
	}
	if len(found) != 8 {
		t.Errorf("%d files were read", len(found))
	}
	for file, rows := range found {
		if strings.Contains(file, "nobody") {
			same(t, file, rows, []map[string]any{})
		} else {
			same(t, file, rows, want)
		}
	}
}

func TestSQLiteImportsEveryCellOfEveryCSV(t *testing.T) {
	for name, options := range dialects {
		_, dir := execute(t, hardPlan(t, options, segments.CSV), hardPeople())
		separator := map[byte]string{0: ",", ';': ";", '\t': "\\t", '|': "|"}[options.Delimiter]
		commands := ".mode csv\n.separator \"" + separator + "\" \"\\n\"\n.import '" + filepath.Join(dir, "hard.csv") + "' hard\n" +
			".mode json\nSELECT * FROM hard ORDER BY rowid;\n"
		var found []map[string]string
		if err := json.Unmarshal([]byte(outside(t, commands, "sqlite3", "-batch", ":memory:")), &found); err != nil {
			t.Fatal(err)
		}
		cells, want := wantCells(options.Spreadsheet), []map[string]string{}
		for _, row := range cells[1:] {
			object := map[string]string{}
			for i, cell := range row {
				object[cells[0][i]] = cell
			}
			want = append(want, object)
		}
		same(t, name, found, want)
	}
}

func TestGzipIsOneMemberWithoutTimeOrName(t *testing.T) {
	r, dir := execute(t, hardPlan(t, segments.CSVOptions{}, segments.Formats()...), hardPeople())
	for _, f := range r.Manifest.Files {
		if !strings.HasSuffix(f.Name, ".gz") {
			continue
		}
		z, err := gzip.NewReader(strings.NewReader(read(t, dir, f.Name)))
		if err != nil {
			t.Fatal(err)
		}
		z.Multistream(false)
		text, err := io.ReadAll(z)
		if err != nil || string(text) != read(t, dir, strings.TrimSuffix(f.Name, ".gz")) || !z.ModTime.IsZero() || z.Name != "" {
			t.Errorf("%s holds something else than %s, or says when: %v", f.Name, strings.TrimSuffix(f.Name, ".gz"), err)
		}
		if info, err := os.Stat(filepath.Join(dir, f.Name)); err != nil || info.Size() != f.Bytes {
			t.Errorf("%s is said to have %d bytes: %v", f.Name, f.Bytes, err)
		}
	}
}
