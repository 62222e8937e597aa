package scratchfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestTMPDIRNamesTheFolder(t *testing.T) {
	t.Setenv("TMPDIR", "")
	if got := Folder("/var/lib/winnow"); got != "/var/lib/winnow" {
		t.Errorf("without TMPDIR scratch files are in %s", got)
	}
	t.Setenv("TMPDIR", "/elsewhere")
	if got := Folder("/var/lib/winnow"); got != "/elsewhere" {
		t.Errorf("with TMPDIR scratch files are in %s", got)
	}
}

func TestAScratchFileHasNoName(t *testing.T) {
	folder := t.TempDir()
	f, err := Create(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var opened *os.File
	err = Open(folder, "some.db", func(path string) (err error) {
		opened, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v would stay after a kill, %v", left, err)
	}
	if _, err := f.Write([]byte("some")); err != nil {
		t.Error(err)
	}
}

func TestAFolderThatIsMissingIsNamed(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	want := "make a temporary file in " + nowhere + ": no such file or directory; set TMPDIR to a folder that is there and that you may write in"
	if _, err := Create(nowhere); err == nil || err.Error() != want || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v; want %s", err, want)
	}
	if err := Open(nowhere, "some.db", nil); err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}
