package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryConnectionHasItsPragmas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.db")
	c, err := connect(path, writing)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if _, err := c.text("PRAGMA synchronous = 1"); err != nil {
		t.Fatal(err)
	}
	for name, want := range pragmas[writing] {
		if got, err := c.text("PRAGMA " + name); err != nil || (got == want) == (name == "synchronous") {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
	if r, err := connect(path, reading); err != nil || r.exec("CREATE TABLE t (a)") == nil {
		t.Errorf("a connection that reads can write, %v", err)
	} else {
		r.close()
	}
}

func TestAFileWithWhatWinnowNeverMadeIsRefused(t *testing.T) {
	plant := func(t *testing.T, path, sql string) {
		t.Helper()
		c, err := openConn("file:" + escaped(path))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.script(sql); err != nil {
			t.Fatal(err)
		}
		if err := c.close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ file, sql, named, drop string }{
		{"winnow-events.db", `CREATE TRIGGER sly AFTER INSERT ON events BEGIN UPDATE events SET contact = 'victim' WHERE seq = new.seq; END`, `the trigger "sly"`, "DROP TRIGGER sly"},
		{"winnow.db", `CREATE VIEW suppressed AS SELECT 1`, `the view "suppressed"`, "DROP VIEW suppressed"},
		{"winnow.db", `CREATE TABLE extra (a)`, `the table "extra"`, "DROP TABLE extra"},
		{"winnow.db", `CREATE INDEX contacts_by_ledger ON contacts (ledger)`, `the index "contacts_by_ledger"`, "DROP INDEX contacts_by_ledger"},
	} {
		t.Run(c.named, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "winnow.db")
			e, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			plant(t, filepath.Join(folder, c.file), c.sql)
			if e, err = Open(path); err == nil {
				e.Close()
				t.Fatal("it is opened")
			}
			if text := err.Error(); !strings.Contains(text, filepath.Join(folder, c.file)) || !strings.Contains(text, c.named) || !strings.Contains(text, strings.ToUpper(c.drop[:5])) {
				t.Errorf("the error is %s", text)
			}
			plant(t, filepath.Join(folder, c.file), c.drop)
			if e, err = Open(path); err != nil {
				t.Fatalf("after %s: %v", c.drop, err)
			}
			e.Close()
		})
	}
	t.Run("a version that never was", func(t *testing.T) {
		e := open(t)
		plant(t, e.path, "PRAGMA user_version = -1")
		if again, err := Open(e.path); err == nil || !strings.Contains(err.Error(), "schema version -1") {
			t.Errorf("opening gives %v, %v", again, err)
		}
	})
	t.Run("statistics of SQLite are its own", func(t *testing.T) {
		e := open(t)
		plant(t, e.path, "ANALYZE")
		again, err := Open(e.path)
		if err != nil {
			t.Fatal(err)
		}
		again.Close()
	})
}

func TestAStoreThatWasPutBackForAllToReadIsClosedToThem(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "winnow.db")
	for given, want := range map[os.FileMode]os.FileMode{0o644: 0o640, 0o666: 0o660, 0o600: 0o600, 0o660: 0o660} {
		e, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{path, LogPath(path)} {
			if err := os.Chmod(file, given); err != nil {
				t.Fatal(err)
			}
		}
		if e, err = Open(path); err != nil {
			t.Fatal(err)
		}
		for _, file := range e.Files() { // their write-ahead logs too
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s with the mode %04o is %04o after it was opened, want %04o; %v", filepath.Base(file), given, info.Mode().Perm(), want, err)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACopyWithoutItsWriteAheadLogIsNoDatabase(t *testing.T) {
	e := open(t)
	if !Exists(e.path) {
		t.Fatal("an open database is not there")
	}
	header, err := os.ReadFile(e.path)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"empty": nil, "header": header[:pageSize]} {
		path := filepath.Join(t.TempDir(), name+".db")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if tables := hasTables(path); Exists(path) != tables || name == "empty" && tables {
			t.Errorf("%s: exists %t, has tables %t", name, Exists(path), tables)
		}
		if info, err := os.Stat(path); err != nil || info.Size() != int64(len(content)) {
			t.Errorf("%s was written to", name)
		}
	}
}
