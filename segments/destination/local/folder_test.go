package local

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"winnow/segments"
	"winnow/segments/destination/destinationtest"
)

type contacts = destinationtest.Contacts

var (
	runAt   = destinationtest.RunName
	planAt  = destinationtest.Plan
	readRun = destinationtest.ReadRun
)

// pathIn is a path in the folder of the export.
func pathIn(d Folder, parts ...string) string {
	return filepath.Join(append([]string{string(d), "nightly"}, parts...)...)
}

// publish makes the run of that minute with that many contacts.
func publish(t *testing.T, d Folder, minute, keep int, of contacts) {
	t.Helper()
	r, err := segments.Execute(t.Context(), planAt(minute, keep), of, []segments.Publisher{d}, nil)
	if err != nil || len(r.Problems) > 0 {
		t.Fatalf("run %d: %v %v", minute, err, r.Problems)
	}
}

// listing names what is in the folder of the export, dots included.
func listing(t *testing.T, d Folder) string {
	t.Helper()
	entries, err := os.ReadDir(pathIn(d))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestARunIsAFolderAndLatestPointsToIt(t *testing.T) {
	d := Folder(filepath.Join(t.TempDir(), "not", "there", "yet"))
	publish(t, d, 1, 9, 3)
	publish(t, d, 2, 9, 3)
	if got, want := listing(t, d), runAt(1)+" "+runAt(2)+" latest"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
	if to, err := os.Readlink(pathIn(d, "latest")); to != runAt(2) {
		t.Errorf("latest points to %q (%v), want the relative %s", to, err, runAt(2))
	}
	for path, want := range map[string]os.FileMode{pathIn(d, runAt(2)): 0o750, pathIn(d, runAt(2), "all.csv"): 0o640} {
		if i, err := os.Stat(path); err != nil || i.Mode().Perm()&^want != 0 {
			t.Errorf("%s: %v %v, want at most %o", path, i.Mode(), err, want)
		}
	}
}

func TestTheSameRunAgainReplacesIt(t *testing.T) {
	d := Folder(t.TempDir())
	publish(t, d, 1, 9, 3)
	publish(t, d, 1, 9, 5)
	m, err := readRun(pathIn(d, "latest"))
	if err != nil || m.Files[0].Rows != 5 {
		t.Errorf("the run holds %+v, %v; want the later one's 5 rows", m.Files, err)
	}
	if got, want := listing(t, d), runAt(1)+" latest"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

func TestPruningKeepsTheLatestRuns(t *testing.T) {
	d := Folder(t.TempDir())
	for minute := range 5 {
		publish(t, d, minute, 3, 1)
	}
	if got, want := listing(t, d), strings.Join([]string{runAt(2), runAt(3), runAt(4), "latest"}, " "); got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

func TestPruningSparesTheRunThatReadersArePointedTo(t *testing.T) {
	d := Folder(t.TempDir())
	publish(t, d, 8, 2, 1)
	publish(t, d, 9, 2, 1)
	publish(t, d, 1, 2, 1) // a missed run, made up
	if got, want := listing(t, d), strings.Join([]string{runAt(1), runAt(9), "latest"}, " "); got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

func TestRunsOfAClockThatWasAheadGoFirst(t *testing.T) {
	d := Folder(t.TempDir())
	for _, minute := range []int{1, 900, 800, 2, 3} {
		publish(t, d, minute, 3, 1)
	}
	if got, want := listing(t, d), strings.Join([]string{runAt(1), runAt(2), runAt(3), "latest"}, " "); got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
	publish(t, d, 4, 3, 1)
	if got, want := listing(t, d), strings.Join([]string{runAt(2), runAt(3), runAt(4), "latest"}, " "); got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

func TestWhatOthersKeepThereStays(t *testing.T) {
	d := Folder(t.TempDir())
	publish(t, d, 1, 1, 1)
	for _, name := range []string{".gitignore", "README", "held"} {
		if err := os.WriteFile(pathIn(d, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, d, 2, 1, 1)
	if got, want := listing(t, d), ".gitignore "+runAt(2)+" README held latest"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

func TestSettlePointsToTheNewestPublishedRun(t *testing.T) {
	d := Folder(t.TempDir())
	if err := d.Recover("nightly", runAt(1), nil); err != nil {
		t.Fatalf("settling what is not there: %v", err)
	}
	publish(t, d, 1, 9, 1)
	publish(t, d, 2, 9, 1)
	for newest, want := range map[string]string{runAt(1): runAt(1), runAt(7): runAt(1), "": runAt(1)} {
		if err := errors.Join(d.Recover("nightly", runAt(1), nil), d.Recover("nightly", newest, nil)); err != nil {
			t.Fatal(err)
		}
		if to, _ := os.Readlink(pathIn(d, "latest")); to != want {
			t.Errorf("settled on %q, latest points to %s, want %s", newest, to, want)
		}
	}
}

func TestALatestInTheWayIsNamedAndNothingIsLeftBesideIt(t *testing.T) {
	d := Folder(t.TempDir())
	if err := os.MkdirAll(pathIn(d, "latest", "kept"), 0o750); err != nil {
		t.Fatal(err)
	}
	_, err := segments.Execute(t.Context(), planAt(1, 9), contacts(1), []segments.Publisher{d}, nil)
	if err == nil || !strings.Contains(err.Error(), string(d)) || !strings.Contains(err.Error(), "latest: ") || !strings.Contains(err.Error(), "move what is in the way") {
		t.Errorf("published over a folder: %v", err)
	}
	if got, want := listing(t, d), "latest"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

func TestSettlingOverWhatIsInTheWayOfLatestIsTold(t *testing.T) {
	d := Folder(t.TempDir())
	publish(t, d, 1, 9, 1)
	if err := errors.Join(os.Remove(pathIn(d, "latest")), os.MkdirAll(pathIn(d, "latest", "kept"), 0o750)); err != nil {
		t.Fatal(err)
	}
	if err := d.Recover("nightly", runAt(1), nil); err == nil {
		t.Error("settled over a folder")
	}
	if got, want := listing(t, d), runAt(1)+" latest"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

func TestNoNameLeadsOutOfTheDirectory(t *testing.T) {
	outside := t.TempDir()
	d := Folder(t.TempDir())
	if err := os.Symlink(outside, filepath.Join(string(d), "linked")); err != nil {
		t.Fatal(err)
	}
	for _, export := range []string{"../x", "/etc", "", ".", "..", "a/b", "a\x00b", "Nightly", "linked"} {
		if _, err := d.Begin(export, runAt(1)); err == nil {
			t.Errorf("a run of export %q began", export)
		}
	}
	for _, run := range []string{"../x", "", "latest", "held", "2026-11-23T020000Z/..", "2026-13-23T020000Z"} {
		if _, err := d.Begin("nightly", run); err == nil {
			t.Errorf("run %q began", run)
		}
	}
	draft, err := d.Begin("nightly", runAt(1))
	if err != nil {
		t.Fatal(err)
	}
	defer draft.Abort()
	for _, file := range []string{"../x.csv", "/tmp/x.csv", "", "..", "a/b.csv", ".hidden.csv", "a\x00.csv"} {
		if _, err := draft.Create(file); err == nil {
			t.Errorf("file %q was created", file)
		}
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("outside lies %v", left)
	}
}

func TestAFailingDestinationSpoilsNoOther(t *testing.T) {
	inTheWay := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	good, bad := Folder(t.TempDir()), Folder(filepath.Join(inTheWay, "exports"))
	r, err := segments.Execute(t.Context(), planAt(1, 9), contacts(3), []segments.Publisher{bad, good}, nil)
	if err != nil || r.Run.Status != segments.Published {
		t.Fatalf("status %s, %v", r.Run.Status, err)
	}
	if _, err := readRun(pathIn(good, "latest")); err != nil {
		t.Error(err)
	}
	if !strings.Contains(r.Run.Error, string(bad)) || !strings.Contains(r.Run.Error, "not a directory") {
		t.Errorf("the error %q does not name the destination and the reason", r.Run.Error)
	}
	if _, err := segments.Execute(t.Context(), planAt(2, 9), contacts(3), []segments.Publisher{bad}, nil); err == nil {
		t.Error("a run without any destination is no error")
	}
}

func TestAFileWhereAFolderBelongsIsToBeMoved(t *testing.T) {
	d := Folder(t.TempDir())
	file := pathIn(d)
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, d := range []Folder{d, Folder(file)} {
		if _, err := d.Begin("nightly", runAt(1)); err == nil || !strings.Contains(err.Error(), "move what is in the way") {
			t.Errorf("%s: %v", d, err)
		}
	}
}

func TestAPlaceWhereNothingCanBeMadeIsTold(t *testing.T) {
	_, err := Folder("/proc/nowhere/at/all").Begin("nightly", runAt(1))
	if err == nil || !strings.Contains(err.Error(), "/proc/nowhere: no such file or directory") {
		t.Errorf("it says %v", err)
	}
}

func TestAFullDiskLeavesTheRunBefore(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("mounting a small disk: %v", err)
	}
	defer syscall.Unmount(dir, 0)
	full, good := Folder(dir), Folder(t.TempDir())
	publish(t, full, 1, 9, 10)
	r, err := segments.Execute(t.Context(), planAt(2, 9), contacts(100_000), []segments.Publisher{full, good}, nil)
	if err != nil || !strings.Contains(r.Run.Error, "no space left") || !strings.Contains(r.Run.Error, dir) {
		t.Errorf("error %q, %v; want that the disk of %s is full", r.Run.Error, err, dir)
	}
	if got, want := listing(t, full), runAt(1)+" latest"; got != want {
		t.Errorf("the full disk holds %s, want %s", got, want)
	}
	if m, err := readRun(pathIn(good, "latest")); err != nil || m.Files[0].Rows != 100_000 {
		t.Errorf("the other destination has %+v, %v", m, err)
	}
	publish(t, full, 3, 9, 10)
}

// inMemory is a directory for tests of many runs: what they ask is in which order
// names change, which the disk has no part in.
func inMemory(t *testing.T) Folder {
	dir, err := os.MkdirTemp("/dev/shm", "destination")
	if err != nil {
		return Folder(t.TempDir())
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return Folder(dir)
}

func TestReadersNeverSeeHalfARun(t *testing.T) {
	d := inMemory(t)
	// All are kept: a slow reader may be in a run while it is removed.
	const keep = 10_000
	publish(t, d, 0, keep, 5)
	stop, seen := make(chan struct{}), make(map[string]bool)
	var runsSeen atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			name, err := os.Readlink(pathIn(d, "latest"))
			if err != nil {
				t.Errorf("latest is not there: %v", err)
				return
			}
			m, err := readRun(pathIn(d, "latest"))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			seen[m.Run] = true
			runsSeen.Store(int64(len(seen)))
		}
	})
	for minute := 1; !t.Failed() && (minute <= 200 || runsSeen.Load() < 10); minute++ {
		publish(t, d, minute, keep, contacts(minute%7))
	}
	close(stop)
	wg.Wait()
}
