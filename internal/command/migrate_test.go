package command

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/internal/apptest"
	"winnow/store/engine/enginetest"
	"winnow/store/postgres/pgtest"
	"winnow/store/storetest"
)

// migrated migrates the store of a config, and returns the text of one with the database.
func migrated(t *testing.T, config string) (text string) {
	t.Helper()
	url := pgtest.Database(t)
	if out, errs, status := runWinnow("migrate", "--to", url, "-c", config); status != exitOK || !strings.Contains(out, "  store: "+url) {
		t.Fatalf("%s%s", out, errs)
	}
	return strings.Replace(apptest.ReadFile(t, config), "store: sqlite://winnow.db", "store: "+url, 1)
}

// filesIn are the contents of all files in a folder, by their path in it.
func filesIn(t *testing.T, folder string) map[string]string {
	t.Helper()
	of := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		of[strings.TrimPrefix(path, folder)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return of
}

func TestAMigratedStoreAnswersTheSame(t *testing.T) {
	enginetest.SQLite(t)
	storetest.Sequential(t)
	t.Setenv("WINNOW_INSIDER_TOKEN", apptest.Token)
	config := hostileStore(t)
	keys := []string{hostileKey + "a", hostileKey + "b", hostileKey + "c", hostileKey + "e"}
	did := func(args ...string) {
		t.Helper()
		if out, errs, status := runWinnow(append(args, "-c", config)...); status != exitOK {
			t.Fatalf("winnow %q: %s%s", args, out, errs)
		}
	}
	did("suppress", keys[1], "--reason", "complaint", "--note", "by phone")
	did("merge", keys[3], "--into", keys[0], "--new", "--apply")
	did("hold", keys[2], "--note", "claim")
	did("forget", hostileKey+"d")
	did("export", "nightly")
	onFiles, onServer := apptest.ReadFile(t, config), migrated(t, config)
	use := func(text string) {
		t.Helper()
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"explain", keys[0], "-v"}, {"explain", keys[1], "--json"}, {"explain", keys[3]}, {"explain", hostileKey + "d"}, {"report", "--by", "day,source,outcome"},
		{"quarantine"}, {"unmatched"}, {"breaker"}, {"pin"}, {"undo", "--list"}, {"export-person", keys[0]}, {"rejudge"}, {"status"}, {"status", "--json"}} {
		args = append(args, "--now", "2030-01-01T00:00:00Z", "-c", config)
		use(onFiles)
		before, errsBefore, _ := runWinnow(args...)
		use(onServer)
		if after, errs, _ := runWinnow(args...); before != after || errsBefore != errs {
			t.Errorf("winnow %q answers\n%s%s\nand on PostgreSQL\n%s%s", args, before, errsBefore, after, errs)
		}
	}
	exports := filepath.Join(filepath.Dir(config), "exports")
	exported := func(text string) map[string]string {
		t.Helper()
		use(text)
		if err := os.RemoveAll(exports); err != nil {
			t.Fatal(err)
		}
		did("export", "nightly", "--now", "2030-01-01T00:00:00Z")
		return filesIn(t, exports)
	}
	if before, after := exported(onFiles), exported(onServer); !maps.Equal(before, after) || len(before) < 4 {
		t.Errorf("the exports are\n%q\nand on PostgreSQL\n%q", before, after)
	}
}
