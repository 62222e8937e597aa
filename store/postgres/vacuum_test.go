package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"winnow/store/engine"
	"winnow/store/postgres"
	"winnow/store/postgres/pgtest"
)

func TestContactsAreWrittenWhileTablesAreVacuumed(t *testing.T) {
	at := pgtest.Database(t)
	e := open(t, at)
	hold, err := pgx.Connect(t.Context(), at) // for which vacuuming waits
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close(context.Background())
	for _, sql := range []string{"BEGIN", "LOCK TABLE contacts IN SHARE UPDATE EXCLUSIVE MODE"} {
		if _, err := hold.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	purged := make(chan error, 1)
	go func() {
		_, err := e.Purge(nil)
		purged <- err
	}()
	await(t, at, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'VACUUM%' AND datname = current_database()")
	if err := write(e, byHolder); err != nil {
		t.Error(err)
	}
	if _, err := hold.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Error(err)
	}
	if err := <-purged; err != nil {
		t.Error(err)
	}
}

func purge(t *testing.T, e *postgres.Engine) (clean bool) {
	t.Helper()
	clean, err := e.Purge(nil)
	if err != nil {
		t.Fatal(err)
	}
	return clean
}

func TestWhatSomebodyMayStillReadIsNotTakenForRemoved(t *testing.T) {
	e := open(t, pgtest.Database(t))
	snapshots, err := e.Snapshots(1)
	if err == nil {
		_, err = snapshots[0].Number("SELECT count(*) FROM contacts")
	}
	if err != nil {
		t.Fatal(err)
	}
	if purge(t, e) {
		t.Error("it is clean beside a snapshot")
	}
	clean, err := e.PurgeLog(func(engine.LogReader, engine.LogWriter) error { return nil })
	if clean || err != nil {
		t.Errorf("the log is clean beside a snapshot: %t, %v", clean, err)
	}
	if err := snapshots[0].Close(); err != nil {
		t.Error(err)
	}
	if !purge(t, e) {
		t.Error("it is not clean, and nobody reads")
	}
}

func TestWhatMayNotBeVacuumedIsAnError(t *testing.T) {
	server := pgtest.Server(t)
	e := open(t, server.URL())
	server.Within(t, "CREATE ROLE another")
	server.Within(t, "ALTER DATABASE winnow OWNER TO another")
	server.Within(t, "GRANT ALL ON contacts TO winnow")
	server.Within(t, "ALTER TABLE contacts OWNER TO another")
	if _, err := e.Purge(nil); err == nil || !strings.Contains(err.Error(), "belong to another user (1 of them), who alone may vacuum them") {
		t.Errorf("vacuumed: %v", err)
	}
}

// The server leaves entries in the indexes of a table of which little was deleted.
func TestNoIndexKeepsTheKeyOfADeletedContact(t *testing.T) {
	server := pgtest.Server(t, "autovacuum=off")
	e := open(t, server.URL())
	server.Within(t, "CREATE EXTENSION pageinspect")
	err := e.Write(func(w engine.Writer) error {
		var rows []*engine.Contact
		for i := range 20_000 {
			rows = append(rows, &engine.Contact{ID: int64(i + 1), Key: fmt.Sprint("crm-", i), Facts: []byte{}})
		}
		return w.InsertContacts(rows)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Write(func(w engine.Writer) error { return w.Exec("DELETE FROM contacts WHERE key = 'crm-17'") }); err != nil {
		t.Fatal(err)
	}
	if !purge(t, e) {
		t.Error("it is not clean, and nobody reads")
	}
	const left = "SELECT count(*) FROM generate_series(0, pg_relation_size('contacts') / 8192 - 1) AS page, heap_page_items(get_raw_page('contacts', page::int)) WHERE lp_flags = 3"
	if n := server.Within(t, left); n != 0 {
		t.Errorf("%d index entries of deleted rows are left", n)
	}
}
