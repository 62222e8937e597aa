package starter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func options(t *testing.T, config string) Options {
	t.Helper()
	example, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return Options{Config: config, Example: example, Schema: []byte("{}\n"), Unit: func(string, []byte) (string, error) { return "[Unit]\n", nil }}
}

func TestAllFilesAreMadeOrNone(t *testing.T) {
	for _, there := range []string{"winnow.yaml", TokenFile, TestFile, SchemaFile, UnitFile} {
		folder := t.TempDir()
		if err := os.Symlink("nowhere", filepath.Join(folder, there)); err != nil {
			t.Fatal(err)
		}
		if _, err := Write(options(t, filepath.Join(folder, "winnow.yaml"))); err == nil || !strings.Contains(err.Error(), there+" exists already") {
			t.Errorf("%s is there: %v", there, err)
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
			t.Errorf("%s is there: %d files, %v", there, len(entries), err)
		}
	}
	gone := filepath.Join(t.TempDir(), "gone")
	if _, err := Write(options(t, filepath.Join(gone, "winnow.yaml"))); err == nil || !strings.Contains(err.Error(), gone) {
		t.Errorf("a folder that does not exist: %v", err)
	}
}
