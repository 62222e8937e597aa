package pgtest

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Autovacuum runs as a superuser, which the owner of a database may not cut off.
func TestADatabaseIsDroppedWhileItIsVacuumed(t *testing.T) {
	server := Server(t, "autovacuum_naptime=1", "autovacuum_vacuum_cost_limit=1", "autovacuum_vacuum_cost_delay=100")
	at, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	a := &administered{url: *at, conn: conn}
	if err := a.create("vacuumed", "template0"); err != nil {
		t.Fatal(err)
	}
	Run(t, a.database("vacuumed"), "CREATE TABLE t AS SELECT n, repeat('x', 500) FROM generate_series(1, 20000) n", "DELETE FROM t WHERE n % 2 = 0")
	Await(t, server.URL(), "SELECT 1 FROM pg_stat_activity WHERE datname = 'vacuumed' AND usename IS DISTINCT FROM current_user")
	if err := a.drop("vacuumed"); err != nil {
		t.Error(err)
	}
	if _, err := pgx.Connect(t.Context(), a.database("vacuumed")); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("it is still there: %v", err)
	}
}
