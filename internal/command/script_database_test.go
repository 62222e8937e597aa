package command

import (
	"slices"

	"github.com/rogpeppe/go-internal/testscript"

	"winnow/store/postgres/pgtest"
)

// databaseInScript is the script's command "database NAME": the environment variable NAME is
// the URL of a new PostgreSQL database.
func databaseInScript(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: database NAME")
	}
	s := ts.Value(scriptKey{}).(*scriptState)
	ts.Setenv(args[0], pgtest.Database(s.stores.t))
	s.environment = append(slices.Clip(s.environment), args[0]+"=")
}

// waiting are connections of a winnow migrate that wait until they may say that all is copied.
const waiting = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE migration%'"

// blockInScript is the script's command "block URL": it waits until a winnow migrate that runs
// has copied all into that database, and keeps it from saying so. "unblock URL" ends that, when
// its process was killed: the server would do what it was asked for.
func blockInScript(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: block URL")
	}
	s := ts.Value(scriptKey{}).(*scriptState)
	s.unblock = pgtest.Await(s.stores.t, args[0], "BEGIN; SELECT 1 FROM migration FOR UPDATE")
	pgtest.Await(s.stores.t, args[0], "SELECT 1 "+waiting)()
}

func unblockInScript(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unblock URL")
	}
	s := ts.Value(scriptKey{}).(*scriptState)
	pgtest.Await(s.stores.t, args[0], "SELECT pg_terminate_backend(pid) "+waiting)()
	s.unblock()
}
