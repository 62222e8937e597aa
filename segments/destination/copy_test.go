package destination

import (
	"context"
	"os"
	"strings"
	"testing"

	"winnow/segments"
)

// bring copies the run from one directory to another.
func bring(t *testing.T, from, to Directory, minute int, newest bool) error {
	t.Helper()
	run, err := from.Open("nightly", runAt(minute))
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	return to.Deliver(context.Background(), segments.Delivery{Export: "nightly", Run: runAt(minute), From: run.FS(), Newest: newest, Keep: 1})
}

func TestARunIsCopiedWholeAndReadersStayWithTheNewest(t *testing.T) {
	from, to := Directory(t.TempDir()), Directory(t.TempDir())
	publish(t, from, 1, 3, 9)
	publish(t, from, 2, 5, 9)
	if err := bring(t, from, to, 2, true); err != nil {
		t.Fatal(err)
	}
	if err := bring(t, from, to, 1, false); err != nil {
		t.Fatal(err)
	}
	if got, want := listing(t, to), runAt(1)+" "+runAt(2)+" latest"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
	if m, err := readWhole(inFolder(to, "latest")); err != nil || m.Run != runAt(2) {
		t.Errorf("latest is %+v, %v", m, err)
	}
	if _, err := readWhole(inFolder(to, runAt(1))); err != nil {
		t.Error(err)
	}
}

func TestAWholeRunIsLeftAndADamagedOneIsReplaced(t *testing.T) {
	from, to := Directory(t.TempDir()), Directory(t.TempDir())
	publish(t, from, 1, 3, 9)
	publish(t, to, 1, 3, 9)
	hold(t, to, 2)
	before, err := os.Stat(inFolder(to, runAt(1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := bring(t, from, to, 1, true); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(inFolder(to, runAt(1))); err != nil || !os.SameFile(before, after) {
		t.Errorf("a whole run was made again: %v", err)
	}
	if err := os.WriteFile(inFolder(to, runAt(1), "all.csv"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := bring(t, from, to, 1, false); err != nil {
		t.Fatal(err)
	}
	if _, err := readWhole(inFolder(to, runAt(1))); err != nil {
		t.Errorf("the damaged run was left: %v", err)
	}
	if got, want := listing(t, to), runAt(1)+" held latest"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

// Another store may have made a run of the same time.
func TestAnotherRunOfTheSameNameIsReplaced(t *testing.T) {
	from, to := Directory(t.TempDir()), Directory(t.TempDir())
	publish(t, from, 1, 3, 9)
	publish(t, to, 1, 4, 9)
	if err := bring(t, from, to, 1, true); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(inFolder(from, runAt(1), segments.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(inFolder(to, "latest", segments.ManifestName)); err != nil || string(got) != string(want) {
		t.Errorf("the other run was taken for this one: %s, %v", got, err)
	}
}

func TestADamagedRunIsCopiedNowhere(t *testing.T) {
	from, to := Directory(t.TempDir()), Directory(t.TempDir())
	publish(t, from, 1, 3, 9)
	if err := os.WriteFile(inFolder(from, runAt(1), "all.csv"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := bring(t, from, to, 1, true); err == nil || !strings.Contains(err.Error(), "not what the run's manifest tells of") {
		t.Errorf("it was copied: %v", err)
	}
	if got := listing(t, to); got != "" {
		t.Errorf("the folder holds %s", got)
	}
}
