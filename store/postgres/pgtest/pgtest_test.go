package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"winnow/store/postgres/pgtest"
)

func TestADatabaseIsNewAndEmpty(t *testing.T) {
	one, two := open(t, pgtest.Database(t)), open(t, pgtest.Database(t))
	for _, conn := range []*pgx.Conn{one, two} {
		if _, err := conn.Exec(t.Context(), "CREATE TABLE contacts (key text)"); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t *testing.T, at string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}
