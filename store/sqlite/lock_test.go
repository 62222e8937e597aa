package sqlite

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"winnow/store/engine"
)

// TestMain lets the test binary be the other process: one that takes a lock,
// says so, and holds it until it is killed or its standard input ends.
func TestMain(m *testing.M) {
	path := os.Getenv("SQLITE_TEST_HOLD")
	if path == "" {
		os.Exit(m.Run())
	}
	l := NewLock(path)
	fmt.Println(l.TryLock())
	io.Copy(io.Discard, os.Stdin)
	l.Unlock()
}

// holder is another process that holds the lock.
func holder(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), "SQLITE_TEST_HOLD="+path)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.StdinPipe(); err != nil { // open until it is killed
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Process.Kill(); other.Wait() })
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "true <nil>\n" {
		t.Fatalf("the other process did not get the lock: %s", line)
	}
	return other
}

func tryLock(t *testing.T, l *Lock, want bool, why string) {
	t.Helper()
	if got, err := l.TryLock(); got != want || err != nil {
		t.Fatalf("TryLock is %v, %v: %s", got, err, why)
	}
}

func TestTheKernelFreesTheLockOfAKilledProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.lock")
	other, l := holder(t, path), NewLock(path)
	tryLock(t, l, false, "another process holds it")
	if l.Holder().Process != other.Process.Pid {
		t.Errorf("the holder is %d, want %d", l.Holder().Process, other.Process.Pid)
	}
	other.Process.Signal(syscall.SIGKILL)
	other.Wait()
	tryLock(t, l, true, "the other process is dead")
	if l.Holder() != engine.Self() {
		t.Errorf("the holder is %v, want this process", l.Holder())
	}
}

func TestAStoppedHolderKeepsTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.lock")
	other := holder(t, path)
	other.Process.Signal(syscall.SIGSTOP)
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(other.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("the other process did not stop: %v", err)
	}
	tryLock(t, NewLock(path), false, "a stopped process may go on at any time")
}

func TestLocksExcludeEachOtherWithinAProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.lock")
	one, two := NewLock(path), NewLock(path)
	tryLock(t, one, true, "it is free")
	tryLock(t, one, true, "it is held by this very lock")
	tryLock(t, two, false, "the first holds it")
	if err := one.Unlock(); err != nil {
		t.Fatal(err)
	}
	tryLock(t, two, true, "the first freed it")
	if err := one.Unlock(); err != nil {
		t.Errorf("freeing what is not held: %v", err)
	}
	tryLock(t, one, false, "freeing what is not held frees nobody else's")
}

// Between opening the file and locking it, the file may have been replaced: a
// lock on what nobody else will open is none.
func TestALockOnAReplacedFileDoesNotCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.lock")
	old, err := openLocked(path)
	if err != nil || !stillAt(path, old) {
		t.Fatalf("%v", err)
	}
	defer old.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if stillAt(path, old) {
		t.Error("the file is gone, and the lock is taken for good")
	}
	tryLock(t, NewLock(path), true, "the new file is free")
	if stillAt(path, old) {
		t.Error("the file is another, and the lock is taken for good")
	}
}

func TestALockThatCannotBeMadeSaysWhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "winnow.lock")
	_, err := NewLock(path).TryLock()
	if !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "lock file "+path) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheHolderOfALockIsSeenWithoutTakingIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.lock")
	l := NewLock(path)
	if _, _, taken := l.Taken(); taken {
		t.Error("a lock without a file is taken")
	}
	before := time.Now().Add(-time.Second)
	other := holder(t, path)
	for range 2 {
		pid, since, taken := l.Taken()
		if !taken || pid.Process != other.Process.Pid || since.Before(before) || since.After(time.Now().Add(time.Second)) {
			t.Errorf("taken %v by %v since %s, want %d", taken, pid, since, other.Process.Pid)
		}
	}
	other.Process.Kill()
	other.Wait()
	if _, _, taken := l.Taken(); taken {
		t.Error("a dead process has the lock")
	}
	tryLock(t, l, true, "looking took it")
	if pid, _, taken := l.Taken(); !taken || pid != engine.Self() {
		t.Errorf("taken %v by %v, want this process", taken, pid)
	}
}
