package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"winnow/store/postgres"
	"winnow/store/postgres/pgtest"
)

// Extensions such as pg_stat_statements have views in the schema that all programs share.
func TestAViewIsNotATableOfAnotherProgram(t *testing.T) {
	at := pgtest.Database(t)
	conn, err := pgx.Connect(t.Context(), at)
	if err == nil {
		_, err = conn.Exec(t.Context(), "CREATE VIEW statements AS SELECT 1 AS calls")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	target, err := postgres.OpenTarget(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	if err := target.Begin(t.Context(), "mark"); err != nil {
		t.Error(err)
	}
}
