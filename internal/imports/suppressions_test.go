package imports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/ui"
)

// importing is the time at which the tests import.
var importing = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)

// imported is what an import of suppressions did, and said.
type imported struct {
	t      *testing.T
	app    *app.App
	result suppressionsResult
	stderr string
	err    error
}

// importList imports a list of suppressions into the store.
func importList(t *testing.T, a *app.App, list string, o Options) imported {
	t.Helper()
	var out, problems bytes.Buffer
	o.File, o.Stdin, o.Now = "-", strings.NewReader(list), func() time.Time { return importing }
	im := imported{t: t, app: a}
	im.err = Suppressions(t.Context(), ui.NewPrinter(&out, &problems, true), a, o)
	im.stderr = problems.String()
	if im.err == nil || out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &im.result); err != nil {
			t.Fatalf("%v: %s", err, &out)
		}
	}
	return im
}

// newApp opens a new store, in which these contacts are known.
func newApp(t *testing.T, contacts ...string) *app.App {
	t.Helper()
	ops := apptest.Operations(t)
	a := &app.App{Config: ops.Config, Store: ops.Store}
	if len(contacts) > 0 {
		if _, err := a.Store.AddToList("known", contacts); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// open lists the open suppressions of a contact, as reason or reason@until.
func (im imported) open(key string) string {
	im.t.Helper()
	c, ok, err := im.app.Store.Contact(key)
	if err != nil {
		im.t.Fatal(err)
	}
	if !ok {
		return "unknown"
	}
	var open []string
	for _, s := range slices.Concat(c.Suppressions, c.OnNumber) {
		if slices.ContainsFunc(open, func(text string) bool { return strings.HasPrefix(text, s.Reason) }) {
			continue // it lies on the contact and on the number
		}
		text := s.Reason
		if s.Until != 0 {
			text += "@" + s.Until.Time().Format(time.DateOnly)
		}
		open = append(open, text)
	}
	return strings.Join(open, " ")
}

// A row of ann is wrong in one cell beside the contact, wherever its column is and
// whatever the format: she is suppressed, and so are the others.
func TestAnOptOutIsNotLostForWhatStandsBesideIt(t *testing.T) {
	flaws := []struct {
		column, cell string
		want         string // "" for opted_out
	}{
		{"name", "\xddnci", ""}, {"name", "a\x00b", ""}, {"name", `5" tall`, ""}, {"name", `"he said "no"`, ""}, {"name", `"a, b" c`, ""}, {"name", `"x" y "z"`, ""},
		{"name", `"not closed`, ""}, {"until", "never", ""}, {"until", "-", ""}, {"until", "∞", ""}, {"until", "n/a", ""}, {"until", "31/12/2999", ""},
		{"until", "0000-00-00", ""}, {"until", "99999-01-01", ""}, {"until", "\xfd", ""}, {"until", `29"99`, ""}, {"until", "2999-01-01", "opted_out@2999-01-01"},
		{"reason", "", ""}, {"reason", "\xddptal", ""}, {"reason", "Çıkış", ""}, {"reason", "Bad Reason!", ""}, {"reason", `opted"out`, ""}, {"reason", strings.Repeat("x", 80), ""},
		{"reason", "Hard Bounce", "hard_bounce"}, {"reason", "complaint|\xdd", ""}, {"reason", "complaint|Ş", "complaint opted_out"}, {"name", "\x1a", ""}, {"name", "\u200b", ""},
	}
	r := rand.New(rand.NewPCG(1, 2))
	a := newApp(t)
	for i, flaw := range flaws {
		for format := range 3 {
			columns := []string{"contact", "name", "until", "reason"}
			r.Shuffle(len(columns), func(i, j int) { columns[i], columns[j] = columns[j], columns[i] })
			if format == 0 {
				columns = []string{"contact", "reason", "until", "name"}
			}
			key := fmt.Sprintf("ann-%d-%d", i, format)
			rows := []map[string]string{{"contact": "before-" + key, "reason": "complaint", "name": "B", "until": "2999-12-31"},
				{"contact": key, "reason": "opted_out", "name": "Ann", "until": ""}, {"contact": "after-" + key, "reason": "complaint", "name": "", "until": ""}}
			rows[1][flaw.column] = flaw.cell
			text := csvOf(columns, rows)
			if format == 2 {
				text = jsonOf(columns, rows)
			}
			im := importList(t, a, text, Options{Apply: true, New: true})
			want := flaw.want
			if want == "" {
				want = "opted_out"
			}
			if im.err != nil || im.open(key) != want || im.open("before-"+key) != "complaint@2999-12-31" || im.open("after-"+key) != "complaint" {
				t.Errorf("%s: %q in %s\n%q\nsuppresses %q, %q and %q, %v\n%s", key, flaw.cell, flaw.column, text, im.open("before-"+key), im.open(key), im.open("after-"+key), im.err, im.stderr)
			}
			if im.result.Rejected != 0 || im.result.Flawed > 1 || im.result.Flawed == 0 && strings.Contains(flaw.cell, "\xdd") {
				t.Errorf("%q in %s: %+v\n%s", flaw.cell, flaw.column, im.result, im.stderr)
			}
		}
	}
}

func csvOf(columns []string, rows []map[string]string) string {
	lines := []string{strings.Join(columns, ",")}
	for _, row := range rows {
		var cells []string
		for _, c := range columns {
			cells = append(cells, row[c])
		}
		lines = append(lines, strings.Join(cells, ","))
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// jsonOf writes the rows as objects, with the cells as they are: a quote in one breaks the
// object.
func jsonOf(columns []string, rows []map[string]string) string {
	var b strings.Builder
	for _, row := range rows {
		for i, c := range columns {
			fmt.Fprintf(&b, `%c"%s": "%s"`, "{,"[min(i, 1)], c, row[c])
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// A contact that cannot be read is left out, with the line, the cell and the character;
// all others are suppressed.
func TestAContactThatCannotBeReadIsLeftOutAlone(t *testing.T) {
	for cell, want := range map[string]string{
		"\xddnci":                 `line 3 rejected: column "contact": not UTF-8: character 1 is the byte 0xDD; --encoding names`,
		"ann\xfd":                 `column "contact": not UTF-8: character 4 is the byte 0xFD`,
		"an\x07n":                 `column "contact": a contact's key can't have control characters: character 3 is U+0007`,
		"ann\ufffd":               `column "contact": the character U+FFFD stands for one that was lost`,
		"":                        `column "contact": a contact's key can't be empty`,
		"1.04E+12":                `column "contact": a spreadsheet rounded this number`,
		"{{contact.id}}":          `is a placeholder`,
		`a"nn`:                    `column "contact": a quote within a field`,
		strings.Repeat("x", 1000): `column "contact": a contact's key has at most 256 bytes`,
	} {
		im := importList(t, newApp(t), "reason,contact\nopted_out,bob\nopted_out,"+cell+"\nopted_out,carl\n", Options{Apply: true})
		if im.err == nil || im.result.Rejected != 1 || im.open("bob") != "opted_out" || im.open("carl") != "opted_out" || im.result.Added != 2 || !strings.Contains(im.stderr, want) {
			t.Errorf("%q: %v, %+v, want %s\n%s", cell, im.err, im.result, want, im.stderr)
		}
	}
	// With a column too many nobody knows which one is the contact, unless it is the first.
	im := importList(t, newApp(t), "name,contact,reason\nDoe, John,ann,opted_out\nx,bob,opted_out\n", Options{Apply: true})
	if im.err == nil || im.open("John") != "unknown" || im.open("bob") != "opted_out" || !strings.Contains(im.stderr, "line 2 rejected: column \"contact\": 4 columns where the header has 3") {
		t.Errorf("%v, %+v\n%s", im.err, im.result, im.stderr)
	}
	im = importList(t, newApp(t), "contact,reason,name\nann,opted_out,Doe, John\n", Options{Apply: true})
	if im.err != nil || im.open("ann") != "opted_out" {
		t.Errorf("%v, %+v\n%s", im.err, im.result, im.stderr)
	}
}

// The same list, however its file begins, ends and is encoded, suppresses the same.
func TestAListSuppressesTheSameInAnyFormatAndEncoding(t *testing.T) {
	const list = "contact,reason,ad\nann,opted_out,Şükrü\nbob,complaint,x\n"
	excel := strings.ReplaceAll(strings.ReplaceAll(list, ",", ";"), "\n", "\r\n")
	encoded := func(e encoding.Encoding, text string) string {
		text, err := e.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, c := range map[string]struct {
		text string
		o    Options
	}{
		"plain": {list, Options{}}, "excel": {"\ufeffsep=;\r\n" + excel, Options{}}, "dos": {list + "\x1a", Options{}}, "old mac": {strings.ReplaceAll(list, "\n", "\r"), Options{}},
		"windows-1254": {encoded(charmap.Windows1254, list), Options{Encoding: "windows-1254"}}, "undeclared": {encoded(charmap.Windows1254, list), Options{}},
		"utf-16": {encoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), excel), Options{}}, "utf-16 without mark": {encoded(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), list), Options{}},
		"tabs":   {"sep=\t\n" + strings.ReplaceAll(list, ",", "\t"), Options{}},
		"ndjson": {`{"contact":"ann","reason":"opted_out"}` + "\n" + `{"reason":["complaint"],"contact":"bob"}`, Options{}},
		"array":  {`[{"contact":"ann","reason":"opted_out"},{"contact":"bob","reason":"complaint","until":null}]`, Options{}},
		"answer": {`{"suppressions":[{"contact":"ann","reason":"opted_out"},{"contact":"bob","reason":"complaint"}],"next":""}`, Options{}},
		"text":   {"contact,reason\n=\"ann\",opted_out\n\"=\"\"bob\"\"\",complaint\n", Options{}},
	} {
		c.o.Apply = true
		im := importList(t, newApp(t), c.text, c.o)
		if im.err != nil || im.open("ann") != "opted_out" || im.open("bob") != "complaint" || im.result.Added != 2 || im.result.New != 2 {
			t.Errorf("%s: %v, %+v: ann %s, bob %s\n%s", name, im.err, im.result, im.open("ann"), im.open("bob"), im.stderr)
		}
	}
	im := importList(t, newApp(t), `["ann", 1042.0]`, Options{Apply: true, Reason: hygiene.OptedOut})
	if im.err != nil || im.open("ann") != "opted_out" || im.open("1042") != "opted_out" {
		t.Errorf("keys alone: %v, %+v\n%s", im.err, im.result, im.stderr)
	}
}
