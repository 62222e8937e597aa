package sftp

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"winnow/segments"
	"winnow/segments/destination/destinationtest"
	"winnow/segments/destination/sftp/sftptest"
)

// everyOperation is for .ci/long: lines are cut, and processes killed, at each operation.
var everyOperation = flag.Bool("every-operation", false, "cut lines and kill processes at each operation of a delivery, not at some of them")

// stride is the distance of the operations at which something is cut or killed. It is a
// prime, so that a loop of a delivery is not cut in the same place each time.
func stride(prime int) int {
	if *everyOperation {
		return 1
	}
	return prime
}

// serverKinds are the kinds of servers to which runs are delivered differently,
// and the distance of the operations at which their lines are cut.
var serverKinds = []struct {
	name   string
	stride int
	opts   []sftptest.Option
}{
	{"folders are renamed", 5, nil},
	{"files are renamed", 7, []sftptest.Option{sftptest.NoFolderRenames(), sftptest.NoSymlinks()}},
	{"no posix-rename", 13, []sftptest.Option{sftptest.NoPosixRename()}},
}

// checkReaders reads as readers do: they follow latest, or take each folder with
// the name of a run in which they find a manifest.
func checkReaders(t testing.TB, s *sftptest.Server, when string) {
	t.Helper()
	latest := inDrop(s, "latest")
	if _, err := os.Stat(latest); err == nil {
		if _, err := readRun(latest); err != nil {
			t.Errorf("%s: latest is a half run: %v", when, err)
		}
	}
	manifests, _ := filepath.Glob(inDrop(s, "2*", segments.ManifestName))
	for _, m := range manifests {
		if _, err := readRun(filepath.Dir(m)); err != nil {
			t.Errorf("%s: a half run: %v", when, err)
		}
	}
}

// checkNames wants folders with a run's name to be whole runs, with no word of
// whether there is a manifest.
func checkNames(t testing.TB, s *sftptest.Server, when string) {
	t.Helper()
	runs, _ := filepath.Glob(inDrop(s, "2*"))
	for _, run := range runs {
		if _, err := readRun(run); err != nil {
			t.Errorf("%s: a half run: %v", when, err)
		}
	}
}

// deliveries are a life on a server: a first run, one more that takes the first
// away, the same run again with other contents; and one a day later.
func deliveries(t testing.TB) []segments.Delivery {
	all := []segments.Delivery{deliveryAt(t, 1, 3), deliveryAt(t, 2, 600), deliveryAt(t, 2, 5), deliveryAt(t, 3, 7)}
	all[1].Keep, all[2].Keep, all[3].Keep = 1, 1, 1
	return all
}

func TestAnUploadedRunIsWholeOrNotThere(t *testing.T) {
	life := deliveries(t)
	for _, kind := range serverKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			for n, more := 1, true; more; n += stride(kind.stride) {
				more = cutAndRepeat(t, life, append(kind.opts, sftptest.CutAt(n)), kind.name, fmt.Sprintf("cut at operation %d", n))
				if t.Failed() {
					return
				}
				if !more && n < 60 {
					t.Errorf("cut at %d operations only", n)
				}
			}
		})
	}
}

// cutEvery is after how many more bytes the line is cut each time: a prime, so that cuts
// come in all parts of a packet.
const cutEvery = 7919

func TestALineThatIsCutAnywhereLeavesNoHalfRun(t *testing.T) {
	t.Parallel()
	life := deliveries(t)
	for n, more := int64(1000), true; more; n += cutEvery {
		more = cutAndRepeat(t, life, []sftptest.Option{sftptest.CutAfter(n)}, "", fmt.Sprintf("cut after %d bytes", n))
		if t.Failed() {
			return
		}
		if !more && n < 30_000 {
			t.Errorf("cut %d times only", n/cutEvery)
		}
	}
}

// cutAndRepeat lives the life with a line that is cut, and repeats what was cut.
// It looks at what readers see when it is cut, and before and after each
// renaming. It reports whether a line was cut.
func cutAndRepeat(t *testing.T, life []segments.Delivery, opts []sftptest.Option, kind, when string) bool {
	t.Helper()
	var s *sftptest.Server
	var ready atomic.Bool
	look := sftptest.OnOperation(func(_ int, operation string) {
		if verb, _, _ := strings.Cut(operation, " "); ready.Load() && strings.Contains("posix-rename rmdir", verb) {
			checkReaders(t, s, when+", before "+operation)
			if kind == "folders are renamed" {
				checkNames(t, s, when+", before "+operation)
			}
		}
	})
	s = sftptest.Serve(t, append(opts, look)...)
	ready.Store(true)
	to := folderOn(t, s)
	cuts := 0
	for _, d := range life[:3] {
		for err := to.Deliver(t.Context(), d); err != nil; err = to.Deliver(t.Context(), d) {
			if cuts++; cuts > 1 {
				t.Fatalf("%s: repeated: %v", when, err)
			}
			if !strings.Contains(err.Error(), "lost") && !strings.Contains(err.Error(), "before the login was done") {
				t.Errorf("%s: the error is %v", when, err)
			}
			s.WaitIdle()
			checkReaders(t, s, when)
		}
	}
	wantRun(t, inDrop(s, runAt(2)), 2, 5)
	s.Heal()
	sweptWith(t, s, life[3])
	if left := strings.TrimSuffix(inFolderOn(t, s), " latest"); left != runAt(3) {
		t.Errorf("%s: the folder holds %s", when, left)
	}
	return cuts > 0
}

func TestALostConnectionIsToldAndRepeated(t *testing.T) {
	s := sftptest.Serve(t, sftptest.CutAfter(200_000))
	to, d := folderOn(t, s), deliveryAt(t, 1, 20_000)
	mustFail(t, to, d, "destination "+to.String()+": delivering run nightly/"+runAt(1), "the connection was lost")
	deliver(t, to, d)
	wantRun(t, inDrop(s, "latest"), 1, 20_000)
	last := deliveryAt(t, 2, 3)
	sweptWith(t, s, last)
	wantNames(t, s, runAt(1), runAt(2), "latest")
}

func TestAConnectionThatIsRefusedIsToldAndRepeated(t *testing.T) {
	s := sftptest.Serve(t, sftptest.RefuseFirst(1))
	to, d := folderOn(t, s), deliveryAt(t, 1, 3)
	mustFail(t, to, d, "before the login was done")
	deliver(t, to, d)
}

const (
	childURL  = "SFTP_TEST_URL"
	childKey  = "SFTP_TEST_KEY"
	childHost = "SFTP_TEST_HOST_KEY"
	childRuns = "SFTP_TEST_RUNS"
)

// TestDeliverInAChild is the process that is killed.
func TestDeliverInAChild(t *testing.T) {
	if os.Getenv(childURL) == "" {
		t.Skip("not a child")
	}
	to, err := Parse(os.Getenv(childURL))
	if err != nil {
		t.Fatal(err)
	}
	to.KeyFile, to.HostKey = os.Getenv(childKey), os.Getenv(childHost)
	for i, folder := range filepath.SplitList(os.Getenv(childRuns)) {
		keep, run := 9, filepath.Base(folder)
		if i > 0 {
			keep = 1
		}
		b, err := segments.OpenBundle(os.DirFS(folder), "nightly", run)
		if err != nil {
			t.Fatal(err)
		}
		deliver(t, to, segments.Delivery{Bundle: b, Newest: true, Keep: keep})
	}
}

func TestKilledAtAnyOperationReadersSeeWholeRuns(t *testing.T) {
	t.Parallel()
	var folders []string
	for i, rows := range []contacts{3, 400, 5} {
		minute := min(i+1, 2)
		folder := filepath.Join(t.TempDir(), runAt(minute))
		if err := os.CopyFS(folder, destinationtest.Files(t, minute, rows)); err != nil {
			t.Fatal(err)
		}
		folders = append(folders, folder)
	}
	last := deliveryAt(t, 3, 7)
	last.Keep = 1
	ended := false
	for n := 1; !ended; n += stride(17) { // a line is cut at others
		var c atomic.Pointer[exec.Cmd]
		s := sftptest.Serve(t, sftptest.OnOperation(func(at int, _ string) {
			if child := c.Load(); at == n && child != nil {
				_ = child.Process.Kill()
			}
		}))
		child := exec.Command(os.Args[0], "-test.run=^TestDeliverInAChild$", "-test.count=1")
		child.Env = append(os.Environ(), childURL+"="+s.URL(sftptest.User, "/in"), childKey+"="+s.ClientKeyFile(t),
			childHost+"="+s.HostKey, childRuns+"="+strings.Join(folders, string(os.PathListSeparator)))
		out, err := runChild(child, &c)
		ended = err == nil
		if err != nil && len(s.Operations()) < n {
			t.Fatalf("operation %d: %v\n%s", n, err, out)
		}
		s.WaitIdle()
		when := "killed at operation " + strconv.Itoa(n)
		checkReaders(t, s, when)
		checkNames(t, s, when)
		sweptWith(t, s, last)
		wantRun(t, inDrop(s, "latest"), 3, 7)
		wantNames(t, s, runAt(3), "latest")
		if t.Failed() {
			return
		}
		if ended && n < 60 {
			t.Errorf("killed at %d operations only", n)
		}
	}
}

// runChild starts the process, stores it in which, and waits for it.
func runChild(child *exec.Cmd, which *atomic.Pointer[exec.Cmd]) (string, error) {
	var out strings.Builder
	child.Stdout, child.Stderr = &out, &out
	if err := child.Start(); err != nil {
		return "", err
	}
	which.Store(child)
	err := child.Wait()
	return out.String(), err
}
