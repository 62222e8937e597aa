// Package destinationtest has runs to deliver in tests, and the tests that every
// kind of destination passes: see [Run].
package destinationtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"winnow/hygiene"
	"winnow/segments"
)

// Export is the name of the export whose runs these are.
const Export = "nightly"

// Contacts is a snapshot of that many contacts.
type Contacts int

// Contacts implements [segments.Snapshot].
func (n Contacts) Contacts(ctx context.Context, _ bool, visit func(*hygiene.Contact) error) error {
	var c hygiene.Contact
	for i := range int(n) {
		c.Key = fmt.Sprintf("contact-%06d", i)
		if err := visit(&c); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// InList implements [segments.Lists].
func (Contacts) InList(string, string) (bool, error) { return false, nil }

// PinsOf implements [segments.Lists].
func (Contacts) PinsOf(string) ([]segments.Pin, error) { return nil, nil }

// ListsOf implements [segments.Snapshot].
func (Contacts) ListsOf(string) ([]string, error) { return nil, nil }

// At is that minute of the day on which the runs are made.
func At(minute int) hygiene.Instant {
	return hygiene.Instant(1_800_000_000_000_000).Add(time.Duration(minute) * time.Minute)
}

// RunName is the name of the run of that minute.
func RunName(minute int) string { return segments.RunName(At(minute)) }

// Plan is the run of that minute: two segments, both of all contacts, as CSV.
func Plan(minute, keep int) segments.Plan {
	return segments.Plan{
		Export:   segments.Export{Name: Export, Segments: []string{"all", "same"}, Formats: []segments.Format{segments.CSV}, Keep: keep},
		Segments: []segments.Segment{{Name: "all"}, {Name: "same"}},
		Run:      segments.Run{Export: Export, Name: RunName(minute), ScheduledAt: At(minute), AsOf: At(minute)},
	}
}

// Files are the files of the run of that minute, with that many contacts.
func Files(t testing.TB, minute int, contacts Contacts) fstest.MapFS {
	t.Helper()
	files := memory{}
	r, err := segments.Execute(t.Context(), Plan(minute, 9), contacts, []segments.Publisher{files}, nil)
	if err != nil || len(r.Problems) > 0 {
		t.Fatalf("run %d: %v %v", minute, err, r.Problems)
	}
	return fstest.MapFS(files)
}

// Delivery is that run as the newest one, of nine that are kept.
func Delivery(t testing.TB, minute int, contacts Contacts) segments.Delivery {
	t.Helper()
	return DeliveryOf(t, Files(t, minute, contacts), minute)
}

// DeliveryOf is the run of that minute as the newest one, of nine that are kept.
func DeliveryOf(t testing.TB, files fs.FS, minute int) segments.Delivery {
	t.Helper()
	b, err := segments.OpenBundle(files, Export, RunName(minute))
	if err != nil {
		t.Fatal(err)
	}
	return segments.Delivery{Bundle: b, Newest: true, Keep: 9}
}

// memory is a run in memory. It is its own publisher, draft and file.
type memory fstest.MapFS

func (memory) String() string { return "memory" }

func (m memory) Begin(string, string) (segments.Draft, error) { return m, nil }

func (memory) Prune(string, int) error { return nil }

func (memory) Publish() error { return nil }

func (memory) Hold() error { return nil }

func (memory) Abort() error { return nil }

func (m memory) Create(name string) (segments.DraftFile, error) {
	m[name] = &fstest.MapFile{Mode: 0o640}
	return memoryFile{m, name}, nil
}

type memoryFile struct {
	in   memory
	name string
}

func (f memoryFile) Write(b []byte) (int, error) {
	f.in[f.name].Data = append(f.in[f.name].Data, b...)
	return len(b), nil
}

func (f memoryFile) Close() error { return nil }

func (f memoryFile) Discard() error { delete(f.in, f.name); return nil }

// Manifest is what readers need of one.
type Manifest struct {
	Run   string
	Files []segments.File
}

// ReadRun reads the run at the path, as a careful reader does: it holds the folder
// open, and checks the files against the manifest.
func ReadRun(path string) (Manifest, error) {
	var m Manifest
	root, err := os.OpenRoot(path)
	if err != nil {
		return m, err
	}
	defer root.Close()
	text, err := root.ReadFile(segments.ManifestName)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, err
	}
	for _, f := range m.Files {
		b, err := root.ReadFile(f.Name)
		if err != nil {
			return m, err
		}
		if int64(len(b)) != f.Bytes || int64(bytes.Count(b, []byte("\n"))) != f.Rows+1 {
			return m, fmt.Errorf("%s has %d bytes, the manifest says %d", f.Name, len(b), f.Bytes)
		}
	}
	if len(m.Files) != 2 || m.Files[0].Rows != m.Files[1].Rows {
		return m, fmt.Errorf("files of two runs: %+v", m.Files)
	}
	return m, nil
}

// WantRun wants the run of that minute at the path, whole and with that many
// contacts.
func WantRun(t testing.TB, path string, minute int, contacts int64) {
	t.Helper()
	m, err := ReadRun(path)
	if err != nil || m.Run != RunName(minute) || m.Files[0].Rows != contacts {
		t.Errorf("%s holds %s with %+v, %v; want %s with %d rows", path, m.Run, m.Files, err, RunName(minute), contacts)
	}
}

// WantNames wants the folder to hold entries of these names, dots included, and
// no others.
func WantNames(t testing.TB, folder string, names ...string) {
	t.Helper()
	var got []string
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(names) {
		t.Errorf("%s holds %q, %v; want %q", filepath.Base(folder), got, err, names)
	}
}
