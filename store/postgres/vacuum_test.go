package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

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
