package segments_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/segments"
)

// awkwardKeys are keys that formats write in another way than they are.
var awkwardKeys = []string{"plain", `say "hi"`, "a&b<c>", `back\slash`, "a,b;c", "+905551234567", "_x0041_", "0012"}

// A run of everybody without one of them is, byte for byte, the run that was made
// without the contact: nothing shows that somebody was there.
func TestARunWithoutAContactIsAsIfThereHadBeenNone(t *testing.T) {
	for _, gone := range awkwardKeys {
		of := &segments.Erasing{Names: [][]byte{[]byte(gone)}, IsName: func(cell string) bool { return cell == gone }}
		if got, want := rewritten(t, of, ""), rewritten(t, nil, gone); !slices.Equal(got, want) {
			t.Errorf("without %s the run is %q, want %q", gone, got, want)
		}
	}
}

// rewritten is a run of contacts with these keys, but without one of them, and without
// what is erased from it; of files that a library packs, only what is in them.
func rewritten(t *testing.T, of *segments.Erasing, without string) (files []string) {
	t.Helper()
	var from roster
	for _, key := range awkwardKeys {
		if key != without {
			from = append(from, &hygiene.Contact{Key: key, Tags: []hygiene.Tag{{Name: "watch"}}})
		}
	}
	slices.SortFunc(from, func(a, b *hygiene.Contact) int { return strings.Compare(a.Key, b.Key) })
	tags, err := segments.ParseColumn("tags")
	if err != nil {
		t.Fatal(err)
	}
	p := plan(segments.Formats(), segments.Segment{Name: "all", Columns: append(segments.DefaultColumns(), tags)})
	_, dir := execute(t, p, from)
	if of != nil {
		dir = erased(t, of, dir)
	}
	var m segments.Manifest
	if err := json.Unmarshal([]byte(read(t, dir, segments.ManifestName)), &m); err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Files {
		text := read(t, dir, f.Name)
		if f.Rows != int64(len(from))-1 && of != nil {
			t.Errorf("%s is said to have %d rows", f.Name, f.Rows)
		}
		if packed := strings.HasSuffix(f.Name, ".gz"); packed {
			text = inflated(t, text)
		}
		files = append(files, f.Name+" "+text)
	}
	return files
}

func erased(t *testing.T, of *segments.Erasing, dir string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	run, to := filepath.Base(dir), t.TempDir()
	if has, err := of.HasRows(os.DirFS(dir), "nightly", run); err != nil || !has {
		t.Errorf("there are rows to erase: %v, %v", has, err)
	}
	create := func(name string) (segments.DraftFile, error) {
		f, err := os.OpenFile(filepath.Join(to, name), os.O_CREATE|os.O_WRONLY, 0o600)
		return rewrittenFile{f}, err
	}
	if err := of.Rewrite(os.DirFS(dir), "nightly", run, create); err != nil {
		t.Fatal(err)
	}
	if has, err := of.HasRows(os.DirFS(to), "nightly", run); err != nil || has {
		t.Errorf("there are still rows to erase: %v, %v", has, err)
	}
	return to
}

// rewrittenFile is a file of a run that was written anew.
type rewrittenFile struct{ *os.File }

func (rewrittenFile) Discard() error { return nil }
