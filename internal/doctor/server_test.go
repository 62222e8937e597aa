package doctor_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"winnow/internal/apptest"
	"winnow/internal/doctor"
	"winnow/store/postgres/pgtest"
)

// onServer is a config whose store is a new database at the URL.
func onServer(t *testing.T, url string) (config string) {
	t.Helper()
	config = apptest.Config(t, t.TempDir(), "1h")
	text := apptest.ReadFile(t, config) + "store: '" + url + "'\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config
}

func examined(t *testing.T, config string) string {
	t.Helper()
	var all strings.Builder
	doctor.Print(&all, doctor.Examine(t.Context(), config, time.Now()))
	return all.String()
}

func TestAServerThatLosesWhatWasAnsweredIsWrong(t *testing.T) {
	f := &folder{t: t, config: onServer(t, pgtest.Database(t))} // whose cluster has fsync off
	if got := examined(t, f.config); !strings.Contains(got, "there is no store yet") || !strings.Contains(got, "unknown") {
		t.Errorf("before there is a store:\n%s", got)
	}
	f.append()
	got := examined(t, f.config)
	for _, want := range []string{": 1 event through seq 1, 0 contacts", "PostgreSQL 1", "fsync is off: a crash of the server loses", "full_page_writes is off", "no commit waits for one", "connections  ", "archives no write-ahead log", "it is stopped; winnow serve starts it", "lease run is free"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "synchronous_commit is off") || strings.Contains(got, "unknown") {
		t.Errorf("too much is wrong:\n%s", got)
	}
}

func TestTablesOfAnotherUserAreWrong(t *testing.T) {
	server := pgtest.Server(t)
	f := &folder{t: t, config: onServer(t, server.URL())}
	f.append()
	for _, sql := range []string{"CREATE ROLE another", "ALTER DATABASE winnow OWNER TO another", "GRANT ALL ON contacts TO winnow", "ALTER TABLE contacts OWNER TO another"} {
		server.Within(t, sql)
	}
	if got := examined(t, f.config); !strings.Contains(got, "1 table belongs to another user") {
		t.Errorf("a table that can't be vacuumed:\n%s", got)
	}
}

func TestAServerThatLetsNobodyInIsOneWrongLine(t *testing.T) {
	config := onServer(t, strings.Replace(pgtest.Database(t), "/test_", "/no_test_", 1)+"&passfile=/nowhere/secret-file")
	got := examined(t, config)
	if n := strings.Count(got, "wrong"); n != 1 || !strings.Contains(got, "does not exist") || strings.Contains(got, "secret-file") {
		t.Errorf("%d lines are wrong:\n%s", n, got)
	}
}
