package local

import (
	"os"
	"slices"
	"strings"
	"testing"

	"winnow/segments"
	"winnow/segments/destination/destinationtest"
)

// copyRun copies the run from one folder to another.
func copyRun(t *testing.T, from, to Folder, minute int, newest bool) error {
	t.Helper()
	run, err := from.Open("nightly", runAt(minute))
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	d := destinationtest.DeliveryOf(t, run.FS(), minute)
	d.Newest, d.Keep = newest, 1
	return to.Deliver(t.Context(), d)
}

func TestAFolderKeepsThePromisesOfADestination(t *testing.T) {
	destinationtest.Run(t, func(t *testing.T) (segments.Destination, string) {
		folder := t.TempDir()
		return Folder(folder), folder
	})
}

func TestDestinationsAreSplitIntoFoldersAndOthers(t *testing.T) {
	one, two, other := Folder("/one"), Folder("/two"), noFolder{}
	folders, others := Split([]segments.Destination{one, other, two})
	if !slices.Equal(folders, []Folder{one, two}) || !slices.Equal(others, []segments.Destination{other}) {
		t.Errorf("%v and %v", folders, others)
	}
}

type noFolder struct{ segments.Destination }

func TestARunIsCopiedWholeAndReadersStayWithTheNewest(t *testing.T) {
	from, to := Folder(t.TempDir()), Folder(t.TempDir())
	publish(t, from, 1, 3, 9)
	publish(t, from, 2, 5, 9)
	if err := copyRun(t, from, to, 2, true); err != nil {
		t.Fatal(err)
	}
	if err := copyRun(t, from, to, 1, false); err != nil {
		t.Fatal(err)
	}
	if got, want := listing(t, to), runAt(1)+" "+runAt(2)+" latest"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
	if m, err := readRun(pathIn(to, "latest")); err != nil || m.Run != runAt(2) {
		t.Errorf("latest is %+v, %v", m, err)
	}
	if _, err := readRun(pathIn(to, runAt(1))); err != nil {
		t.Error(err)
	}
}

func TestAWholeRunIsLeftAndADamagedOneIsReplaced(t *testing.T) {
	from, to := Folder(t.TempDir()), Folder(t.TempDir())
	publish(t, from, 1, 3, 9)
	publish(t, to, 1, 3, 9)
	hold(t, to, 2)
	before, err := os.Stat(pathIn(to, runAt(1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := copyRun(t, from, to, 1, true); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(pathIn(to, runAt(1))); err != nil || !os.SameFile(before, after) {
		t.Errorf("a whole run was made again: %v", err)
	}
	if err := os.WriteFile(pathIn(to, runAt(1), "all.csv"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := copyRun(t, from, to, 1, false); err != nil {
		t.Fatal(err)
	}
	if _, err := readRun(pathIn(to, runAt(1))); err != nil {
		t.Errorf("the damaged run was left: %v", err)
	}
	if got, want := listing(t, to), runAt(1)+" held latest"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

// Another store may have made a run of the same time.
func TestAnotherRunOfTheSameNameIsReplaced(t *testing.T) {
	from, to := Folder(t.TempDir()), Folder(t.TempDir())
	publish(t, from, 1, 3, 9)
	publish(t, to, 1, 4, 9)
	if err := copyRun(t, from, to, 1, true); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(pathIn(from, runAt(1), segments.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(pathIn(to, "latest", segments.ManifestName)); err != nil || string(got) != string(want) {
		t.Errorf("the other run was taken for this one: %s, %v", got, err)
	}
}

func TestADamagedRunIsCopiedNowhere(t *testing.T) {
	from, to := Folder(t.TempDir()), Folder(t.TempDir())
	publish(t, from, 1, 3, 9)
	if err := os.WriteFile(pathIn(from, runAt(1), "all.csv"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := copyRun(t, from, to, 1, true); err == nil || !strings.Contains(err.Error(), "all.csv does not match the run's manifest") {
		t.Errorf("it was copied: %v", err)
	}
	if got := listing(t, to); got != "" {
		t.Errorf("the folder holds %s", got)
	}
}
