package sftp

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"winnow/segments"
	"winnow/segments/destination"
	"winnow/segments/destination/sftp/sftptest"
)

func TestAServerThatRenamesNoFoldersGetsTheRunAndPrunes(t *testing.T) {
	s := sftptest.Serve(t, sftptest.NoSymlinks(), sftptest.NoFolderRenames())
	to := folderOn(t, s)
	for minute := 1; minute <= 4; minute++ {
		d := deliveryAt(t, minute, 3)
		d.Keep = 2
		deliver(t, to, d)
	}
	wantNames(t, s, runAt(3), runAt(4))
	wantRun(t, inDrop(s, runAt(4)), 4, 3)
}

func TestOnlyOldRunsAndLeftoversAreTakenAway(t *testing.T) {
	s := sftptest.Serve(t)
	to := folderOn(t, s)
	for minute := 1; minute <= 3; minute++ {
		deliver(t, to, deliveryAt(t, minute, 3))
	}
	others := []string{"README", ".hidden", "2026-01-01", "2026-13-01T000000Z", "incoming/deep/file"}
	for _, name := range append(others, ".winnow-draft-"+runAt(9)+"/half.csv", ".winnow-gone-x/a/b/c") {
		if err := os.MkdirAll(filepath.Dir(inDrop(s, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(inDrop(s, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	outside := filepath.Join(s.Root, "precious")
	if err := os.MkdirAll(filepath.Join(outside, "kept"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../precious", inDrop(s, ".winnow-link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../../precious", inDrop(s, runAt(1), "link")); err != nil {
		t.Fatal(err)
	}
	d := deliveryAt(t, 4, 3)
	d.Keep, d.Newest = 2, false // latest stays at run 3
	sweptWith(t, s, d)
	wantNames(t, s, ".hidden", "2026-01-01", "2026-13-01T000000Z", runAt(3), runAt(4), "README", "incoming", "latest")
	if _, err := os.Stat(filepath.Join(outside, "kept")); err != nil {
		t.Errorf("a link was followed: %v", err)
	}
	d = deliveryAt(t, 5, 3)
	d.Keep, d.Newest = 1, false
	deliver(t, to, d)
	wantRun(t, inDrop(s, "latest"), 3, 3) // latest is not pruned
	if _, err := os.Stat(inDrop(s, runAt(4))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("run 4 is still there: %v", err)
	}
}

func TestAServerThatKeepsAllRunsGetsTheNextToo(t *testing.T) {
	s := sftptest.Serve(t, sftptest.KeepRuns())
	to := folderOn(t, s)
	for minute := range 3 {
		d := deliveryAt(t, minute, 3)
		d.Keep = 1
		deliver(t, to, d)
	}
	wantNames(t, s, runAt(0), runAt(1), runAt(2), "latest")
}

func TestOnAServerTooRunsOfAClockThatWasAheadGoFirst(t *testing.T) {
	for _, faults := range [][]sftptest.Option{nil, {sftptest.NoSymlinks()}} {
		s := sftptest.Serve(t, faults...)
		to := folderOn(t, s)
		for _, minute := range []int{900, 1, 2, 3} {
			d := deliveryAt(t, minute, 3)
			d.Keep, d.Newest = 2, true
			deliver(t, to, d)
		}
		want := []string{runAt(2), runAt(3)}
		if faults == nil {
			want = append(want, "latest")
		}
		wantNames(t, s, want...)
	}
}

// ageLeftovers makes all leftovers on the server as old as that.
func ageLeftovers(t testing.TB, s *sftptest.Server, age time.Duration) {
	t.Helper()
	touch := []string{"--no-dereference", "--date", "@" + strconv.FormatInt(time.Now().Add(-age).Unix(), 10), "--"}
	none := len(touch)
	leftovers, _ := filepath.Glob(inDrop(s, destination.TempPrefix+"*"))
	for _, at := range leftovers {
		_ = filepath.WalkDir(at, func(path string, _ fs.DirEntry, err error) error {
			touch = append(touch, path)
			return err
		})
	}
	if len(touch) == none {
		return
	}
	if out, err := exec.Command("touch", touch...).CombinedOutput(); err != nil {
		t.Fatalf("touch: %v %s", err, out)
	}
}

// sweptWith delivers a run a day later, which removes the leftovers.
func sweptWith(t testing.TB, s *sftptest.Server, d segments.Delivery) {
	t.Helper()
	ageLeftovers(t, s, 24*time.Hour)
	deliver(t, folderOn(t, s), d)
}

func TestWhatMayBeADeliveryUnderWayIsNotSwept(t *testing.T) {
	s := sftptest.Serve(t)
	draft := destination.TempPrefix + "draft-of-another"
	for _, name := range []string{draft + "/all.csv", destination.TempPrefix + "gone-x/all.csv"} {
		if err := os.MkdirAll(filepath.Dir(inDrop(s, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(inDrop(s, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sweep := func(age time.Duration, want ...string) {
		t.Helper()
		ageLeftovers(t, s, age)
		deliver(t, folderOn(t, s), deliveryAt(t, int(age.Hours()), 3))
		wantNames(t, s, want...)
	}
	sweep(5*time.Hour, draft, destination.TempPrefix+"gone-x", runAt(5), "latest")
	if err := os.Chtimes(inDrop(s, draft), time.Time{}, time.Now().Add(-48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	sweep(4*time.Hour, draft, destination.TempPrefix+"gone-x", runAt(4), runAt(5), "latest")
	sweep(7*time.Hour, runAt(4), runAt(5), runAt(7), "latest")
}

func TestWhatIsOldIsToldByTheServersClock(t *testing.T) {
	for age, stays := range map[time.Duration]bool{29 * time.Hour: true, 31 * time.Hour: false, -40 * time.Hour: true} {
		var s *sftptest.Server
		late := func(_ int, operation string) { // its clock is a day late
			if strings.HasPrefix(operation, "list ") && strings.Contains(operation, runAt(1)) {
				drafts, _ := filepath.Glob(inDrop(s, destination.DraftPrefix+runAt(1)+"*", "*"))
				for _, file := range drafts {
					_ = os.Chtimes(file, time.Time{}, time.Now().Add(-24*time.Hour))
				}
			}
		}
		s = sftptest.Serve(t, sftptest.OnOperation(late))
		if err := os.MkdirAll(inDrop(s, destination.DraftPrefix+"old"), 0o755); err != nil {
			t.Fatal(err)
		}
		ageLeftovers(t, s, age)
		deliver(t, folderOn(t, s), deliveryAt(t, 1, 3))
		if got := strings.Contains(inFolderOn(t, s), destination.TempPrefix); got != stays {
			t.Errorf("%v old, the folder holds %s", age, inFolderOn(t, s))
		}
	}
}

func TestAServerThatLetsNothingBeRemovedGetsEveryRun(t *testing.T) {
	s := sftptest.Serve(t, sftptest.NoRemovals(), sftptest.CutAt(12))
	to := folderOn(t, s)
	first := deliveryAt(t, 1, 3)
	mustFail(t, to, first, "the connection was lost") // its draft can't be swept
	deliver(t, to, first)
	for minute := 2; minute <= 4; minute++ {
		ageLeftovers(t, s, 24*time.Hour)
		d := deliveryAt(t, minute, contacts(minute))
		d.Keep = 1
		deliver(t, to, d)
		wantRun(t, inDrop(s, "latest"), minute, int64(minute))
		wantRun(t, inDrop(s, runAt(1)), 1, 3)
	}
	deliver(t, to, deliveryAt(t, 4, 9)) // the same run with other contents
	wantRun(t, inDrop(s, "latest"), 4, 9)
	var kept []string
	for _, name := range strings.Fields(inFolderOn(t, s)) {
		if !strings.HasPrefix(name, destination.TempPrefix) {
			kept = append(kept, name)
		}
	}
	if got, want := strings.Join(kept, " "), strings.Join([]string{runAt(1), runAt(2), runAt(3), runAt(4), "latest"}, " "); got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}
