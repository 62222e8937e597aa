package atomicfile

import (
	"os"
	"path/filepath"
	"testing"

	"winnow/internal/ui"
)

func TestOneFileUnderTwoNamesIsRecognized(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(path, []byte("key\nann\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if !WritesInto(&ui.CheckedWriter{Writer: out}, in) {
		t.Error("stdout writes into the input, and WritesInto is false")
	}
	link := filepath.Join(filepath.Dir(path), "link.csv")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if CheckDistinct(path, link) == nil || CheckDistinct("", path, filepath.Dir(path)+"/./list.csv") == nil || CheckDistinct(path, "", "") != nil {
		t.Error("two names of one file are not distinguished from two files")
	}
}
