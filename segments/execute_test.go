package segments_test

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/segments/destination/local"
)

const noon = hygiene.Instant(1_800_000_000_000_000) // 2027-01-15T08:00:00Z

// roster is a snapshot of these contacts, in order.
type roster []*hygiene.Contact

func (r roster) Contacts(ctx context.Context, messages bool, visit func(*hygiene.Contact) error) error {
	for _, c := range r {
		if err := visit(c); err != nil {
			return err
		}
	}
	return nil
}

func (roster) InList(list, key string) (bool, error) {
	if list != "staff" {
		return false, errors.New("there is no such list")
	}
	return key < "b", nil
}

func (roster) PinsOf(string) ([]segments.Pin, error) { return nil, nil }

func (roster) ListsOf(string) ([]string, error) { return nil, nil }

func people() roster {
	barred := []hygiene.Suppression{{Reason: "opted_out", Since: hygiene.Moment{At: noon - 1}}}
	return roster{
		{Key: "a1", Phone: "+905551234567"},
		{Key: "a2", Suppressions: barred},
		{Key: "b1", Phone: "+4915112345678"},
	}
}

func plan(formats []segments.Format, list ...segments.Segment) segments.Plan {
	p := segments.Plan{
		Export:   segments.Export{Name: "nightly", Formats: formats, Keep: 30},
		Segments: list,
		Run:      segments.Run{Export: "nightly", Name: segments.RunName(noon), ScheduledAt: noon, AsOf: noon + 1500000, ThroughSeq: 42, Policy: "abc"},
		Version:  "1.2.3",
	}
	for _, s := range list {
		p.Export.Segments = append(p.Export.Segments, s.Name)
	}
	return p
}

var csvOnly = []segments.Format{segments.CSV}

func execute(t *testing.T, p segments.Plan, from segments.Snapshot) (segments.Result, string) {
	t.Helper()
	dir := t.TempDir()
	r, err := segments.Execute(t.Context(), p, from, []segments.Publisher{local.Folder(dir)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r, filepath.Join(dir, "nightly", "latest")
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir + "/")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestARunHoldsItsSegmentsAndAManifest(t *testing.T) {
	p := plan([]segments.Format{segments.JSON, segments.CSV, segments.NDJSON},
		segments.Segment{Name: "sendable"},
		segments.Segment{Name: "do-not-text", Suppressed: segments.Only, Columns: []segments.Column{segments.DefaultColumns()[0]}})
	p.Previous = "2027-01-14T080000Z"
	r, dir := execute(t, p, people())
	if got, want := filesIn(t, dir), strings.Fields("do-not-text.csv do-not-text.json do-not-text.ndjson manifest.json sendable.csv sendable.json sendable.ndjson"); !slices.Equal(got, want) {
		t.Errorf("the run holds %v, want %v", got, want)
	}
	if got, want := read(t, dir, "sendable.csv"), "contact,phone,status\na1,+905551234567,active\nb1,+4915112345678,active\n"; got != want {
		t.Errorf("sendable.csv is %q, want %q", got, want)
	}
	if got, want := read(t, dir, "do-not-text.json"), "[\n{\"contact\":\"a2\"}\n]\n"; got != want {
		t.Errorf("do-not-text.json is %q, want %q", got, want)
	}
	for _, f := range r.Manifest.Files {
		text := read(t, dir, f.Name)
		if sum := sha256.Sum256([]byte(text)); f.Bytes != int64(len(text)) || f.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("the manifest says %+v of %q", f, text)
		}
	}
	if r.Run.Status != segments.Published || r.Run.Error != "" {
		t.Errorf("the run is %s, %s", r.Run.Status, r.Run.Error)
	}
}

func TestAPlanWithPhonesAsKeysFillsThePhoneColumn(t *testing.T) {
	p := plan(csvOnly, segments.Segment{Name: "sendable"})
	p.PhoneKeys = true
	_, dir := execute(t, p, roster{{Key: "+905551234567"}, {Key: "+905557654321", Phone: "+4915112345678"}})
	if got, want := read(t, dir, "sendable.csv"), "contact,phone,status\n+905551234567,+905551234567,active\n+905557654321,+4915112345678,active\n"; got != want {
		t.Errorf("sendable.csv is %q, want %q", got, want)
	}
}

func TestTheManifestIsWrittenAsDocumented(t *testing.T) {
	p := plan(csvOnly, segments.Segment{Name: "nobody", Where: hygiene.Any{}, Columns: segments.DefaultColumns()[:2]}, segments.Segment{Name: "lost", List: "gone"})
	_, dir := execute(t, p, people())
	want := `{
  "export": "nightly",
  "run": "2027-01-15T080000Z",
  "scheduled_at": "2027-01-15T08:00:00Z",
  "as_of": "2027-01-15T08:00:01.5Z",
  "through_seq": 42,
  "policy": "abc",
  "version": "1.2.3",
  "previous_run": null,
  "files": [
    {
      "name": "nobody.csv",
      "segment": "nobody",
      "format": "csv",
      "kind": "full",
      "rows": 0,
      "bytes": 14,
      "sha256": "75e33a72e0aa6b8fb2ff3b5d9e35f7e9b2eb8a2b6e6ad4e0ea9e4a4e8c1c0e1d",
      "columns": [
        "contact",
        "phone"
      ]
    }
  ],
  "failed": [
    {
      "segment": "lost",
      "error": "reading list \"gone\": there is no such list"
    }
  ]
}
`
	sum := sha256.Sum256([]byte("contact,phone\n"))
	want = strings.Replace(want, "75e33a72e0aa6b8fb2ff3b5d9e35f7e9b2eb8a2b6e6ad4e0ea9e4a4e8c1c0e1d", hex.EncodeToString(sum[:]), 1)
	if got := read(t, dir, segments.ManifestName); got != want {
		t.Errorf("the manifest is\n%s\nwant\n%s", got, want)
	}
}

func TestASegmentThatFailsFailsAlone(t *testing.T) {
	p := plan(csvOnly, segments.Segment{Name: "lost", List: "gone"}, segments.Segment{Name: "well"}, segments.Segment{Name: "manifest"})
	p.Export.Formats = []segments.Format{segments.CSV, segments.JSON}
	p.Export.Segments = append(p.Export.Segments, "unknown")
	r, dir := execute(t, p, people())
	if got := filesIn(t, dir); !slices.Equal(got, []string{"manifest.json", "well.csv", "well.json"}) {
		t.Errorf("the run holds %v", got)
	}
	for _, want := range []string{`segment "lost"`, `no segment "unknown"`, "manifest's place"} {
		if !strings.Contains(r.Run.Error, want) {
			t.Errorf("the run's error %q does not say %s", r.Run.Error, want)
		}
	}
	if len(r.Manifest.Failed) != 3 || len(r.Problems) != 3 {
		t.Errorf("failed: %+v, troubles: %v", r.Manifest.Failed, r.Problems)
	}
}

func TestWhenEverythingFailsTheRunBeforeStays(t *testing.T) {
	dir := local.Folder(t.TempDir())
	to := []segments.Publisher{dir}
	if _, err := segments.Execute(t.Context(), plan(csvOnly, segments.Segment{Name: "well"}), people(), to, nil); err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	for name, c := range map[string]struct {
		ctx  context.Context
		plan segments.Plan
		from segments.Snapshot
	}{
		"every segment fails":  {t.Context(), plan(csvOnly, segments.Segment{Name: "lost", List: "gone"}), people()},
		"it is given up":       {ended, plan(csvOnly, segments.Segment{Name: "well"}), people()},
		"it has no segments":   {t.Context(), plan(csvOnly), people()},
		"the roster is broken": {t.Context(), plan(csvOnly, segments.Segment{Name: "well"}), torn{people()}},
	} {
		c.plan.Run.Name = segments.RunName(noon.Add(hygiene.Day))
		r, err := segments.Execute(c.ctx, c.plan, c.from, to, nil)
		if err == nil || r.Run.Status != segments.Failed || r.Run.Error == "" {
			t.Errorf("%s: %v, the run is %s (%s)", name, err, r.Run.Status, r.Run.Error)
		}
		if got := filesIn(t, filepath.Join(string(dir), "nightly")); !slices.Equal(got, []string{segments.RunName(noon), "latest"}) {
			t.Errorf("%s: the folder holds %v", name, got)
		}
	}
}

// torn is a roster that can't be read to its end.
type torn struct{ roster }

func (r torn) Contacts(ctx context.Context, messages bool, visit func(*hygiene.Contact) error) error {
	return errors.Join(r.roster.Contacts(ctx, messages, visit), errors.New("disk I/O error"))
}

func TestTheSameStateGivesTheSameBytes(t *testing.T) {
	p := plan([]segments.Format{segments.CSV, segments.JSON}, segments.Segment{Name: "all", Suppressed: segments.Include}, segments.Segment{Name: "rest"})
	_, a := execute(t, p, people())
	_, b := execute(t, p, people())
	for _, name := range filesIn(t, a) {
		if read(t, a, name) != read(t, b, name) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestProgressIsToldToTheEnd(t *testing.T) {
	many := make(roster, 10_000)
	for i := range many {
		many[i] = &hygiene.Contact{Key: "k"}
	}
	var told []int64
	_, err := segments.Execute(t.Context(), plan(csvOnly, segments.Segment{Name: "all"}), many,
		[]segments.Publisher{local.Folder(t.TempDir())}, func(done int64) { told = append(told, done) })
	if err != nil || !slices.Equal(told, []int64{4096, 8192, 10_000}) {
		t.Errorf("told %v, %v", told, err)
	}
}

// asking records whether it was asked for messages.
type asking struct {
	roster
	messages *bool
}

func (a asking) Contacts(ctx context.Context, messages bool, visit func(*hygiene.Contact) error) error {
	*a.messages = messages
	return a.roster.Contacts(ctx, messages, visit)
}

func TestMessagesAreReadOnlyForColumnsThatShowThem(t *testing.T) {
	for name, want := range map[string]bool{"contact": false, "attempt": false, "message_id": true, "unique_args": true} {
		c, err := segments.ParseColumn(name)
		if err != nil {
			t.Fatal(err)
		}
		var asked bool
		execute(t, plan(csvOnly, segments.Segment{Name: "all", Columns: []segments.Column{c}}), asking{people(), &asked})
		if asked != want {
			t.Errorf("column %s: messages asked %t, want %t", name, asked, want)
		}
	}
}

func TestOtherReadersReadTheSame(t *testing.T) {
	note, err := segments.ParseColumn("attributes.note")
	if err != nil {
		t.Fatal(err)
	}
	var contacts roster
	want := [][]string{{"contact", "attributes.note"}}
	for i, text := range []string{"a,b", `say "hi"`, "two\nlines", "two\rlines", "two\r\nlines", "=1+1", "'", `\.`, "日本 İ 😀", "\u2028", " space ", ";", "\t", `"`} {
		key := string(rune('a' + i))
		contacts = append(contacts, &hygiene.Contact{Key: key, Attributes: hygiene.Attributes{{Name: "note", Value: hygiene.Value{Text: text}}}})
		want = append(want, []string{key, text})
	}
	_, dir := execute(t, plan(csvOnly, segments.Segment{Name: "all", Columns: []segments.Column{segments.DefaultColumns()[0], note}}), contacts)
	file := filepath.Join(dir, "all.csv")
	for name, command := range map[string]*exec.Cmd{
		"python3": exec.Command("python3", "-c", "import csv,json,sys; print(json.dumps(list(csv.reader(open(sys.argv[1],newline='',encoding='utf-8')))))", file),
		"sqlite3": exec.Command("sqlite3", ":memory:", ".import --csv '"+file+"' t", "select json_array('contact','attributes.note') union all select json_array(contact,\"attributes.note\") from t"),
	} {
		t.Run(name, func(t *testing.T) {
			out, err := command.Output()
			if err != nil {
				t.Skipf("%s: %v", name, err)
			}
			text := string(out)
			if name == "sqlite3" {
				text = "[" + strings.Join(strings.Split(strings.TrimSpace(text), "\n"), ",") + "]"
			}
			var got [][]string
			if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("it reads %q, %v; want %q", got, err, want)
			}
		})
	}
	if _, err := csv.NewReader(strings.NewReader(read(t, file))).ReadAll(); err != nil {
		t.Error(err)
	}
}
