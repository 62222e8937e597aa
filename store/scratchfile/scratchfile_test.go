package scratchfile

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestTMPDIRNamesTheFolder(t *testing.T) {
	t.Setenv("TMPDIR", "")
	if got := Folder("/var/lib/winnow"); got != "/var/lib/winnow" {
		t.Errorf("without TMPDIR scratch files are in %s", got)
	}
	t.Setenv("TMPDIR", "/elsewhere")
	if got := Folder("/var/lib/winnow"); got != "/elsewhere" {
		t.Errorf("with TMPDIR scratch files are in %s", got)
	}
}

func TestAScratchFileHasNoName(t *testing.T) {
	folder := t.TempDir()
	f, err := Create(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var opened *os.File
	err = Open(folder, "some.db", func(path string) (err error) {
		opened, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v would stay after a kill, %v", left, err)
	}
	if _, err := f.Write([]byte("some")); err != nil {
		t.Error(err)
	}
}

func TestAFolderThatIsMissingIsNamed(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	want := "make a temporary file in " + nowhere + ": no such file or directory; set TMPDIR to a folder that is there and that you may write in"
	if _, err := Create(nowhere); err == nil || err.Error() != want || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v; want %s", err, want)
	}
	if err := Open(nowhere, "some.db", nil); err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}

// killedVariable makes this test binary a process that is killed while a scratch file
// in that folder has its name.
const killedVariable = "WINNOW_TEST_KILLED_IN"

func TestMain(m *testing.M) {
	if folder := os.Getenv(killedVariable); folder != "" {
		err := Open(folder, "scratch.db", func(path string) error {
			return errors.Join(os.WriteFile(path, []byte("something"), 0o600), syscall.Kill(os.Getpid(), syscall.SIGKILL))
		})
		panic(err)
	}
	os.Exit(m.Run())
}

func TestWhatAKilledProcessLeavesIsRemovedByTheNext(t *testing.T) {
	folder := t.TempDir()
	killed := exec.Command(os.Args[0])
	killed.Env = append(os.Environ(), killedVariable+"="+folder)
	if err := killed.Run(); err == nil {
		t.Fatal("the process was not killed")
	}
	left := func() []string {
		names, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	if len(left()) != 1 {
		t.Fatalf("the killed process left %v", left())
	}
	use := func() {
		f, err := Create(folder)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	use()
	if len(left()) != 1 {
		t.Fatalf("what may be another process's was removed too early: %v", left())
	}
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(left()[0], long, long); err != nil {
		t.Fatal(err)
	}
	use()
	if len(left()) != 0 {
		t.Errorf("there still is %v", left())
	}
}
