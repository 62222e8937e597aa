package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func hold(t *testing.T, d Folder, minute int) {
	t.Helper()
	if err := making(minute, 3, true)(d); err != nil {
		t.Fatal(err)
	}
}

func TestAHeldRunIsApartUntilItIsReleased(t *testing.T) {
	d := Folder(t.TempDir())
	publish(t, d, 1, 9, 3)
	hold(t, d, 2)
	if got, want := listing(t, d), runAt(1)+" held latest"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
	if to, _ := os.Readlink(pathIn(d, "latest")); to != runAt(1) {
		t.Errorf("latest points to %s", to)
	}
	if err := d.Release("nightly", runAt(2)); err != nil {
		t.Fatal(err)
	}
	if got, want := listing(t, d), runAt(1)+" "+runAt(2)+" latest"; got != want {
		t.Errorf("released, the folder holds %s, want %s", got, want)
	}
	if m, err := readRun(pathIn(d, "latest")); err != nil || m.Run != runAt(2) {
		t.Errorf("latest is %+v, %v", m, err)
	}
}

func TestSettlingDiscardsHeldRunsButThoseToKeep(t *testing.T) {
	d := Folder(t.TempDir())
	hold(t, d, 1)
	hold(t, d, 2)
	if err := os.WriteFile(pathIn(d, "held", "README"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Recover("nightly", "", []string{runAt(2)}); err != nil {
		t.Fatal(err)
	}
	for run, want := range map[string]Location{runAt(1): Missing, runAt(2): Held} {
		if got, err := d.Find("nightly", run); got != want || err != nil {
			t.Errorf("run %s is at %d, %v; want %d", run, got, err, want)
		}
	}
	if err := d.Recover("nightly", "", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(pathIn(d, "held", "README")); err != nil {
		t.Errorf("what others keep there is gone: %v", err)
	}
}

func TestTheSameRunHeldAgainReplacesIt(t *testing.T) {
	d := Folder(t.TempDir())
	hold(t, d, 1)
	if err := making(1, 5, true)(d); err != nil {
		t.Fatal(err)
	}
	if m, err := readRun(pathIn(d, "held", runAt(1))); err != nil || m.Files[0].Rows != 5 {
		t.Errorf("the held run is %+v, %v; want the later one's 5 rows", m, err)
	}
}

func TestReleasingWhatIsNotThereIsNamed(t *testing.T) {
	d := Folder(t.TempDir())
	for _, run := range []string{runAt(1), "../x"} {
		if err := d.Release("nightly", run); err == nil || !strings.Contains(err.Error(), string(d)) {
			t.Errorf("releasing %s: %v", run, err)
		}
	}
}

func TestAHeldThatLeadsOutIsNotFollowed(t *testing.T) {
	outside, d := t.TempDir(), Folder(t.TempDir())
	publish(t, d, 1, 9, 1)
	if err := os.Symlink(outside, pathIn(d, "held")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(outside, runAt(2)), 0o750); err != nil {
		t.Fatal(err)
	}
	making(3, 1, true)(d)
	d.Recover("nightly", "", nil)
	d.Release("nightly", runAt(2))
	if left, _ := os.ReadDir(outside); len(left) != 1 || left[0].Name() != runAt(2) {
		t.Errorf("outside lies %v", left)
	}
}
