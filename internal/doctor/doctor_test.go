package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/doctor"
	"winnow/store"
	"winnow/store/storetest"
)

// folder is a store with a config, whose daemon holds its lock, and which is well.
type folder struct {
	t      *testing.T
	config string
	store  string
	jobs   *store.Lock
}

func newFolder(t *testing.T) *folder {
	t.Helper()
	dir := t.TempDir()
	f := &folder{t: t, config: apptest.Config(t, dir, "1h"), store: filepath.Join(dir, "winnow.db")}
	f.open(func(s *store.Store) {
		storetest.Append(t, s, storetest.Event(storetest.Start, "ann", "m1", hygiene.Delivered))
	})
	f.jobs = store.LocksAt(f.store)[0]
	if ok, err := f.jobs.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	t.Cleanup(func() { f.jobs.Unlock() })
	return f
}

func (f *folder) open(do func(*store.Store)) {
	f.t.Helper()
	a, err := app.Open(app.Options{Path: f.config, Access: app.Creates})
	if err != nil {
		f.t.Fatal(err)
	}
	do(a.Store)
	if err := a.Close(); err != nil {
		f.t.Fatal(err)
	}
}

// examine returns what is not well.
func (f *folder) examine(now time.Time) string {
	var wrong strings.Builder
	var bad []doctor.Finding
	for _, found := range doctor.Examine(f.t.Context(), f.config, now) {
		if found.State != doctor.Well {
			bad = append(bad, found)
		}
	}
	doctor.Print(&wrong, bad)
	return wrong.String()
}

func TestEveryCheckCanFail(t *testing.T) {
	later := time.Now().Add(time.Hour)
	for _, c := range []struct {
		name, want string
		do         func(f *folder)
	}{
		{"well", "", func(*folder) {}},
		{"config", "has problems: winnow check", func(f *folder) { apptest.Edit(t, f.config, "rules:", "rulse:") }},
		{"no store", "there is no store at", func(f *folder) { os.Remove(f.store); os.Remove(strings.Replace(f.store, ".db", "-events.db", 1)) }},
		{"damage", "restore a backup", func(f *folder) { os.WriteFile(f.store, []byte(strings.Repeat("not a database", 1000)), 0o600) }},
		{"lost log", "winnow-events.db can't be opened", func(f *folder) { os.Remove(strings.Replace(f.store, ".db", "-events.db", 1)) }},
		{"clock", "behind the log", func(f *folder) {
			f.open(func(s *store.Store) {
				storetest.Append(t, s, storetest.Event(hygiene.InstantOf(later.Add(time.Hour)), "ann", "m2", hygiene.Delivered))
			})
		}},
		{"backlog", "100,002 events wait for a sweep", func(f *folder) {
			f.open(func(s *store.Store) {
				storetest.AppendMany(t, s, storetest.LifelikeLog(100_001, 10, storetest.Start, 1))
			})
		}},
		{"no daemon", "start winnow serve", func(f *folder) { f.jobs.Unlock() }},
		{"lock", "kill -CONT", func(f *folder) {
			f.jobs.Unlock()
			l := store.LocksAt(f.store)[1]
			if ok, err := l.TryLock(); !ok || err != nil {
				t.Fatal(ok, err)
			}
			t.Cleanup(func() { l.Unlock() })
		}},
		{"permissions", "every user of this machine can open", func(f *folder) { os.Chmod(f.store, 0o644) }},
		{"disk", "make room", func(*folder) {
			doctor.SetStatfs(func(_ string, s *syscall.Statfs_t) error {
				s.Blocks, s.Bavail, s.Bsize = 1000, 1, 4096
				return nil
			})
		}},
		{"backup", "winnow backup", func(f *folder) {
			apptest.Edit(t, f.config, "\nsources:", "\nbackup: {schedule: \"@every 1h\", to: backups}\nsources:")
		}},
		{"certificate", "can't be used", func(f *folder) {
			apptest.Edit(t, f.config, "\nsources:", "\ntls: {cert: none.crt, key: none.key}\nsources:")
		}},
		{"destination", "is not a folder that can be opened", func(f *folder) {
			os.WriteFile(filepath.Join(filepath.Dir(f.config), "exports"), nil, 0o600)
		}},
		{"server", "can't be reached", func(f *folder) {
			apptest.Edit(t, f.config, "to: [./exports]", "to: [{url: \"sftp://ann@127.0.0.1:1/in\", password: secret, host_key: \"SHA256:RlqpWZaeEuY4LNeRfyLFXJZSq7bzWkWLtWE3mbPEOHk\"}]")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer doctor.SetStatfs(syscall.Statfs)
			doctor.SetStatfs(func(_ string, s *syscall.Statfs_t) error {
				s.Blocks, s.Bavail, s.Bsize = 1000, 900, 4096
				return nil
			})
			f := newFolder(t)
			f.t = t
			c.do(f)
			got := f.examine(later)
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("it says\n%s\nwant %q", got, c.want)
			}
		})
	}
}
