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
	return Options{Config: config, Example: example, Schema: []byte("{}\n"), Program: "/opt/my tools/winnow", User: "ann"}
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

func TestTheUnitNamesAnyFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), `100% of "ours"`)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(options(t, filepath.Join(folder, "winnow.yaml"))); err != nil {
		t.Fatal(err)
	}
	unit, err := os.ReadFile(filepath.Join(folder, UnitFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`ExecStart="/opt/my tools/winnow" serve -c "`, `/100%% of \"ours\"/winnow.yaml"` + "\n", "User=ann\n"} {
		if !strings.Contains(string(unit), want) {
			t.Errorf("the unit lacks %s:\n%s", want, unit)
		}
	}
}
