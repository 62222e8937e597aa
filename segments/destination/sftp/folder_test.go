package sftp

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"winnow/segments"
	"winnow/segments/destination"
	"winnow/segments/destination/destinationtest"
	"winnow/segments/destination/sftp/sftptest"
)

type contacts = destinationtest.Contacts

var (
	runAt      = destinationtest.RunName
	deliveryAt = destinationtest.Delivery
	readRun    = destinationtest.ReadRun
	wantRun    = destinationtest.WantRun
)

// folderOn is the folder /in of the server, with the key as the login.
func folderOn(t testing.TB, s *sftptest.Server) Folder {
	t.Helper()
	to, err := Parse(s.URL(sftptest.User, "/in"))
	if err != nil {
		t.Fatal(err)
	}
	to.KeyFile, to.KnownHosts = s.ClientKeyFile(t), s.KnownHosts(t)
	return to
}

func deliver(t testing.TB, to Folder, d segments.Delivery) {
	t.Helper()
	if err := to.Deliver(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// mustFail delivers, and wants an error as wantError does.
func mustFail(t testing.TB, to Folder, d segments.Delivery, words ...string) {
	t.Helper()
	wantError(t, to.Deliver(t.Context(), d), words...)
}

// wantError wants an error that has all the words, and none that people don't
// understand or must not see.
func wantError(t testing.TB, err error, words ...string) {
	t.Helper()
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

// inFolderOn names what is in the folder of the export on the server.
func inFolderOn(t testing.TB, s *sftptest.Server) string {
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

func wantNames(t testing.TB, s *sftptest.Server, names ...string) {
	t.Helper()
	if got, want := inFolderOn(t, s), strings.Join(names, " "); got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
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
		relative, err := Parse(s.URL(sftptest.User, path))
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
				if strings.Contains(inFolderOn(t, s), destination.TempPrefix) {
					t.Errorf("the folder holds %s", inFolderOn(t, s))
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
	wantNames(t, s, runAt(1), runAt(2))
	wantRun(t, inDrop(s, runAt(2)), 2, 3)
}

func TestLatestIsSwappedWithoutPosixRename(t *testing.T) {
	s := sftptest.Serve(t, sftptest.NoPosixRename())
	to := folderOn(t, s)
	deliver(t, to, deliveryAt(t, 1, 3))
	deliver(t, to, deliveryAt(t, 2, 4))
	wantNames(t, s, runAt(1), runAt(2), "latest")
	wantRun(t, inDrop(s, "latest"), 2, 4)
}

func TestARunThatIsNotTheNewestLeavesLatest(t *testing.T) {
	s := sftptest.Serve(t)
	to := folderOn(t, s)
	deliver(t, to, deliveryAt(t, 5, 3))
	late := deliveryAt(t, 1, 3)
	late.Newest, late.Keep = false, 1 // what was just delivered stays
	deliver(t, to, late)
	wantRun(t, inDrop(s, "latest"), 5, 3)
	wantRun(t, inDrop(s, runAt(1)), 1, 3)
}

func TestASymlinkThatThereIsNoRoomForIsToldAndMadeUp(t *testing.T) {
	s := sftptest.Serve(t, sftptest.NoMoreFiles())
	to, d := folderOn(t, s), deliveryAt(t, 1, 3)
	for range 2 { // the second finds the whole run
		mustFail(t, to, d, "the server's disk is full", "make room there")
		wantNames(t, s, runAt(1))
	}
	s.Heal()
	deliver(t, to, d)
	wantRun(t, inDrop(s, "latest"), 1, 3)
}

func TestAServerWithoutExtensionsMayRefuseSymlinksInAnyWords(t *testing.T) {
	s := sftptest.Serve(t, sftptest.NoMoreFiles(), sftptest.NoExtensions())
	deliver(t, folderOn(t, s), deliveryAt(t, 1, 3))
	wantNames(t, s, runAt(1))
}

func TestWhereNothingMayBeRenamedNoEmptyRunIsLeft(t *testing.T) {
	s := sftptest.Serve(t, sftptest.NoRenames())
	for range 2 {
		mustFail(t, folderOn(t, s), deliveryAt(t, 1, 3), "does not allow it")
		wantNames(t, s)
	}
}

func TestWhoMayOnlyUploadDelivers(t *testing.T) {
	s := sftptest.Serve(t, sftptest.NoReads())
	to := folderOn(t, s)
	deliver(t, to, deliveryAt(t, 1, 3))
	deliver(t, to, deliveryAt(t, 2, 4))
	wantRun(t, inDrop(s, "latest"), 2, 4)
}
