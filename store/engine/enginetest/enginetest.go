// Package enginetest chooses the engine that tests of the store run on. The
// environment variable WINNOW_TEST_ENGINE names it; without it that is sqlite.
//
// To test another engine, make [Location] name a new empty database of it, and
// [Open] open it.
package enginetest

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"winnow/store/engine"
	"winnow/store/location"
	"winnow/store/postgres"
	"winnow/store/postgres/pgtest"
	"winnow/store/sqlite"
)

// Variable is the environment variable that names the engine.
const Variable = "WINNOW_TEST_ENGINE"

// Location is where a test opens a store that does not exist yet, as the config
// would name it. It is removed after the test.
func Location(tb testing.TB) string {
	tb.Helper()
	return LocationIn(tb, tb.TempDir())
}

// New is where a new store is, in which there is nothing. Where it takes an engine long to
// make one, it is a copy of one that was made for another test.
func New(tb testing.TB) string {
	tb.Helper()
	if os.Getenv(Variable) != "postgres" {
		return Location(tb)
	}
	return onServer(tb, tb.TempDir(), pgtest.Prepared(tb, func(url string) error {
		e, err := postgres.Open(url)
		if err != nil {
			return err
		}
		return e.Close()
	}))
}

// LocationIn is [Location] in that folder, for an engine that keeps files. The location of
// another engine has nothing to do with the folder.
func LocationIn(tb testing.TB, folder string) string {
	tb.Helper()
	switch name := os.Getenv(Variable); name {
	case "", "sqlite":
		return filepath.Join(folder, "winnow.db")
	case "postgres":
		return onServer(tb, folder, pgtest.Database(tb))
	default:
		tb.Fatalf("%s names engine %q; there are sqlite and postgres", Variable, name)
		return ""
	}
}

// onServer is the location of the store on the server of that URL.
func onServer(tb testing.TB, folder, at string) string {
	tb.Helper()
	parsed, err := url.Parse(at)
	if err != nil {
		tb.Fatal(err)
	}
	return location.Server(parsed, folder)
}

// Open opens the engine's database at a location, and closes it after the test.
func Open(tb testing.TB, at string) engine.Engine {
	tb.Helper()
	var e engine.Engine
	var err error
	if location.IsServer(at) {
		e, err = postgres.Open(location.URL(at))
	} else {
		e, err = sqlite.Open(at)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	return e
}

// SQLite skips a test of what only SQLite does, unless that is the engine.
func SQLite(tb testing.TB) {
	tb.Helper()
	if name := os.Getenv(Variable); name != "" && name != "sqlite" {
		tb.Skipf("this is about sqlite, not %s", name)
	}
}

// Change runs statements on the contacts of the store at a location, as an earlier version
// or a person could have done.
func Change(tb testing.TB, at string, statements ...string) {
	tb.Helper()
	if location.IsServer(at) {
		pgtest.Run(tb, location.URL(at), statements...)
		return
	}
	file := File(tb, at)
	for _, statement := range statements {
		if _, err := file.Exec(statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
}

// File opens a SQLite file, as any other program could.
func File(tb testing.TB, path string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

// Portions is the environment variable by which a sweep divides what it sweeps into portions
// wherever that is possible, as it does for other processes that are ready to help: then all
// tests of the store are tests of that.
const Portions = "WINNOW_TEST_PORTIONS"

// InPortions reports whether it is set.
func InPortions() bool { return os.Getenv(Portions) != "" }

// SweepInPortions does that for the store at a location, if the variable is set. No other
// process is there: the sweep takes all portions itself.
func SweepInPortions(tb testing.TB, at string) {
	tb.Helper()
	if InPortions() && location.IsServer(at) {
		pgtest.Run(tb, location.URL(at), "INSERT INTO sweepers (sweeper, seen_at) VALUES ('nobody', 4000000000000000) ON CONFLICT DO NOTHING")
	}
}
