package pgtest_test

import (
	"testing"

	"winnow/store/postgres/pgtest"
)

func TestAServerKeepsWhatItCommittedThroughACrash(t *testing.T) {
	server := pgtest.Server(t)
	conn := open(t, server.URL())
	do(t, conn, "CREATE TABLE events (seq bigint)")
	do(t, conn, "INSERT INTO events VALUES (1)")
	server.StopImmediate(t)
	if _, err := conn.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("a stopped server answers")
	}
	server.Start(t)
	if n := number(t, open(t, server.URL()), "SELECT count(*) FROM events"); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestAPromotedStandbyHasWhatASynchronousCommitAnswered(t *testing.T) {
	primary := pgtest.Server(t)
	standby := primary.Standby(t)
	primary.Synchronous(t)
	either := standby.URL(primary) // that can be written to
	conn := open(t, either)
	do(t, conn, "CREATE TABLE events (seq bigint)")
	do(t, conn, "INSERT INTO events VALUES (1)")
	primary.StopImmediate(t)
	standby.Promote(t)
	conn = open(t, either)
	if n := number(t, conn, "SELECT count(*) FROM events"); n != 1 {
		t.Errorf("%d events", n)
	}
	do(t, conn, "INSERT INTO events VALUES (2)")
}
