package segments_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"winnow/segments"
)

// bundled makes a run and gives its files, and its name.
func bundled(t *testing.T) (fstest.MapFS, string) {
	t.Helper()
	_, dir := execute(t, plan([]segments.Format{segments.CSV, segments.JSON}, segments.Segment{Name: "all"}), people())
	files := fstest.MapFS{}
	for _, name := range filesIn(t, dir) {
		files[name] = &fstest.MapFile{Data: []byte(read(t, dir, name))}
	}
	return files, segments.RunName(noon)
}

func TestABundleListsTheFilesOfARunAndTheManifestLast(t *testing.T) {
	files, run := bundled(t)
	b, err := segments.OpenBundle(files, "nightly", run)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range b.Files() {
		names = append(names, f.Name)
		file, err := (segments.Delivery{Bundle: b}).Open(f)
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := file.CopyTo(t.Context(), &text); err != nil || !bytes.Equal(text.Bytes(), files[f.Name].Data) {
			t.Errorf("%s reads %q, %v", f.Name, text.String(), err)
		}
	}
	if got := strings.Join(names, " "); got != "all.csv all.json manifest.json" {
		t.Errorf("the files are %s", got)
	}
	if err := b.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestABundleIsInAFolderThatHoldsTheVerySameRun(t *testing.T) {
	files, run := bundled(t)
	b, err := segments.OpenBundle(files, "nightly", run)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(fstest.MapFS){
		"nothing":     func(fstest.MapFS) {},
		"a file more": func(m fstest.MapFS) { m["README"] = &fstest.MapFile{} },
		"a file less": func(m fstest.MapFS) { delete(m, "all.csv") },
		"a byte":      func(m fstest.MapFS) { m["all.csv"] = &fstest.MapFile{Data: append(m["all.csv"].Data, '\n')} },
		"a longer manifest": func(m fstest.MapFS) {
			m["manifest.json"] = &fstest.MapFile{Data: append(m["manifest.json"].Data, '\n')}
		},
		"no manifest": func(m fstest.MapFS) { delete(m, "manifest.json") },
	} {
		other, _ := bundled(t)
		change(other)
		if is, want := b.IsIn(t.Context(), other), what == "nothing" || what == "a file more"; is != want {
			t.Errorf("changed by %s: %t", what, is)
		}
	}
}

func TestOnlyAnErrorOfTheRunsOwnFilesIsLocal(t *testing.T) {
	files, run := bundled(t)
	b, err := segments.OpenBundle(files, "nightly", run)
	if err != nil {
		t.Fatal(err)
	}
	all := b.Files()[0]
	delete(files, all.Name)
	_, err = (segments.Delivery{Bundle: b}).Open(all)
	if !errors.As(err, new(segments.LocalError)) || !errors.Is(err, fs.ErrNotExist) || err.Error() != "can't read all.csv of the local run: file does not exist" {
		t.Errorf("a missing file: %v", err)
	}
	if err := b.Verify(t.Context()); !errors.As(err, new(segments.LocalError)) {
		t.Errorf("verified: %v", err)
	}
	if _, err := segments.OpenBundle(os.DirFS(t.TempDir()), "nightly", run); !errors.As(err, new(segments.LocalError)) {
		t.Errorf("without a manifest: %v", err)
	}
}

func TestNamesThatLeadOutOfAFolderAreRefused(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../x", "a/b", "a\x00b", "/etc", "A", ".a.csv", "a..csv", "-a", strings.Repeat("a", 64)} {
		if segments.IsExportName(name) {
			t.Errorf("%q is taken for an export", name)
		}
		if segments.IsFileName(name) || segments.IsFileName("../"+name+".csv") {
			t.Errorf("%q is taken for a file", name)
		}
		if segments.IsRunName(name) || segments.IsRunName("2026-13-01T000000Z") || segments.IsRunName("2026-01-02T030405Z/"+name) {
			t.Errorf("%q is taken for a run", name)
		}
	}
	if !segments.IsExportName("nightly_2") || !segments.IsFileName("do-not-text.delta.csv.gz") || !segments.IsRunName("2026-01-02T030405Z") {
		t.Error("a good name is refused")
	}
}
