package atomicfile

import (
	"os"
	"path/filepath"
	"testing"

	"winnow/internal/ui"
)

func TestAListIsNotScrubbedIntoItself(t *testing.T) {
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
		t.Error("stdout goes into the list, and nobody noticed")
	}
	link := filepath.Join(filepath.Dir(path), "link.csv")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if Distinct(path, link) == nil || Distinct("", path, filepath.Dir(path)+"/./list.csv") == nil || Distinct(path, "", "") != nil {
		t.Error("two names of one file are not told apart from two files")
	}
}
