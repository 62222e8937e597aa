package backup_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"winnow/internal/backup"
	"winnow/store"
	"winnow/store/storetest"
)

// victim is the environment variable that makes the test binary make or restore a backup,
// and kill itself before the step of that number.
const victim = "WINNOW_TEST_BACKUP"

func TestMain(m *testing.M) {
	if text := os.Getenv(victim); text != "" {
		act(text, os.Args[1:])
		return
	}
	os.Exit(storetest.InMemory(m))
}

// act does what the victim does; after its last step it says so.
func act(text string, args []string) {
	at, _ := strconv.Atoi(text)
	steps := 0
	step := func(name string) {
		if steps++; steps == at {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	backup.SetBeforeStep(step)
	copied := 0
	progress := func(int64) {
		if copied++; copied%4 == 1 {
			step("copied something")
		}
	}
	var err error
	switch args[0] {
	case "backup":
		var s *store.Store
		if s, err = store.OpenExisting(args[1]); err == nil {
			_, err = backup.Make(context.Background(), backup.Options{Store: s, To: args[2], Now: storetest.Start, Progress: progress})
		}
	case "restore":
		_, err = backup.Restore(context.Background(), args[2], backup.RestoreOptions{Store: args[1], Progress: progress})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// killed runs the victim, and reports whether it was killed before it was done: before the
// step of that number, or when ctx ends.
func killed(ctx context.Context, t *testing.T, at int, args ...string) bool {
	t.Helper()
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d", victim, at))
	out, err := c.CombinedOutput()
	exit := (*exec.ExitError)(nil)
	switch {
	case err == nil:
		return false
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
		return true
	}
	t.Fatalf("%v: %s", err, out)
	return false
}

// checkBackup checks that the folder of backups has no backup, or one that is whole, and
// empties it.
func checkBackup(t *testing.T, to, moment string) {
	t.Helper()
	if _, err := backup.Find(to); err != nil {
		return // what is left of it is for the next one to remove
	}
	if wrong := verify(t, to); len(wrong) > 0 {
		t.Errorf("%s, it leaves a backup with %q", moment, wrong)
	}
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
}

// checkRestore checks that a restore has made the whole store, or that it can be repeated
// and no daemon begins an empty store meanwhile. want is the dump of the store.
func checkRestore(t *testing.T, path, from, want, moment string) {
	t.Helper()
	if exists, _ := store.Exists(path); !exists {
		left, err := os.ReadDir(filepath.Dir(path))
		if remains := store.Remains(path); err != nil || len(left) > 0 && len(remains) == 0 {
			t.Errorf("%s, nothing shows that there is to be a store: a daemon would begin an empty one; there are %v, %v", moment, left, err)
		}
	}
	restored, err := store.OpenExisting(path)
	if err != nil {
		if _, err := backup.Restore(t.Context(), from, backup.RestoreOptions{Store: path}); err != nil {
			t.Fatalf("%s and repeated: %v", moment, err)
		}
		if restored, err = store.OpenExisting(path); err != nil {
			t.Fatalf("%s and repeated: %v", moment, err)
		}
		if _, err := os.Stat(store.RestoringAt(path)); err == nil {
			t.Errorf("%s and repeated, it leaves its folder", moment)
		}
	}
	defer restored.Close()
	if storetest.Dump(t, restored) != want {
		t.Errorf("%s, it leaves another store", moment)
	}
}

func TestABackupThatIsKilledAtAnyStepIsNotThereOrWhole(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	fill(t, s)
	to := filepath.Join(t.TempDir(), "backups")
	at := 1
	for ; killed(t.Context(), t, at, "backup", s.Path(), to); at++ {
		checkBackup(t, to, fmt.Sprint("killed before step ", at))
	}
	if at < 9 {
		t.Errorf("it has only %d steps: this proves too little", at-1)
	}
	if names, err := filepath.Glob(filepath.Join(to, ".*")); err != nil || len(names) > 0 {
		t.Errorf("after all it leaves %v, %v", names, err)
	}
	if wrong := verify(t, to); len(wrong) > 0 {
		t.Error(wrong)
	}
}

func TestARestoreThatIsKilledAtAnyStepCanBeRepeated(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	fill(t, s)
	made := makeIn(t, s, t.TempDir(), storetest.Start)
	want := storetest.Dump(t, s)
	at := 1
	for again := true; again; at++ {
		path := filepath.Join(t.TempDir(), "winnow.db")
		again = killed(t.Context(), t, at, "restore", path, made.Path)
		checkRestore(t, path, made.Path, want, fmt.Sprint("killed before step ", at))
		if at > 40 {
			t.Fatal("it never ends")
		}
	}
	if at < 12 {
		t.Errorf("it has only %d steps: this proves too little", at-2)
	}
}

var kills = flag.Int("kills", 3, "how often a backup and a restore are killed at a random moment")

func TestKill9AtARandomMomentLeavesABackupAndAStoreWholeOrToBeRepeated(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	fill(t, s)
	made, want := makeIn(t, s, t.TempDir(), storetest.Start), storetest.Dump(t, s)
	to := filepath.Join(t.TempDir(), "backups")
	during := func(longest time.Duration, args ...string) (moment string, was bool) {
		after := rand.N(longest)
		ctx, cancel := context.WithTimeout(t.Context(), after)
		defer cancel()
		was = killed(ctx, t, 0, args...)
		return fmt.Sprintf("killed %v after its start", after), was
	}
	began := time.Now()
	killed(t.Context(), t, 0, "backup", s.Path(), to)
	longest, count := time.Since(began), 0
	checkBackup(t, to, "not killed")
	for range *kills {
		moment, was := during(longest, "backup", s.Path(), to)
		checkBackup(t, to, moment)
		path := filepath.Join(t.TempDir(), "winnow.db")
		moment, again := during(longest, "restore", path, made.Path)
		checkRestore(t, path, made.Path, want, moment)
		for _, k := range []bool{was, again} {
			if k {
				count++
			}
		}
	}
	t.Logf("%d of %d were killed before they were done", count, 2**kills)
}

func TestARestoreReplacesNoStoreAndNoneThatIsInUse(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	made := makeIn(t, s, t.TempDir(), storetest.Start)
	refused := func(path, want string) {
		t.Helper()
		_, err := backup.Restore(t.Context(), made.Path, backup.RestoreOptions{Store: path})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("it says %v, want %q", err, want)
		}
	}
	refused(s.Path(), "there is a store at "+s.Path())
	stale := filepath.Join(t.TempDir(), "winnow.db")
	if err := os.WriteFile(stale+"-wal", []byte("of the old store"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(stale, "mv winnow.db-wal replaced")
	served := filepath.Join(t.TempDir(), "winnow.db")
	for _, lock := range store.LocksAt(served) {
		if ok, err := lock.TryLock(); !ok || err != nil {
			t.Fatal(ok, err)
		}
		refused(served, fmt.Sprintf("process %d uses the place of the store", os.Getpid()))
		lock.Unlock()
	}
}

func TestAChangedBackupIsNotRestored(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	for _, name := range []string{"winnow.db", "winnow-events.db", "winnow-members/nightly.reachable.2026-01-01T000000Z", "manifest.json"} {
		made := makeIn(t, s, t.TempDir(), storetest.Start)
		file := filepath.Join(made.Path, name)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)/2] ^= 1
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "winnow.db")
		_, err = backup.Restore(t.Context(), made.Path, backup.RestoreOptions{Store: path})
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("of a changed %s it says %v", name, err)
		}
		for _, left := range append(store.PartsAt(path), store.RestoringAt(path)) {
			if _, err := os.Lstat(left); err == nil {
				t.Errorf("of a changed %s it leaves %s", name, left)
			}
		}
	}
}

func TestWhatMayNotComeBackIsErasedBeforeTheStoreIsThere(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	made := makeIn(t, s, t.TempDir(), storetest.Start)
	path := filepath.Join(t.TempDir(), "winnow.db")
	fault := errors.New("the file of erasures can't be read")
	_, err := backup.Restore(t.Context(), made.Path, backup.RestoreOptions{Store: path, Erase: func(_ context.Context, s *store.Store) error {
		if exists, _ := store.Exists(path); exists {
			t.Error("the store is there already")
		}
		if n, err := s.LastSeq(); err != nil || n != 400 {
			t.Errorf("it is called with %d events, %v", n, err)
		}
		return fault
	}})
	if exists, _ := store.Exists(path); exists || !errors.Is(err, fault) {
		t.Errorf("an error of it leaves a store, and %v", err)
	}
}
