package destination

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"winnow/segments"
	"winnow/segments/destination/sftptest"
)

// folderOn is the folder /in of the server, for who logs in with the key.
func folderOn(t testing.TB, s *sftptest.Server) SFTP {
	t.Helper()
	to, err := ParseSFTP(s.URL(sftptest.User, "/in"))
	if err != nil {
		t.Fatal(err)
	}
	to.KeyFile, to.KnownHosts = s.ClientKeyFile(t), s.KnownHosts(t)
	return to
}

// deliveryAt is a run of so many contacts, as it lies in a directory here.
func deliveryAt(t testing.TB, minute int, roster town) segments.Delivery {
	t.Helper()
	d := Directory(t.TempDir())
	r, err := segments.Execute(t.Context(), planAt(minute, 9), roster, []segments.Destination{d}, nil)
	if err != nil || len(r.Troubles) > 0 {
		t.Fatalf("run %d: %v %v", minute, err, r.Troubles)
	}
	return segments.Delivery{Export: "nightly", Run: runAt(minute), From: os.DirFS(inFolder(d, runAt(minute))), Newest: true, Keep: 9}
}

func deliver(t testing.TB, to SFTP, d segments.Delivery) {
	t.Helper()
	if err := to.Deliver(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// mustFail delivers, and wants an error that has all the words.
func mustFail(t testing.TB, to SFTP, d segments.Delivery, words ...string) {
	t.Helper()
	err := to.Deliver(t.Context(), d)
	if err == nil {
		t.Fatalf("delivered, want an error about %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error is\n%v\nwant it to say %q", err, w)
		}
	}
	for _, no := range []string{"*", "sftp.", "ssh:", "sftp: ", "SSH_FX", sftptest.Password, "PRIVATE KEY", "\n"} {
		if strings.Contains(err.Error(), no) {
			t.Errorf("the error shows %q to people: %v", no, err)
		}
	}
}

// inDrop is a path in the folder of the export on the server.
func inDrop(s *sftptest.Server, parts ...string) string {
	return filepath.Join(append([]string{s.Root, "in", "nightly"}, parts...)...)
}

// onShelf names what is in the folder of the export on the server.
func onShelf(t testing.TB, s *sftptest.Server) string {
	t.Helper()
	return namesIn(t, inDrop(s))
}

func namesIn(t testing.TB, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func wantShelf(t testing.TB, s *sftptest.Server, names ...string) {
	t.Helper()
	if got, want := onShelf(t, s), strings.Join(names, " "); got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

// wantRun wants the run at the path to be whole and to have so many rows.
func wantRun(t testing.TB, path string, minute int, rows int64) {
	t.Helper()
	m, err := readWhole(path)
	if err != nil || m.Run != runAt(minute) || m.Files[0].Rows != rows {
		t.Errorf("%s holds %s with %+v, %v; want %s with %d rows", path, m.Run, m.Files, err, runAt(minute), rows)
	}
}

func TestADeliveredRunIsWholeAndLatestPointsToIt(t *testing.T) {
	s := sftptest.Serve(t)
	to := folderOn(t, s)
	to.Path = "/in/made/when/missing"
	deliver(t, to, deliveryAt(t, 1, 3))
	deliver(t, to, deliveryAt(t, 2, 50_000))
	folder := filepath.Join(s.Root, "in/made/when/missing/nightly")
	if got, want := namesIn(t, folder), runAt(1)+" "+runAt(2)+" latest"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
	wantRun(t, filepath.Join(folder, "latest"), 2, 50_000)
	wantRun(t, filepath.Join(folder, runAt(1)), 1, 3)
	if target, err := os.Readlink(filepath.Join(folder, "latest")); target != runAt(2) {
		t.Errorf("latest points to %q (%v), want the relative %s", target, err, runAt(2))
	}
}

func TestAPathCanBeginInTheLoginsFolder(t *testing.T) {
	s := sftptest.Serve(t, sftptest.Home("/homes/winnow"))
	if err := os.MkdirAll(filepath.Join(s.Root, "homes/winnow"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/~/in", "/~"} {
		to := folderOn(t, s)
		relative, err := ParseSFTP(s.URL(sftptest.User, path))
		if err != nil {
			t.Fatal(err)
		}
		to.Path = relative.Path
		deliver(t, to, deliveryAt(t, 1, 3))
		wantRun(t, filepath.Join(s.Root, "homes/winnow", strings.TrimPrefix(path, "/~"), "nightly/latest"), 1, 3)
	}
}

func TestTheManifestIsTheLastFile(t *testing.T) {
	for name, opts := range map[string][]sftptest.Option{"folders are renamed": nil, "files are renamed": {sftptest.NoFolderRenames()}} {
		t.Run(name, func(t *testing.T) {
			s := sftptest.Serve(t, opts...)
			deliver(t, folderOn(t, s), deliveryAt(t, 1, 3))
			var files, moved []string
			shown := -1
			for i, o := range s.Operations() {
				verb, paths, _ := strings.Cut(o, " ")
				switch {
				case verb == "close":
					files = append(files, filepath.Base(paths))
				case verb == "rename" && strings.HasSuffix(paths, ".csv"), verb == "rename" && strings.HasSuffix(paths, ".json"):
					moved = append(moved, filepath.Base(paths))
				case verb == "rename":
					shown = i
				}
				if shown >= 0 && verb == "close" {
					t.Errorf("%s after the run was shown", o)
				}
			}
			want := []string{"all.csv", "same.csv", segments.ManifestName}
			if !slices.Equal(files, want) {
				t.Errorf("uploaded %q, want %q", files, want)
			}
			if len(opts) > 0 && !slices.Equal(moved, want) {
				t.Errorf("shown %q, want %q", moved, want)
			}
		})
	}
}

func TestARunThatIsThereIsLeftAlone(t *testing.T) {
	s := sftptest.Serve(t)
	to, d := folderOn(t, s), deliveryAt(t, 1, 3)
	deliver(t, to, d)
	before := len(s.Operations())
	deliver(t, to, d)
	for _, o := range s.Operations()[before:] {
		verb, _, _ := strings.Cut(o, " ")
		if !slices.Contains([]string{"stat", "lstat", "list", "read", "readlink"}, verb) {
			t.Errorf("the second delivery did %q", o)
		}
	}
}

func TestARunThatIsThereAndDiffersIsReplaced(t *testing.T) {
	spoil := map[string]func(run string) error{
		"another manifest": func(run string) error {
			return os.WriteFile(filepath.Join(run, segments.ManifestName), []byte("{}"), 0o644)
		},
		"no manifest":    func(run string) error { return os.Remove(filepath.Join(run, segments.ManifestName)) },
		"a short file":   func(run string) error { return os.Truncate(filepath.Join(run, "all.csv"), 1) },
		"a file is gone": func(run string) error { return os.Remove(filepath.Join(run, "all.csv")) },
		"a longer manifest": func(run string) error {
			f, err := os.OpenFile(filepath.Join(run, segments.ManifestName), os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString("\n")
				f.Close()
			}
			return err
		},
	}
	for name, opts := range map[string][]sftptest.Option{"folders": nil, "files": {sftptest.NoFolderRenames(), sftptest.NoSymlinks()}} {
		s := sftptest.Serve(t, opts...)
		to, d := folderOn(t, s), deliveryAt(t, 1, 3)
		for what, do := range spoil {
			t.Run(name+", "+what, func(t *testing.T) {
				deliver(t, to, d)
				if err := do(inDrop(s, runAt(1))); err != nil {
					t.Fatal(err)
				}
				deliver(t, to, d)
				wantRun(t, inDrop(s, runAt(1)), 1, 3)
				if strings.Contains(onShelf(t, s), leftover) {
					t.Errorf("the folder holds %s", onShelf(t, s))
				}
			})
		}
	}
}

func TestAServerWithoutSymlinksGetsTheRun(t *testing.T) {
	s := sftptest.Serve(t, sftptest.NoSymlinks())
	to := folderOn(t, s)
	deliver(t, to, deliveryAt(t, 1, 3))
	deliver(t, to, deliveryAt(t, 2, 3))
	wantShelf(t, s, runAt(1), runAt(2))
	wantRun(t, inDrop(s, runAt(2)), 2, 3)
}

func TestAServerThatRenamesNoFoldersGetsTheRunAndPrunes(t *testing.T) {
	s := sftptest.Serve(t, sftptest.NoSymlinks(), sftptest.NoFolderRenames())
	to := folderOn(t, s)
	for minute := 1; minute <= 4; minute++ {
		d := deliveryAt(t, minute, 3)
		d.Keep = 2
		deliver(t, to, d)
	}
	wantShelf(t, s, runAt(3), runAt(4))
	wantRun(t, inDrop(s, runAt(4)), 4, 3)
}

func TestLatestIsSwappedWithoutPosixRename(t *testing.T) {
	s := sftptest.Serve(t, sftptest.NoPosixRename())
	to := folderOn(t, s)
	deliver(t, to, deliveryAt(t, 1, 3))
	deliver(t, to, deliveryAt(t, 2, 4))
	wantShelf(t, s, runAt(1), runAt(2), "latest")
	wantRun(t, inDrop(s, "latest"), 2, 4)
}

func TestARunThatIsNotTheNewestLeavesLatest(t *testing.T) {
	s := sftptest.Serve(t)
	to := folderOn(t, s)
	deliver(t, to, deliveryAt(t, 5, 3))
	late := deliveryAt(t, 1, 3)
	late.Newest, late.Keep = false, 1 // what was just brought stays
	deliver(t, to, late)
	wantRun(t, inDrop(s, "latest"), 5, 3)
	wantRun(t, inDrop(s, runAt(1)), 1, 3)
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
	deliver(t, to, d)
	wantShelf(t, s, ".hidden", "2026-01-01", "2026-13-01T000000Z", runAt(3), runAt(4), "README", "incoming", "latest")
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

func TestARunThatIsNotAsItsManifestSaysIsNotDelivered(t *testing.T) {
	s := sftptest.Serve(t)
	to := folderOn(t, s)
	good := deliveryAt(t, 1, 3)
	for want, spoil := range map[string]func(fstest.MapFS){
		"all.csv here is not what the run's manifest tells of": func(m fstest.MapFS) { m["all.csv"].Data[9] ^= 1 },
		"it has 5 with":                 func(m fstest.MapFS) { m["all.csv"].Data = m["all.csv"].Data[:5] },
		"same.csv of the run here":      func(m fstest.MapFS) { delete(m, "same.csv") },
		"manifest.json of the run here": func(m fstest.MapFS) { delete(m, segments.ManifestName) },
		"is damaged":                    func(m fstest.MapFS) { m[segments.ManifestName].Data = m[segments.ManifestName].Data[:40] },
		`names a file "../../evil.csv"`: func(m fstest.MapFS) { rename(t, m, "../../evil.csv") },
		`names a file "manifest.json"`:  func(m fstest.MapFS) { rename(t, m, segments.ManifestName) },
		`names a file "same.csv"`:       func(m fstest.MapFS) { rename(t, m, "same.csv") },
	} {
		d := good
		d.From = copyOf(t, good.From)
		spoil(d.From.(fstest.MapFS))
		mustFail(t, to, d, want)
	}
	if matches, _ := filepath.Glob(inDrop(s, "*")); len(matches) > 0 {
		t.Errorf("the server has %v", matches)
	}
	other := good
	other.Run = runAt(2)
	mustFail(t, to, other, "is that of nightly/"+runAt(1))
	for _, bad := range []segments.Delivery{{Export: "..", Run: runAt(1)}, {Export: "nightly", Run: "../x"}, {Export: "nightly", Run: runAt(1)}} {
		bad.From = good.From
		if err := to.Deliver(t.Context(), bad); err == nil {
			t.Errorf("%+v was delivered", bad)
		}
	}
}

func copyOf(t *testing.T, from fs.FS) fstest.MapFS {
	t.Helper()
	m := fstest.MapFS{}
	err := fs.WalkDir(from, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(from, path)
		m[path] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// rename gives the first file of the manifest another name.
func rename(t *testing.T, m fstest.MapFS, name string) {
	t.Helper()
	var text segments.Manifest
	if err := json.Unmarshal(m[segments.ManifestName].Data, &text); err != nil {
		t.Fatal(err)
	}
	text.Files[0].Name = name
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	m[segments.ManifestName].Data = b
}

func TestAFullDiskIsToldAndLeavesNothing(t *testing.T) {
	s := sftptest.Serve(t, sftptest.FullAfter(100_000))
	to, d := folderOn(t, s), deliveryAt(t, 1, 20_000)
	mustFail(t, to, d, "all.csv", "the server's disk is full", "make room there")
	wantShelf(t, s)
	s.Heal()
	deliver(t, to, d)
	wantRun(t, inDrop(s, "latest"), 1, 20_000)
}

func TestAServerThatLosesWhatItTookIsFoundOut(t *testing.T) {
	s := sftptest.Serve(t, sftptest.Forget(1000))
	mustFail(t, folderOn(t, s), deliveryAt(t, 1, 2000), "the server has 1000 bytes of it")
	wantShelf(t, s)
}

func TestAFolderThatMayNotBeWrittenIsTold(t *testing.T) {
	s := sftptest.Serve(t, sftptest.Deny("/in"))
	mustFail(t, folderOn(t, s), deliveryAt(t, 1, 3), "/in", "does not allow it", "let winnow write there")
}

func TestAServerThatKeepsAllRunsGetsTheNextToo(t *testing.T) {
	s := sftptest.Serve(t, sftptest.Hoard())
	to := folderOn(t, s)
	for minute := range 3 {
		d := deliveryAt(t, minute, 3)
		d.Keep = 1
		deliver(t, to, d)
	}
	wantShelf(t, s, runAt(0), runAt(1), runAt(2), "latest")
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
		wantShelf(t, s, want...)
	}
}

func TestADeliveryTellsHowMuchIsOnItsWay(t *testing.T) {
	d := deliveryAt(t, 1, 5000)
	want := int64(0)
	m, err := readManifest(d)
	for _, f := range m.Files {
		want += f.Bytes
	}
	for _, to := range []segments.Remote{folderOn(t, sftptest.Serve(t)), Directory(t.TempDir())} {
		told, calls := int64(0), 0
		d.Progress = func(bytes int64) { told, calls = told+bytes, calls+1 }
		if err := errors.Join(err, to.Deliver(t.Context(), d)); err != nil || told != want || calls < 5 {
			t.Errorf("%s: told of %d bytes in %d parts, %v; %d were sent", to, told, calls, err, want)
		}
	}
}

func readManifest(d segments.Delivery) (m manifest, err error) {
	text, err := fs.ReadFile(d.From, segments.ManifestName)
	return m, errors.Join(err, json.Unmarshal(text, &m))
}

func TestWhatIsInTheWayIsToldAndStays(t *testing.T) {
	for _, name := range []string{"latest", runAt(1)} {
		s := sftptest.Serve(t)
		if err := os.MkdirAll(inDrop(s), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(inDrop(s, name), []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
		mustFail(t, folderOn(t, s), deliveryAt(t, 1, 3), name, "it is there and is no ", "move what is in the way")
		if b, err := os.ReadFile(inDrop(s, name)); string(b) != "mine" {
			t.Errorf("%s holds %q, %v", name, b, err)
		}
	}
}

func TestASilentServerIsLeft(t *testing.T) {
	defer func(d time.Duration) { silenceLimit = d }(silenceLimit)
	silenceLimit = 100 * time.Millisecond
	s := sftptest.Serve(t, sftptest.HangAt(4))
	mustFail(t, folderOn(t, s), deliveryAt(t, 1, 3), "the server fell silent")
}

func TestAServerMayTakeItsTimeToWriteAndToRename(t *testing.T) {
	defer func(d time.Duration) { silenceLimit = d }(silenceLimit)
	silenceLimit = 200 * time.Millisecond
	for _, slow := range []string{"close ", "rename "} {
		s := sftptest.Serve(t, sftptest.OnOperation(func(_ int, operation string) {
			if strings.HasPrefix(operation, slow) && strings.Contains(operation, segments.ManifestName) == (slow == "close ") {
				<-time.After(2 * silenceLimit)
			}
		}))
		deliver(t, folderOn(t, s), deliveryAt(t, 1, 3))
	}
}

func TestADeliveryEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	s := sftptest.Serve(t, sftptest.HangAt(4), sftptest.OnOperation(func(n int, _ string) {
		if n == 4 {
			cancel(errors.New("the daemon stops"))
		}
	}))
	to, d := folderOn(t, s), deliveryAt(t, 1, 3)
	if err := to.Deliver(ctx, d); err == nil || !strings.Contains(err.Error(), "stopped: the daemon stops") {
		t.Errorf("the error is %v", err)
	}
	if err := to.Deliver(ctx, d); err == nil || !strings.Contains(err.Error(), "stopped: the daemon stops") {
		t.Errorf("with an ended context the error is %v", err)
	}
}

func TestAHostileListingIsBoundedAndLeadsNowhere(t *testing.T) {
	s := sftptest.Serve(t, sftptest.EndlessListings())
	mustFail(t, folderOn(t, s), deliveryAt(t, 1, 3), "lists more than")
	odd := sftptest.Serve(t, sftptest.Strangers("..", "../..", "/", "a/../..", "x/"+leftover+"draft", runAt(7)+"/../../evil", fmt.Sprintf("%0300d", 7)))
	if err := os.MkdirAll(filepath.Join(odd.Root, "evil"), 0o755); err != nil {
		t.Fatal(err)
	}
	_ = folderOn(t, odd).Deliver(t.Context(), deliveryAt(t, 1, 3))
	for _, o := range odd.Operations() {
		for _, path := range strings.Fields(o)[1:] {
			if verb, _, _ := strings.Cut(o, " "); verb != "symlink" && verb != "stat" && !strings.HasPrefix(path, "/in") {
				t.Errorf("asked for %q", o)
			}
		}
	}
}
