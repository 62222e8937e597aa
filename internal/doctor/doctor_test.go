package doctor_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/doctor"
	"winnow/store"
	"winnow/store/engine/enginetest"
	"winnow/store/storetest"
)

// folder is a store with a config, whose daemon holds its lock, and which is well.
type folder struct {
	t      *testing.T
	config string
	store  string
	jobs   *store.Lock
}

func TestMain(m *testing.M) { os.Exit(storetest.InMemory(m)) }

func newFolder(t *testing.T) *folder {
	t.Helper()
	dir := t.TempDir()
	f := &folder{t: t, config: apptest.Config(t, dir, "1h"), store: filepath.Join(dir, "winnow.db")}
	f.append()
	f.jobs = store.LocksAt(f.store)[0]
	if ok, err := f.jobs.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	t.Cleanup(func() { f.jobs.Unlock() })
	return f
}

// append appends one event, to a store that is made if there is none.
func (f *folder) append() {
	f.open(func(s *store.Store) {
		storetest.Append(f.t, s, storetest.Event(storetest.Start, "ann", "m1", hygiene.Delivered))
	})
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

// A daemon that is merely stopped is nothing wrong: the store may be restored, or moved.
func TestAStoppedDaemonIsANote(t *testing.T) {
	defer doctor.SetStatfs(syscall.Statfs)
	doctor.SetStatfs(measureDisks)
	f := newFolder(t)
	f.jobs.Unlock()
	list := doctor.Examine(t.Context(), f.config, time.Now().Add(time.Hour))
	i := slices.IndexFunc(list, func(found doctor.Finding) bool { return found.Check == "daemon" })
	if i < 0 || list[i].State != doctor.Note || !strings.Contains(list[i].Text, "winnow serve starts it") || doctor.Err(list) != nil {
		t.Errorf("%+v, %v", list, doctor.Err(list))
	}
}

// exhaust makes the disk of the folder look full.
func (f *folder) exhaust() {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(filepath.Dir(f.store), "full"), nil, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// measureDisks measures every disk as almost free, but those that were exhausted.
func measureDisks(folder string, s *syscall.Statfs_t) error {
	s.Blocks, s.Bavail, s.Bsize = 1000, 900, 4096
	if _, err := os.Stat(filepath.Join(folder, "full")); err == nil {
		s.Bavail = 1
	}
	return nil
}

// logPath is the file of the log.
func (f *folder) logPath() string { return strings.Replace(f.store, ".db", "-events.db", 1) }

// loseEvents puts the log back as it was before the last sweep.
func (f *folder) loseEvents() {
	f.t.Helper()
	before, err := os.ReadFile(f.logPath())
	if err != nil {
		f.t.Fatal(err)
	}
	f.open(func(s *store.Store) {
		storetest.Append(f.t, s, storetest.Event(storetest.Start, "ann", "m2", hygiene.Delivered))
		storetest.Sweep(f.t, s, storetest.Policy(f.t, s), 0)
	})
	if err := os.WriteFile(f.logPath(), before, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// changeStore runs a statement in the file of the contacts.
func (f *folder) changeStore(statement string) {
	f.t.Helper()
	db := enginetest.File(f.t, f.store)
	_, err := db.Exec(statement)
	if err := errors.Join(err, db.Close()); err != nil {
		f.t.Fatal(err)
	}
}

// serveTLS writes a certificate that ends then, and makes the public server use it.
func (f *folder) serveTLS(ends time.Time) {
	f.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: ends}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		f.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		f.t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"my.crt": {Type: "CERTIFICATE", Bytes: public}, "my.key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(f.config), name), pem.EncodeToMemory(block), 0o600); err != nil {
			f.t.Fatal(err)
		}
	}
	apptest.Edit(f.t, f.config, "\nsources:", "\ntls: {cert: my.crt, key: my.key}\nsources:")
}

func TestEveryCheckCanFail(t *testing.T) {
	later := time.Now().Add(time.Hour)
	defer doctor.SetStatfs(syscall.Statfs)
	doctor.SetStatfs(measureDisks)
	if was := doctor.ShortenBacklog(100); was != 100_000 {
		t.Errorf("a backlog is long from %d events on", was)
	}
	for _, c := range []struct {
		name, want string
		do         func(f *folder)
	}{
		{"well", "", func(*folder) {}},
		{"config", "has problems: winnow check", func(f *folder) { apptest.Edit(f.t, f.config, "rules:", "rulse:") }},
		{"no store", "there is no store at", func(f *folder) { os.Remove(f.store); os.Remove(f.logPath()) }},
		{"damage", "restore a backup", func(f *folder) { os.WriteFile(f.store, []byte(strings.Repeat("not a database", 1000)), 0o600) }},
		{"lost log", "winnow-events.db can't be opened", func(f *folder) { os.Remove(f.logPath()) }},
		{"cursor", "the sweep has read up to event 2, and the log ends at 1", (*folder).loseEvents},
		{"schema", `the trigger "sly"`, func(f *folder) {
			f.changeStore("CREATE TRIGGER sly AFTER INSERT ON contacts BEGIN DELETE FROM contacts; END")
		}},
		{"newer schema", "has schema 1000 and this winnow knows", func(f *folder) { f.changeStore("PRAGMA user_version = 1000") }},
		{"clock", "behind the log", func(f *folder) {
			f.open(func(s *store.Store) {
				storetest.Append(f.t, s, storetest.Event(hygiene.InstantOf(later.Add(time.Hour)), "ann", "m2", hygiene.Delivered))
			})
		}},
		{"backlog", "102 events wait for a sweep", func(f *folder) {
			f.open(func(s *store.Store) {
				storetest.AppendMany(f.t, s, storetest.LifelikeLog(101, 10, storetest.Start, 1))
			})
		}},
		{"lock", "kill -CONT", func(f *folder) {
			f.jobs.Unlock()
			l := store.LocksAt(f.store)[1]
			if ok, err := l.TryLock(); !ok || err != nil {
				f.t.Fatal(ok, err)
			}
			f.t.Cleanup(func() { l.Unlock() })
		}},
		{"permissions", "every user of this machine can open", func(f *folder) { os.Chmod(f.store, 0o644) }},
		{"disk", "make room", (*folder).exhaust},
		{"backup", "winnow backup", func(f *folder) {
			apptest.Edit(f.t, f.config, "\nsources:", "\nbackup: {schedule: \"@every 1h\", to: backups}\nsources:")
		}},
		{"certificate", "can't be used", func(f *folder) {
			apptest.Edit(f.t, f.config, "\nsources:", "\ntls: {cert: none.crt, key: none.key}\nsources:")
		}},
		{"long certificate", "", func(f *folder) { f.serveTLS(later.Add(15 * 24 * time.Hour)) }},
		{"expiring certificate", "my.crt ends at " + later.Add(13*24*time.Hour).UTC().Format(time.RFC3339) + ": renew it", func(f *folder) { f.serveTLS(later.Add(13 * 24 * time.Hour)) }},
		{"destination", "is not a folder that can be opened", func(f *folder) {
			os.WriteFile(filepath.Join(filepath.Dir(f.config), "exports"), nil, 0o600)
		}},
		{"server", "can't be reached", func(f *folder) {
			apptest.Edit(f.t, f.config, "to: [./exports]", "to: [{url: \"sftp://ann@127.0.0.1:1/in\", password: secret, host_key: \"SHA256:RlqpWZaeEuY4LNeRfyLFXJZSq7bzWkWLtWE3mbPEOHk\"}]")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFolder(t)
			c.do(f)
			got := f.examine(later)
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("it says\n%s\nwant %q", got, c.want)
			}
		})
	}
}
