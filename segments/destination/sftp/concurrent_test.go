package sftp

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"winnow/segments"
	"winnow/segments/destination"
	"winnow/segments/destination/destinationtest"
	"winnow/segments/destination/sftp/sftptest"
)

// Two daemons, two exports, or two URLs of one server may deliver runs to the same
// folder at the same time, and know nothing of each other.

// readBehind reads as a reader does that follows a link or knows the name of a run:
// it opens the folder, reads the manifest, and compares all files that it names. A
// folder that lost its name meanwhile has no readers: nil for it, and for a name
// that does not exist.
func readBehind(path string) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil
	}
	defer root.Close()
	trouble := compare(root)
	if trouble == nil {
		return nil
	}
	opened, err := root.Stat(".")
	if err != nil {
		return err
	}
	if now, err := os.Stat(path); err != nil || !os.SameFile(opened, now) {
		return nil
	}
	return trouble
}

func compare(root *os.Root) error {
	text, err := root.ReadFile(segments.ManifestName)
	if err != nil {
		return err
	}
	var m destinationtest.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	for _, f := range m.Files {
		b, err := root.ReadFile(f.Name)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != f.SHA256 {
			return fmt.Errorf("%s has %d bytes which is not what the manifest says", f.Name, len(b))
		}
	}
	return nil
}

// wantWhole wants a whole run at the path.
func wantWhole(t testing.TB, path, when string) {
	t.Helper()
	root, err := os.OpenRoot(path)
	if err == nil {
		defer root.Close()
		err = compare(root)
	}
	if err != nil {
		t.Errorf("%s: %v", when, err)
	}
}

// watch reads by these names until it is stopped.
func watch(t testing.TB, folder string, names ...string) (stop func()) {
	var done atomic.Bool
	var readers sync.WaitGroup
	readers.Go(func() {
		for !done.Load() && !t.Failed() {
			for _, name := range names {
				if err := readBehind(filepath.Join(folder, name)); err != nil {
					t.Errorf("readers of %s see half a run: %v", name, err)
				}
			}
		}
	})
	return func() { done.Store(true); readers.Wait() }
}

// manyDeliveries are those of several daemons: the same runs and others, and two
// runs of one name that differ.
func manyDeliveries(t testing.TB) []segments.Delivery {
	all := []segments.Delivery{deliveryAt(t, 1, 2000), deliveryAt(t, 2, 30), deliveryAt(t, 3, 700), deliveryAt(t, 2, 900)}
	return append(all, all[0], all[1], all[2], all[0])
}

// deliverAll delivers all at the same time, each again until it is delivered, by
// the URLs in turn. A run that no other delivery replaces must be there from then
// on.
func deliverAll(t *testing.T, folder string, all []segments.Delivery, urls ...Folder) {
	t.Helper()
	var daemons sync.WaitGroup
	for i, d := range all {
		daemons.Go(func() {
			to := urls[i%len(urls)]
			for tries := 1; ; tries++ {
				err := to.Deliver(t.Context(), d)
				if err == nil {
					break
				}
				if tries == 300 {
					t.Errorf("run %s after %d tries: %v", d.Run, tries, err)
					return
				}
			}
			if d.Run != runAt(2) {
				wantWhole(t, filepath.Join(folder, d.Run), "run "+d.Run+", just delivered")
			}
		})
	}
	daemons.Wait()
	if names := namesIn(t, folder); !strings.Contains(names, strings.Join([]string{runAt(1), runAt(2), runAt(3)}, " ")) {
		t.Errorf("the folder holds %s", names)
	}
	for _, name := range strings.Fields(namesIn(t, folder)) {
		if strings.HasPrefix(name, destination.TempPrefix) {
			continue
		}
		wantWhole(t, filepath.Join(folder, name), name+", in the end")
	}
}

func TestManyDeliveriesToOneFolderShowWholeRuns(t *testing.T) {
	t.Parallel()
	all := manyDeliveries(t)
	for _, kind := range serverKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				s := sftptest.Serve(t, append(kind.opts, sftptest.CutOften(150))...)
				if err := os.MkdirAll(inDrop(s), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink("in", filepath.Join(s.Root, "alias")); err != nil {
					t.Fatal(err)
				}
				to := folderOn(t, s)
				alias := to
				alias.Path = "/alias"
				if kind.name == "files are renamed" { // readers there compare lengths before they take a run
					deliverAll(t, inDrop(s), all, to, alias)
					continue
				}
				stop := watch(t, inDrop(s), destination.Latest, runAt(1), runAt(2), runAt(3))
				deliverAll(t, inDrop(s), all, to, alias)
				stop()
			}
		})
	}
}

func TestManyDeliveriesThatPruneEachOthersRunsShowWholeRuns(t *testing.T) {
	t.Parallel()
	all := manyDeliveries(t)
	s := sftptest.Serve(t, sftptest.CutOften(150))
	to := folderOn(t, s)
	stop := watch(t, inDrop(s), destination.Latest, runAt(1), runAt(2), runAt(3))
	var daemons sync.WaitGroup
	for _, d := range all {
		d.Keep = 1
		daemons.Go(func() {
			for tries := 0; to.Deliver(t.Context(), d) != nil; tries++ {
				if tries == 300 {
					t.Errorf("run %s is not delivered after %d tries", d.Run, tries)
					return
				}
			}
		})
	}
	daemons.Wait()
	stop()
	wantWhole(t, inDrop(s, destination.Latest), "in the end")
}

// TestADeliveryInTheMidstOfAnother has one at each operation of another.
func TestADeliveryInTheMidstOfAnother(t *testing.T) {
	t.Parallel()
	d := deliveryAt(t, 1, 40)
	for name, other := range map[string]segments.Delivery{
		"the same run": d, "another run": deliveryAt(t, 2, 5), "other contents": deliveryAt(t, 1, 7),
	} {
		for stride, before := range []bool{false, true} { // with a run of that name before, which is replaced
			t.Run(fmt.Sprintf("%s, %t", name, before), func(t *testing.T) {
				t.Parallel()
				for n, more := 1, true; more && !t.Failed(); n += 1 + 2*stride {
					more = deliverInTheMidst(t, d, other, before, n)
				}
			})
		}
	}
}

// deliverInTheMidst delivers the other at the n-th operation of d, and reports
// whether there is one.
func deliverInTheMidst(t *testing.T, d, other segments.Delivery, before bool, n int) bool {
	t.Helper()
	var s *sftptest.Server
	var to Folder
	var began, inside, came atomic.Bool
	var at atomic.Int64
	s = sftptest.Serve(t, sftptest.OnOperation(func(_ int, operation string) {
		if !began.Load() || inside.Load() || at.Add(1) != int64(n) {
			return
		}
		inside.Store(true)
		if err := to.Deliver(t.Context(), other); err != nil && !strings.Contains(err.Error(), errConcurrent.Error()) {
			t.Errorf("at operation %d, %s: the other: %v", n, operation, err)
		}
		inside.Store(false)
		came.Store(true)
	}))
	to = folderOn(t, s)
	if before {
		deliver(t, to, deliveryAt(t, 1, 3))
	}
	when := fmt.Sprintf("with another at operation %d", n)
	began.Store(true)
	err := to.Deliver(t.Context(), d)
	if err != nil && !strings.Contains(err.Error(), errConcurrent.Error()) {
		t.Errorf("%s: %v", when, err)
	}
	began.Store(false)
	if err == nil {
		wantWhole(t, inDrop(s, d.Run), when+", delivered")
	}
	if err := readBehind(inDrop(s, destination.Latest)); err != nil {
		t.Errorf("%s: readers of latest see half a run: %v", when, err)
	}
	deliver(t, to, d)
	wantWhole(t, inDrop(s, d.Run), when+", again")
	wantWhole(t, inDrop(s, destination.Latest), when+", latest")
	if names := inFolderOn(t, s); strings.Contains(names, destination.TempPrefix) {
		t.Errorf("%s: the folder holds %s", when, names)
	}
	return came.Load()
}

func TestARunThatIsPrunedWhileLatestIsPointedToItIsNotDelivered(t *testing.T) {
	var s *sftptest.Server
	s = sftptest.Serve(t, sftptest.OnOperation(func(_ int, operation string) {
		if strings.HasPrefix(operation, "posix-rename ") {
			_ = os.RemoveAll(inDrop(s, runAt(1)))
		}
	}))
	mustFail(t, folderOn(t, s), deliveryAt(t, 1, 3), "another delivery is at work there", "deliver the run again")
}

func TestADraftThatLostAFileIsNotShown(t *testing.T) {
	var s *sftptest.Server
	s = sftptest.Serve(t, sftptest.OnOperation(func(_ int, operation string) {
		if strings.HasPrefix(operation, "close ") && strings.HasSuffix(operation, segments.ManifestName) {
			lost, _ := filepath.Glob(inDrop(s, destination.TempPrefix+"*", "all.csv"))
			for _, file := range lost {
				_ = os.Remove(file)
			}
		}
	}))
	mustFail(t, folderOn(t, s), deliveryAt(t, 1, 3), "another delivery is at work there", "deliver the run again")
	wantNames(t, s)
}

func TestWhereFilesAreRenamedAnothersFilesOfTheSameLengthAreFoundOut(t *testing.T) {
	var s *sftptest.Server
	var meddled atomic.Bool
	s = sftptest.Serve(t, sftptest.NoFolderRenames(), sftptest.OnOperation(func(_ int, operation string) {
		file := inDrop(s, runAt(1), "all.csv")
		if text, err := os.ReadFile(file); err == nil && strings.HasPrefix(operation, "rename ") && strings.HasSuffix(operation, "same.csv") && meddled.CompareAndSwap(false, true) {
			_ = os.WriteFile(file, make([]byte, len(text)), 0o644)
		}
	}))
	if err := os.MkdirAll(inDrop(s, runAt(1)), 0o755); err != nil {
		t.Fatal(err)
	}
	to, d := folderOn(t, s), deliveryAt(t, 1, 3)
	mustFail(t, to, d, "another delivery is at work there", "deliver the run again")
	deliver(t, to, d)
	wantWhole(t, inDrop(s, runAt(1)), "again")
}
