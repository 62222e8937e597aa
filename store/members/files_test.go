package members

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, f Folder, name Name, text string) {
	t.Helper()
	d, err := f.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(d, text)
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, f Folder) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(string(f))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestAFileIsWhatWasWrittenLast(t *testing.T) {
	f := Folder(filepath.Join(t.TempDir(), "winnow-members"))
	name := Name{"nightly", "reachable", "2026-01-01T020000Z"}
	if _, err := f.Open(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the error of a file that is missing is %v", err)
	}
	write(t, f, name, "ann\nbob\n")
	write(t, f, name, "cem\n")
	r, err := f.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil || string(text) != "cem\n" {
		t.Errorf("%q, %v", text, err)
	}
	info, err := os.Stat(filepath.Join(string(f), name.file()))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	d, err := f.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Discard(); err != nil || len(names(t, f)) != 0 {
		t.Errorf("%q is left after Discard, %v", names(t, f), err)
	}
}
