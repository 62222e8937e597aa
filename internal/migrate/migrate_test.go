package migrate

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/internal/apptest"
	"winnow/store"
	"winnow/store/location"
	"winnow/store/postgres/pgtest"
	"winnow/store/storetest"
)

// filesIn makes a store in the folder data beside a config, and returns both paths.
func filesIn(t *testing.T, folder string) (config, path string) {
	t.Helper()
	path = filepath.Join(folder, "data", "roster.db")
	s := storetest.OpenAt(t, path)
	storetest.Append(t, s, storetest.Event(storetest.Start, "crm-1", "m1", 1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return apptest.Config(t, folder, "1h"), path
}

func refused(t *testing.T, o Options, want string) {
	t.Helper()
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v does not say %q", err, want)
	}
}

func TestAStoreThatIsServedIsNotMigrated(t *testing.T) {
	config, path := filesIn(t, t.TempDir())
	for _, lock := range store.LocksAt(path) {
		if ok, err := lock.TryLock(); !ok || err != nil {
			t.Fatal(ok, err)
		}
		refused(t, Options{Config: config, From: path, To: "postgres://winnow@db/winnow"}, "stop winnow serve first")
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheURLIsOneThatAConfigMayHave(t *testing.T) {
	config, path := filesIn(t, t.TempDir())
	for url, want := range map[string]string{
		"postgres://winnow:secret@db/winnow":         "the store URL has a password",
		"mysql://db/winnow":                          "not the URL of a PostgreSQL server",
		"postgres://db":                              "lacks the name of a database",
		"postgres://db/winnow?synchronous_commit=on": "unknown parameter",
	} {
		refused(t, Options{Config: config, From: path, To: url}, want)
	}
}

func TestWhatIsBesideTheStoreStaysInUse(t *testing.T) {
	folder, url := t.TempDir(), pgtest.Database(t)
	config, path := filesIn(t, folder)
	run := filepath.Join("nightly", "2026-01-01T020000Z", "reachable.csv")
	waiting := filepath.Join(location.Beside(path, "outbox"), run)
	if err := os.MkdirAll(filepath.Dir(waiting), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(waiting, []byte("crm-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), Options{Config: config, From: path, To: url})
	if err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	if err := result.Print(&printed); err != nil {
		t.Fatal(err)
	}
	if want := "  store: " + url + "\n  folder: data\n"; !strings.Contains(printed.String(), want) {
		t.Errorf("%q is not in:\n%s", want, printed.String())
	}
	apptest.Edit(t, config, "sources:", "store: "+url+"\nfolder: data\nsources:")
	on := apptest.Open(t, config).Store
	if text, err := os.ReadFile(filepath.Join(on.Folder("outbox"), run)); err != nil || string(text) != "crm-1\n" {
		t.Errorf("what waits in the outbox is %q, %v", text, err)
	}
	if text := apptest.ReadFile(t, waiting); text != "crm-1\n" {
		t.Errorf("what waited there before is %q", text)
	}
}
