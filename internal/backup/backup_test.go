package backup_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/internal/backup"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/storetest"
)

// makeIn makes a backup of the store in the folder of backups.
func makeIn(tb testing.TB, s *store.Store, to string, at hygiene.Instant) backup.Made {
	tb.Helper()
	made, err := backup.Make(tb.Context(), backup.Options{Store: s, To: to, Now: at, Version: "test"})
	if err != nil {
		tb.Fatal(err)
	}
	return made
}

// verify returns the problems of a backup.
func verify(tb testing.TB, path string) []string {
	tb.Helper()
	found, err := backup.Verify(tb.Context(), path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return found.Problems
}

// opened restores a backup and opens the store.
func opened(tb testing.TB, from string) *store.Store {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "elsewhere", "state.db")
	if _, err := backup.Restore(tb.Context(), from, backup.RestoreOptions{Store: path}); err != nil {
		tb.Fatal(err)
	}
	s, err := store.OpenExisting(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

// hammer appends to the log and sweeps, as fast as it can, until the function that it
// returns is called. answered is how many events were appended so far.
func hammer(tb testing.TB, s *store.Store, p *hygiene.Policy) (answered *atomic.Int64, end func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	answered = &atomic.Int64{}
	var group sync.WaitGroup
	for worker := range 2 {
		group.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				events := storetest.LifelikeLog(3, 300, storetest.Start, uint64(1000*worker+n+7))
				if err := s.Append(context.Background(), events, nil); err != nil {
					tb.Error(err)
					return
				}
				answered.Add(int64(len(events)))
			}
		})
	}
	group.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.Sweep(context.Background(), store.SweepOptions{Policy: p, Now: storetest.Start, Batch: 50}); err != nil {
				tb.Error(err)
				return
			}
		}
	})
	return answered, func() { cancel(); group.Wait() }
}

func TestABackupUnderLoadHasWhatWasAnsweredBeforeAndSweepsToTheSameContacts(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	storetest.AppendMany(t, s, storetest.LifelikeLog(1000, 200, storetest.Start, 1))
	answered, end := hammer(t, s, p)
	to := filepath.Join(t.TempDir(), "backups")
	for round := range 2 {
		before := 1000 + answered.Load()
		made := makeIn(t, s, to, storetest.Start.Add(time.Duration(round)*time.Second))
		if made.LastSeq < before || made.Events != made.LastSeq {
			t.Errorf("the backup has %d events through %d, and %d were answered before", made.Events, made.LastSeq, before)
		}
		if made.Cursor > made.LastSeq {
			t.Errorf("the cursor %d is beyond the log, which ends at %d", made.Cursor, made.LastSeq)
		}
		if wrong := verify(t, made.Path); len(wrong) > 0 {
			t.Error(wrong)
		}
	}
	end()
	storetest.Sweep(t, s, p, 0)
	// The original, up to where each backup ends, swept in one go.
	names, err := os.ReadDir(to)
	if err != nil || len(names) != 2 {
		t.Fatalf("there are %v, %v", names, err)
	}
	for _, name := range names {
		restored := opened(t, filepath.Join(to, name.Name()))
		storetest.Sweep(t, restored, p, 0)
		want := storetest.Open(t)
		storetest.Policy(t, want)
		last, err := restored.LastSeq()
		if err != nil {
			t.Fatal(err)
		}
		storetest.AppendMany(t, want, eventsOf(t, s, last))
		storetest.Sweep(t, want, p, 0)
		if storetest.Dump(t, restored) != storetest.Dump(t, want) {
			t.Errorf("%s: after a sweep the contacts are other ones than those of the original after its first %d events", name.Name(), last)
		}
	}
}

// eventsOf are the first events of a store, up to last.
func eventsOf(tb testing.TB, s *store.Store, last int64) (list []hygiene.Event) {
	tb.Helper()
	for seq := int64(1); seq <= last; seq++ {
		e, ok, err := s.Event(seq)
		if err != nil || !ok {
			tb.Fatalf("event %d: %t, %v", seq, ok, err)
		}
		list = append(list, e)
	}
	return list
}

// fill gives a store events, members and an outbox.
func fill(tb testing.TB, s *store.Store) {
	tb.Helper()
	p := storetest.Policy(tb, s)
	storetest.AppendMany(tb, s, storetest.LifelikeLog(400, 50, storetest.Start, 1))
	storetest.Sweep(tb, s, p, 0)
	for name, text := range map[string]string{
		"members/nightly.reachable.2026-01-01T000000Z": "ann\nbob\n", "outbox/nightly/2026-01-01T000000Z/reachable.csv": "contact\nann\n",
		"outbox/nightly/.winnow-draft-2026-01-02T000000Z/reachable.csv": "half",
	} {
		folder, rest, _ := strings.Cut(name, "/")
		path := filepath.Join(s.Folder(folder), rest)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.Symlink("2026-01-01T000000Z", filepath.Join(s.Folder("outbox"), "nightly", "latest")); err != nil {
		tb.Fatal(err)
	}
}

// filesIn lists the files in a folder, with slashes.
func filesIn(tb testing.TB, folder string) (list []string) {
	tb.Helper()
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(folder, path)
		list = append(list, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

func TestABackupHasTheMembersAndTheOutboxAndIsForItsOwner(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	made := makeIn(t, s, filepath.Join(t.TempDir(), "backups"), storetest.Start)
	want := "[manifest.json winnow-events.db winnow-members/nightly.reachable.2026-01-01T000000Z winnow-outbox/nightly/2026-01-01T000000Z/reachable.csv winnow-outbox/nightly/latest winnow.db]"
	if got := fmt.Sprint(filesIn(t, made.Path)); got != want {
		t.Errorf("a backup has\n%s, want\n%s", got, want)
	}
	err := filepath.WalkDir(filepath.Dir(made.Path), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.Type() == fs.ModeSymlink {
			return err
		}
		info, err := e.Info()
		if mode := info.Mode().Perm(); err == nil && mode&0o077 != 0 {
			t.Errorf("%s has the mode %04o", path, mode)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if wrong := verify(t, filepath.Dir(made.Path)); len(wrong) > 0 {
		t.Error(wrong)
	}
}

func TestAFullDiskLeavesNoHalfBackup(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	events := storetest.LifelikeLog(2_000, 200, storetest.Start, 1) // 10 MiB
	for i := range events {
		events[i].Body = fmt.Appendf(nil, `{"text":"%5000d"}`, i)
	}
	storetest.AppendMany(t, s, events)
	storetest.Sweep(t, s, p, 0)
	disk := apptest.SmallDisk(t)
	_, err := backup.Make(t.Context(), backup.Options{Store: s, To: filepath.Join(disk, "backups"), Now: storetest.Start})
	if err == nil {
		t.Fatal("the disk is not too small: this proves nothing")
	}
	if !errors.Is(err, engine.ErrFull) && !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("it says %v", err)
	}
	if left := filesIn(t, disk); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
	// The same for a restore onto such a disk.
	made := makeIn(t, s, t.TempDir(), storetest.Start)
	path := filepath.Join(disk, "state", "winnow.db")
	if _, err := backup.Restore(t.Context(), made.Path, backup.RestoreOptions{Store: path}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a restore says %v", err)
	}
	for _, left := range append(store.PartsAt(path), store.RestoringAt(path)) {
		if _, err := os.Lstat(left); err == nil {
			t.Errorf("a restore leaves %s", left)
		}
	}
}

func TestAnyChangeOfABackupIsNamed(t *testing.T) {
	s := storetest.Open(t)
	fill(t, s)
	good := makeIn(t, s, t.TempDir(), storetest.Start).Path
	change := func(name string, do func(path string) error) {
		t.Run(strings.ReplaceAll(name, "/", "_"), func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), filepath.Base(good))
			if err := os.CopyFS(folder, os.DirFS(good)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(folder, name)
			if err := do(path); err != nil {
				t.Fatal(err)
			}
			if wrong := verify(t, folder); len(wrong) != 1 || !strings.Contains(wrong[0], filepath.Dir(path)) || !strings.Contains(wrong[0], filepath.Base(path)) {
				t.Errorf("it says %q, which should name %s alone", wrong, path)
			}
		})
	}
	for _, name := range filesIn(t, good) {
		if strings.HasSuffix(name, "latest") {
			change(name, os.Remove)
			continue
		}
		change(name, func(path string) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			return os.Truncate(path, info.Size()-1)
		})
		change(name, func(path string) error {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text[len(text)/2] ^= 1
			return os.WriteFile(path, text, 0o600)
		})
		change(name, os.Remove)
	}
	change("winnow.db-wal", func(path string) error { return os.WriteFile(path, []byte("more"), 0o600) })
}

func TestCountsByStatusThatAreNotThoseOfTheContactsAreNamed(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	fill(t, s)
	storetest.Append(t, s, storetest.Event(storetest.Start, "zoe", "m-zoe", hygiene.HardBounce))
	storetest.Sweep(t, s, storetest.Policy(t, s), 0)
	var at []hygiene.Instant // also while retries are due and after suppressions have ended
	for _, after := range []time.Duration{0, 5 * time.Hour, 40 * hygiene.Day} {
		at = append(at, storetest.Start.Add(after+time.Minute))
	}
	for _, now := range at {
		if wrong := verify(t, makeIn(t, s, t.TempDir(), now).Path); len(wrong) > 0 {
			t.Errorf("of a store that is well it says at %s: %q", now, wrong)
		}
	}
	if _, err := enginetest.File(t, s.Path()).Exec("UPDATE status_counts SET n = n + 1 WHERE at = 0 AND now = 1"); err != nil {
		t.Fatal(err)
	}
	made := makeIn(t, s, t.TempDir(), at[0])
	if wrong := verify(t, made.Path); len(wrong) != 1 || !strings.Contains(wrong[0], filepath.Join(made.Path, "winnow.db")+" counts ") {
		t.Errorf("it says %q", wrong)
	}
}
