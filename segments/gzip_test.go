package segments_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
)

// crowded is a roster whose files have several blocks.
func crowded(n int) roster {
	var r roster
	for i := range n {
		r = append(r, &hygiene.Contact{Key: fmt.Sprintf("k%06d", i), Phone: fmt.Sprintf("+90555%07d", i*7919%10_000_000)})
	}
	return r
}

func inflated(t *testing.T, text string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

func TestCompressedFilesOfManyBlocksAreTheSameEveryTime(t *testing.T) {
	p := plan(segments.Formats(), segments.Segment{Name: "all"}, segments.Segment{Name: "some", Where: keyEndsWith("7")})
	_, a := execute(t, p, crowded(20_000))
	_, b := execute(t, p, crowded(20_000))
	for _, name := range filesIn(t, a) {
		text := read(t, a, name)
		if text != read(t, b, name) {
			t.Errorf("%s differs", name)
		}
		if plain, packed := strings.CutSuffix(name, ".gz"); packed && inflated(t, text) != read(t, a, plain) {
			t.Errorf("%s is not %s", name, plain)
		}
	}
}

// keyEnds holds for contacts whose key ends so.
type keyEnds struct {
	hygiene.All
	suffix string
}

func keyEndsWith(suffix string) hygiene.Condition { return keyEnds{suffix: suffix} }

func (k keyEnds) Holds(s *hygiene.Subject) bool { return strings.HasSuffix(s.Key, k.suffix) }

func (k keyEnds) String() string { return "keyEndsWith" }

// failingLists can't read the lists of one contact.
type failingLists struct {
	roster
	at string
}

func (f failingLists) ListsOf(key string) ([]string, error) {
	if key == f.at {
		return nil, errors.New("disk I/O error")
	}
	return nil, nil
}

func TestASegmentThatFailsInTheMiddleLeavesNoHalfCompressedFile(t *testing.T) {
	lists, err := segments.ParseColumn("lists")
	if err != nil {
		t.Fatal(err)
	}
	p := plan([]segments.Format{segments.CSVGzip, segments.NDJSONGzip}, segments.Segment{Name: "torn", Columns: []segments.Column{lists}}, segments.Segment{Name: "well"})
	people := crowded(20_000)
	r, dir := execute(t, p, failingLists{people, people[19_000].Key})
	if got := filesIn(t, dir); !slices.Equal(got, []string{"manifest.json", "well.csv.gz", "well.ndjson.gz"}) {
		t.Errorf("the run holds %v", got)
	}
	if len(r.Manifest.Failed) != 1 || r.Manifest.Failed[0].Segment != "torn" {
		t.Errorf("failed: %+v", r.Manifest.Failed)
	}
	if n := strings.Count(inflated(t, read(t, dir, "well.ndjson.gz")), "\n"); n != 20_000 {
		t.Errorf("the other segment has %d rows", n)
	}
}

func TestRenamedColumnsAreRenamedEverywhere(t *testing.T) {
	r, dir := execute(t, hardPlan(t, segments.CSVOptions{}, segments.NDJSONGzip), hardPeople())
	for _, f := range r.Manifest.Files {
		if !slices.Equal(f.Columns, hardHeaders) {
			t.Errorf("the manifest says %s has %q", f.Name, f.Columns)
		}
	}
	var first map[string]any
	if err := json.NewDecoder(bytes.NewBufferString(inflated(t, read(t, dir, "hard.ndjson.gz")))).Decode(&first); err != nil {
		t.Fatal(err)
	}
	if keys := slices.Sorted(maps.Keys(first)); !slices.Equal(keys, slices.Sorted(slices.Values(hardHeaders))) {
		t.Errorf("the keys are %q", keys)
	}
}

func TestAHeaderIsOneVisibleLineAndNotThatOfADelta(t *testing.T) {
	contact := segments.DefaultColumns()[0]
	for _, header := range []string{"", " ", "change", "a\nb", "a\tb", "\x00", "a\u2028b", "\ufeffa"} {
		if c, err := contact.WithHeader(header); err == nil {
			t.Errorf("%q is taken as %q", header, c.Header())
		}
	}
	for _, header := range []string{"Phone Number", "Change", "contact", "İstanbul 👩‍👧", "می\u200cخواهم"} {
		if c, err := contact.WithHeader(header); err != nil || c.Header() != header || c.String() != "contact" {
			t.Errorf("%q is not taken: %v", header, err)
		}
	}
}

func TestACompressedDeltaTellsWhoCameAndWhoWent(t *testing.T) {
	s := &memoryStore{lists: map[string]*list{}}
	phone, err := segments.DefaultColumns()[1].WithHeader("Phone Number")
	if err != nil {
		t.Fatal(err)
	}
	people := crowded(3)
	var base segments.Base
	for n, where := range []hygiene.Condition{keyEndsWith("0"), keyEndsWith("2")} {
		p := plan([]segments.Format{segments.CSVGzip}, segments.Segment{Name: "some", Where: where, Columns: []segments.Column{phone}})
		p.Run.Name = segments.RunName(noon.Add(time.Duration(n) * hygiene.Day))
		p.Export.Delta, p.Store, p.Bases = []string{"some"}, s, map[string]segments.Base{"some": base}
		_, dir := execute(t, p, people)
		base = segments.Base{Run: p.Run.Name, RunSegment: segments.RunSegment{Segment: "some", Members: true}}
		want := "change,Phone Number\nentered," + people[0].Phone + "\n"
		if n == 1 {
			want = "change,Phone Number\nleft," + people[0].Phone + "\nentered," + people[2].Phone + "\n"
		}
		if got := inflated(t, read(t, dir, "some.delta.csv.gz")); got != want {
			t.Errorf("night %d: the delta is %q, not %q", n, got, want)
		}
	}
}
