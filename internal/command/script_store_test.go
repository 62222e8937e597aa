package command

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"winnow/store/engine/enginetest"
	"winnow/store/location"
	"winnow/store/postgres/pgtest"
	"winnow/store/sqlite"
)

// Scripts run on the engine that the variable [enginetest.Variable] names, as other tests
// do. Their configs are written for SQLite; with another engine each store that they name,
// or that is the default of one, is a database of its own. "[sqlite]" begins a line that
// is about SQLite's files alone.

var (
	storeLine  = regexp.MustCompile(`(?m)^store: sqlite://(\S+)$`)
	likeConfig = regexp.MustCompile(`(?m)^(sources|hygiene|segments|exports|contacts|admin|listen):`)
)

func onSQLite() bool {
	name := os.Getenv(enginetest.Variable)
	return name == "" || name == "sqlite"
}

// scriptCondition decides conditions of scripts.
func scriptCondition(name string) (bool, error) {
	if name == "sqlite" {
		return onSQLite(), nil
	}
	return false, fmt.Errorf("unknown condition %s", name)
}

// scriptStores are the stores of a script on another engine than SQLite, each the URL of a
// database, by the path of the file that it stands for.
type scriptStores struct {
	t      testing.TB
	folder string
	at     map[string]string
}

func (s *scriptStores) of(path string) string {
	if s.at[path] == "" {
		s.at[path] = location.URL(enginetest.LocationIn(s.t, s.folder))
	}
	return s.at[path]
}

// move moves the stores of the script's configs to the engine of the test.
func (s *scriptStores) move() error {
	if onSQLite() {
		return nil
	}
	return s.rewrite(func(path string, text []byte) []byte {
		beside := func(name string) string { return s.of(filepath.Join(filepath.Dir(path), name)) }
		switch m := storeLine.FindSubmatch(text); {
		case m != nil:
			return storeLine.ReplaceAllLiteral(text, fmt.Appendf(nil, "store: %q", beside(string(m[1]))))
		case likeConfig.Match(text):
			return fmt.Appendf(bytes.TrimRight(text, "\n"), "\nstore: %q\n", beside("winnow.db"))
		}
		return text
	})
}

// rewrite writes the configs of the script anew.
func (s *scriptStores) rewrite(change func(path string, text []byte) []byte) error {
	return filepath.WalkDir(s.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, change(path, text), 0o600)
	})
}

// dump visits what the databases have, a table at a time.
func (s *scriptStores) dump(visit func(name string, text []byte)) error {
	for path, url := range s.at {
		tables, err := pgtest.Dump(url)
		if err != nil {
			return err
		}
		for name, text := range tables {
			visit(filepath.Base(path)+"/"+name, text)
		}
	}
	return nil
}

// dropInScript is the script's command "drop STORE": there is no store at that path any more.
func dropInScript(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: drop STORE")
	}
	path, s := ts.MkAbs(args[0]), ts.Value(scriptKey{}).(*scriptState).stores
	if onSQLite() {
		ts.Check(errors.Join(os.Remove(path), os.Remove(sqlite.LogPath(path))))
		return
	}
	old := s.of(path)
	delete(s.at, path)
	ts.Check(s.rewrite(func(_ string, text []byte) []byte {
		return bytes.ReplaceAll(text, []byte(old), []byte(s.of(path)))
	}))
}
