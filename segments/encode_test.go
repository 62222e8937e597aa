package segments

import (
	"encoding/csv"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/hygiene/instant"
)

const noon = hygiene.Instant(1_800_000_000_000_000) // 2027-01-15T08:00:00Z

func columnsOf(t testing.TB, list string) []Column {
	t.Helper()
	var columns []Column
	for _, name := range strings.Fields(list) {
		c, err := ParseColumn(name)
		if err != nil {
			t.Fatal(err)
		}
		columns = append(columns, c)
	}
	return columns
}

// written is the file of these contacts in that format.
func written(t testing.TB, f Format, options CSVOptions, columns []Column, contacts ...*hygiene.Contact) string {
	t.Helper()
	e, err := newEncoder(f, columns, encoding{csv: options})
	if err != nil {
		t.Fatal(err)
	}
	v := view{asOf: noon, listsOf: func(string) ([]string, error) { return []string{"vip", "staff"}, nil }}
	b, cells := e.begin(nil), make([]cell, len(columns))
	for _, c := range contacts {
		v.reset(c)
		if err := v.fill(columns, cells); err != nil {
			t.Fatal(err)
		}
		b = e.row(b, cells)
	}
	return string(e.end(b))
}

func withText(text string) *hygiene.Contact {
	return &hygiene.Contact{Key: "k", Attributes: hygiene.Attributes{{Name: "note", Value: hygiene.Value{Text: text}}}}
}

func ago(d string) hygiene.Instant {
	age, err := instant.ParseDuration(d)
	if err != nil {
		panic(err)
	}
	return noon.Add(-age)
}

// crowd is one contact of every kind.
func crowd() []*hygiene.Contact {
	busy := &hygiene.Contact{Key: "a", Phone: "+905551234567", Attributes: hygiene.Attributes{
		{Name: "age", Value: hygiene.ParseValue("41.50")},
		{Name: "city", Value: hygiene.ParseValue(`Iğdır, "Doğu"`)},
		{Name: "vip", Value: hygiene.ParseValue("true")},
	}}
	for i, o := range []hygiene.Outcome{hygiene.Sent, hygiene.SoftBounce, hygiene.SoftBounce} {
		busy.History.Add(&hygiene.Event{Seq: int64(i + 1), At: ago("2h40m") + hygiene.Instant(i), Source: "s", MessageID: string(rune('a' + i)), Outcome: o})
	}
	busy.Retry = &hygiene.Retry{DueAt: ago("1h"), LapsesAt: noon.Add(hygiene.Day), Attempt: 2, MessageID: "m-2", UniqueArgs: []byte("{ \"contact_id\": \"a\",\n \"n\": 12345678901234567890 }")}
	busy.Tags = []hygiene.Tag{{Name: "watch"}, {Name: "content-review"}}
	barred := &hygiene.Contact{Key: "b", Suppressions: []hygiene.Suppression{
		{Reason: "opted_out", Since: hygiene.Moment{At: ago("2d")}},
		{Reason: "hard_bounce", Since: hygiene.Moment{At: ago("5d")}, Until: noon.Add(hygiene.Day)},
		{Reason: "dormant", Since: hygiene.Moment{At: ago("9d")}, Until: noon},
	}, Retry: &hygiene.Retry{DueAt: noon, LapsesAt: noon.Add(1), Attempt: 1}}
	resting := &hygiene.Contact{Key: "c", Suppressions: []hygiene.Suppression{
		{Reason: "soft_bounce", Since: hygiene.Moment{At: ago("1d")}, Until: noon.Add(2 * hygiene.Day)},
		{Reason: "soft_bounce", Origin: hygiene.ByOperator, Since: hygiene.Moment{At: ago("1h")}, Until: noon.Add(hygiene.Day)},
	}}
	return []*hygiene.Contact{busy, barred, resting, {Key: "d"}}
}

const allKinds = "contact phone status reasons suppressed_since suppressed_until message_id unique_args attempt due_at " +
	"tags lists first_seen last_soft_bounce_at soft_bounce_count attributes.age attributes.city attributes.vip"

const goldenCSV = `contact,phone,status,reasons,suppressed_since,suppressed_until,message_id,unique_args,attempt,due_at,tags,lists,first_seen,last_soft_bounce_at,soft_bounce_count,attributes.age,attributes.city,attributes.vip
a,+905551234567,retry,,,,m-2,"{""contact_id"":""a"",""n"":12345678901234567890}",2,2027-01-15T07:00:00Z,content-review|watch,staff|vip,2027-01-15T05:20:00Z,2027-01-15T05:20:00Z,2,41.50,"Iğdır, ""Doğu""",true
b,,suppressed,hard_bounce|opted_out,2027-01-10T08:00:00Z,,,,,,,staff|vip,,,0,,,
c,,suppressed,soft_bounce,2027-01-14T08:00:00Z,2027-01-17T08:00:00Z,,,,,,staff|vip,,,0,,,
d,,active,,,,,,,,,staff|vip,,,0,,,
`

const goldenNDJSON = `{"contact":"a","phone":"+905551234567","status":"retry","reasons":[],"suppressed_since":null,"suppressed_until":null,"message_id":"m-2","unique_args":{"contact_id":"a","n":12345678901234567890},"attempt":2,"due_at":"2027-01-15T07:00:00Z","tags":["content-review","watch"],"lists":["staff","vip"],"first_seen":"2027-01-15T05:20:00Z","last_soft_bounce_at":"2027-01-15T05:20:00Z","soft_bounce_count":2,"attributes.age":41.50,"attributes.city":"Iğdır, \"Doğu\"","attributes.vip":true}
{"contact":"b","phone":null,"status":"suppressed","reasons":["hard_bounce","opted_out"],"suppressed_since":"2027-01-10T08:00:00Z","suppressed_until":null,"message_id":null,"unique_args":null,"attempt":null,"due_at":null,"tags":[],"lists":["staff","vip"],"first_seen":null,"last_soft_bounce_at":null,"soft_bounce_count":0,"attributes.age":null,"attributes.city":null,"attributes.vip":null}
{"contact":"c","phone":null,"status":"suppressed","reasons":["soft_bounce"],"suppressed_since":"2027-01-14T08:00:00Z","suppressed_until":"2027-01-17T08:00:00Z","message_id":null,"unique_args":null,"attempt":null,"due_at":null,"tags":[],"lists":["staff","vip"],"first_seen":null,"last_soft_bounce_at":null,"soft_bounce_count":0,"attributes.age":null,"attributes.city":null,"attributes.vip":null}
{"contact":"d","phone":null,"status":"active","reasons":[],"suppressed_since":null,"suppressed_until":null,"message_id":null,"unique_args":null,"attempt":null,"due_at":null,"tags":[],"lists":["staff","vip"],"first_seen":null,"last_soft_bounce_at":null,"soft_bounce_count":0,"attributes.age":null,"attributes.city":null,"attributes.vip":null}
`

func TestEachFormatShowsEveryKindOfColumn(t *testing.T) {
	columns := columnsOf(t, allKinds)
	lines := strings.Split(strings.TrimSuffix(goldenNDJSON, "\n"), "\n")
	for format, want := range map[Format]string{
		CSV: goldenCSV, NDJSON: goldenNDJSON, JSON: "[\n" + strings.Join(lines, ",\n") + "\n]\n",
	} {
		if got := written(t, format, CSVOptions{}, columns, crowd()...); got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", format, got, want)
		}
	}
}

func TestColumnsShowWhatStandsOnTheNumber(t *testing.T) {
	day := func(since, until hygiene.Instant, reason string) hygiene.Suppression {
		return hygiene.Suppression{Reason: reason, Since: hygiene.Moment{At: since}, Until: until}
	}
	contact := func(key string, own, onNumber []hygiene.Suppression) *hygiene.Contact {
		return &hygiene.Contact{Key: key, Phone: "+901", Suppressions: own, OnNumber: onNumber}
	}
	opted, rested := day(ago("2d"), noon.Add(hygiene.Day), "opted_out"), day(ago("3d"), noon.Add(2*hygiene.Day), "soft_bounce")
	permanent, over := day(ago("1d"), 0, "hard_bounce"), day(ago("9d"), noon, "blocked")
	columns := columnsOf(t, "contact status reasons suppressed_since suppressed_until")
	got := written(t, CSV, CSVOptions{}, columns, contact("a", nil, []hygiene.Suppression{opted}), contact("b", []hygiene.Suppression{opted}, []hygiene.Suppression{rested, over}),
		contact("c", []hygiene.Suppression{permanent}, []hygiene.Suppression{opted}), contact("d", []hygiene.Suppression{opted}, []hygiene.Suppression{opted, permanent}), contact("e", nil, []hygiene.Suppression{over}))
	want := `contact,status,reasons,suppressed_since,suppressed_until
a,suppressed,opted_out,2027-01-13T08:00:00Z,2027-01-16T08:00:00Z
b,suppressed,opted_out|soft_bounce,2027-01-12T08:00:00Z,2027-01-17T08:00:00Z
c,suppressed,hard_bounce|opted_out,2027-01-13T08:00:00Z,
d,suppressed,hard_bounce|opted_out,2027-01-13T08:00:00Z,
e,active,,,
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAFileOfNobodyIsStillAFile(t *testing.T) {
	columns := columnsOf(t, "contact phone")
	for format, want := range map[Format]string{CSV: "contact,phone\n", JSON: "[]\n", NDJSON: ""} {
		if got := written(t, format, CSVOptions{}, columns); got != want {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
}

func TestARowOfOneEmptyCellIsNotAnEmptyLine(t *testing.T) {
	if got := written(t, CSV, CSVOptions{}, columnsOf(t, "phone"), &hygiene.Contact{Key: "a"}); got != "phone\n\"\"\n" {
		t.Errorf("got %q", got)
	}
}

func TestSpreadsheetRunsNoCell(t *testing.T) {
	for text, want := range map[string]string{
		"=1+1": `"'=1+1"`, "+1+1": `"'+1+1"`, "-cmd|' /C calc'!A0": `"'-cmd|' /C calc'!A0"`, "@SUM(A1)": `"'@SUM(A1)"`,
		"\t=1": "\"'\t=1\"", "\r=1": "\"'\r=1\"", "＝1": `"'＝1"`, "＋1": `"'＋1"`, "－1": `"'－1"`, "＠x": `"'＠x"`,
		`=a"b`: `"'=a""b"`, "+905551234567": `"'+905551234567"`, "a;=1+1": `"a;=1+1"`, "a=b": "a=b", "": "",
	} {
		got := written(t, CSV, CSVOptions{Spreadsheet: true}, columnsOf(t, "contact attributes.note"), withText(text))
		if want := "\ufeffcontact,attributes.note\nk," + want + "\n"; got != want {
			t.Errorf("%q is written %q, want %q", text, got, want)
		}
	}
}

func TestSpreadsheetRunsNoPhoneNumber(t *testing.T) {
	for number, want := range map[string]string{"+905551234567": `"'+905551234567"`, "+90555=cmd": `"'+90555=cmd"`, "+1": `"'+1"`, "905551234567": "905551234567"} {
		c := &hygiene.Contact{Key: number, Phone: number}
		got := written(t, CSV, CSVOptions{Spreadsheet: true}, columnsOf(t, "contact phone"), c)
		if !strings.HasSuffix(got, "\n"+want+","+want+"\n") {
			t.Errorf("%s is written %q, want %s", number, got, want)
		}
		if got := written(t, CSV, CSVOptions{}, columnsOf(t, "contact phone"), c); got != "contact,phone\n"+number+","+number+"\n" {
			t.Errorf("for a CRM %s is written %q", number, got)
		}
	}
}

func TestSpreadsheetLeavesNumbersAlone(t *testing.T) {
	c := crowd()[0]
	c.Attributes = hygiene.Attributes{{Name: "balance", Value: hygiene.ParseValue("-5.5")}, {Name: "vip", Value: hygiene.ParseValue("true")}}
	got := written(t, CSV, CSVOptions{Spreadsheet: true}, columnsOf(t, "attempt due_at soft_bounce_count attributes.balance attributes.vip"), c)
	if !strings.HasSuffix(got, "\n2,2027-01-15T07:00:00Z,2,-5.5,true\n") {
		t.Errorf("got %q", got)
	}
}

func TestWithPhonesAsKeysTheKeyIsAPhone(t *testing.T) {
	columns := columnsOf(t, "contact phone")
	for _, c := range []struct {
		phoneKeys bool
		contact   hygiene.Contact
		want      string
	}{
		{true, hygiene.Contact{Key: "+905551234567"}, "+905551234567,+905551234567"},
		{true, hygiene.Contact{Key: "+905551234567", Phone: "+4915112345678"}, "+905551234567,+4915112345678"},
		{false, hygiene.Contact{Key: "+905551234567"}, "+905551234567,"},
	} {
		v, cells := view{asOf: noon, phoneKeys: c.phoneKeys}, make([]cell, len(columns))
		v.reset(&c.contact)
		if err := v.fill(columns, cells); err != nil {
			t.Fatal(err)
		}
		e := newCSVEncoder(columns, encoding{})
		if got := string(e.row(nil, cells)); got != c.want+"\n" {
			t.Errorf("phone keys %v: %q, want %q", c.phoneKeys, got, c.want)
		}
	}
}

func TestACellIsQuotedForItsDelimiterAndForASpreadsheetsOthers(t *testing.T) {
	columns := columnsOf(t, "attributes.note lists")
	for _, c := range []struct {
		options CSVOptions
		want    string
	}{
		{CSVOptions{}, `"a,b;c",staff|vip`},
		{CSVOptions{Delimiter: ','}, `"a,b;c",staff|vip`},
		{CSVOptions{Delimiter: ';'}, `"a,b;c";staff|vip`},
		{CSVOptions{Delimiter: '\t'}, "a,b;c\tstaff|vip"},
		{CSVOptions{Delimiter: '|'}, `a,b;c|"staff|vip"`},
		{CSVOptions{ListSeparator: ';'}, `"a,b;c",staff;vip`},
		{CSVOptions{ListSeparator: ';', Delimiter: ';'}, `"a,b;c";"staff;vip"`},
		{CSVOptions{Delimiter: '\t', Spreadsheet: true}, "\"a,b;c\"\tstaff|vip"},
		{CSVOptions{Delimiter: '|', Spreadsheet: true}, `"a,b;c"|"staff|vip"`},
	} {
		got := strings.Split(written(t, CSV, c.options, columns, withText("a,b;c")), "\n")[1]
		if got != c.want {
			t.Errorf("%+v: %s, want %s", c.options, got, c.want)
		}
	}
}

func TestTheCRMGetsTextAsItIs(t *testing.T) {
	got := written(t, CSV, CSVOptions{}, columnsOf(t, "attributes.note"), withText("=1+1"))
	if got != "attributes.note\n=1+1\n" {
		t.Errorf("got %q", got)
	}
}

func TestUniqueArgsThatAreNoObjectAreAbsent(t *testing.T) {
	for _, raw := range []string{"", "null", "[1]", `"text"`, "{broken"} {
		c := &hygiene.Contact{Key: "a", Retry: &hygiene.Retry{DueAt: noon, LapsesAt: noon.Add(hygiene.Day), UniqueArgs: []byte(raw)}}
		if got := written(t, NDJSON, CSVOptions{}, columnsOf(t, "unique_args"), c); got != `{"unique_args":null}`+"\n" {
			t.Errorf("%s is written %s", raw, got)
		}
	}
}

func TestARetryIsShownWhileItIsOpen(t *testing.T) {
	for name, c := range map[string]struct {
		retry hygiene.Retry
		want  string
	}{
		"cooling": {hygiene.Retry{DueAt: noon + 1, LapsesAt: noon + 2, Attempt: 1, MessageID: "m"}, "m,1,2027-01-15T08:00:00Z"},
		"due":     {hygiene.Retry{DueAt: noon, LapsesAt: noon + 1, Attempt: 3, MessageID: "m"}, "m,3,2027-01-15T08:00:00Z"},
		"lapsed":  {hygiene.Retry{DueAt: noon - 1, LapsesAt: noon, Attempt: 3, MessageID: "m"}, ",,"},
	} {
		got := written(t, CSV, CSVOptions{}, columnsOf(t, "message_id attempt due_at"), &hygiene.Contact{Key: "a", Retry: &c.retry})
		if got != "message_id,attempt,due_at\n"+c.want+"\n" {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestWritingARowTakesNoMemory(t *testing.T) {
	columns := columnsOf(t, strings.ReplaceAll(allKinds, "unique_args", ""))
	v := view{asOf: noon, listsOf: func(string) ([]string, error) { return nil, nil }}
	contacts, cells, b := crowd(), make([]cell, len(columns)), make([]byte, 0, 1<<16)
	for _, format := range []Format{CSV, JSON, NDJSON} {
		e, err := newEncoder(format, columns, encoding{csv: CSVOptions{Spreadsheet: true}})
		if err != nil {
			t.Fatal(err)
		}
		allocated := testing.AllocsPerRun(100, func() {
			for _, c := range contacts {
				v.reset(c)
				if err := v.fill(columns, cells); err != nil {
					t.Fatal(err)
				}
				b = e.row(b[:0], cells)
			}
		})
		if allocated > 0 {
			t.Errorf("%s: %.0f allocations for %d rows", format, allocated, len(contacts))
		}
	}
}

var nasty = []string{
	"", " ", "a", `"`, `""`, ",", "\n", "\r", "\r\n", "a,b\"c\nd", "'", "=1", "+1", "-1", "@", "\t", "\x00", "\x01\x1f\x7f", "\\", `\.`, `\u0041`,
	"İstanbul", "日本", "\u2028\u2029", "\ufeff", "\xff", "a\xc3", "😀", "null", "true", "1e9", "</script>", strings.Repeat("x", 70_000),
}

func FuzzWhatIsWrittenIsReadBack(f *testing.F) {
	for _, s := range nasty {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		columns := columnsOf(t, "contact attributes.note")
		want := strings.ToValidUTF8(text, "\ufffd")
		file := written(t, CSV, CSVOptions{}, columns, withText(text))
		rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
		// The reader makes \n of \r\n in quotes, and nothing of it elsewhere.
		wantRows := [][]string{{"contact", "attributes.note"}, {"k", strings.ReplaceAll(want, "\r\n", "\n")}}
		if err != nil || !reflect.DeepEqual(rows, wantRows) {
			t.Errorf("CSV of %q reads %q, %v", text, rows, err)
		}
		var objects []map[string]string
		if err := json.Unmarshal([]byte(written(t, JSON, CSVOptions{}, columns, withText(text))), &objects); err != nil || objects[0]["attributes.note"] != want {
			t.Errorf("JSON of %q reads %q, %v", text, objects, err)
		}
		line := written(t, NDJSON, CSVOptions{}, columns, withText(text))
		if strings.Count(line, "\n") != 1 || !utf8.ValidString(line) {
			t.Errorf("NDJSON of %q is %q", text, line)
		}
	})
}
