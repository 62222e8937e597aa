package atomicfile

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// namesIn lists the names in a folder.
func namesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAKilledWriterLeavesNoFile(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "clean.csv")
	if f, err := createUnnamed(folder); err != nil {
		t.Skipf("this file system has no unnamed files: %v", err)
	} else {
		f.Discard()
	}
	for i, text := range []string{"first", "second, replacing it"} {
		f, err := Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(text)
		if err := f.Flush(); err != nil || len(namesIn(t, folder)) != i {
			t.Errorf("a kill would leave %q, %v", namesIn(t, folder), err)
		}
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
		f.Discard()
		got, err := os.ReadFile(name)
		info, _ := os.Stat(name)
		if names := namesIn(t, folder); string(got) != text || !slices.Equal(names, []string{"clean.csv"}) || info.Mode().Perm() != newFileMode {
			t.Errorf("%q in %q with mode %s, %v", got, names, info.Mode(), err)
		}
	}
}

func TestTemporaryFilesOfDeadOwnersAreRemoved(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, age time.Duration) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte("+905551234567"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	alive, err := createTemp(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Discard()
	write(filepath.Base(alive.tempName), time.Hour)
	write(tempPrefix+"dead", time.Hour)
	write(tempPrefix+"young", 0)
	write("list.csv", time.Hour)
	other, err := createTemp(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Base(alive.tempName), filepath.Base(other.tempName), tempPrefix + "young", "list.csv"}
	slices.Sort(want)
	if names := namesIn(t, folder); !slices.Equal(names, want) {
		t.Errorf("the folder has %q; want %q", names, want)
	}
	other.name = filepath.Join(folder, "clean.csv")
	other.WriteString("whole")
	if err := other.Commit(); err != nil {
		t.Fatal(err)
	}
	other.Discard()
	if text, err := os.ReadFile(other.name); string(text) != "whole" {
		t.Errorf("%q, %v", text, err)
	}
}
