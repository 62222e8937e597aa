package pgtest

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// durable are the settings of a cluster that survives crashes, and that a standby can
// follow.
var durable = []string{"fsync=on", "full_page_writes=on", "wal_level=replica", "max_wal_senders=4", "max_replication_slots=4", "hot_standby=on"}

// Cluster is a server of one test. It has one database, which is empty at first.
type Cluster struct {
	cluster *cluster
}

// Server starts a cluster that survives crashes, and removes it after the test. Further
// settings are name=value, as in postgresql.conf. The test is skipped where PostgreSQL is
// not installed.
func Server(tb testing.TB, settings ...string) *Cluster {
	tb.Helper()
	c, err := newCluster(append(durable, settings...))
	if err != nil {
		missing(tb, err)
	}
	s := started(tb, c)
	s.Do(tb, "CREATE DATABASE "+owner+" TEMPLATE template0 OWNER "+owner+" "+collation)
	return s
}

// started is a server that runs and is removed after the test.
func started(tb testing.TB, c *cluster) *Cluster {
	tb.Cleanup(func() {
		_ = c.stop("immediate") // it may be stopped already
		if err := os.RemoveAll(c.folder); err != nil {
			tb.Error(err)
		}
	})
	return &Cluster{c}
}

// URL is where the server's database is. With further servers it is the one of them
// that can be written to.
func (s *Cluster) URL(others ...*Cluster) string {
	if len(others) == 0 {
		return s.cluster.url(owner)
	}
	folders := []string{s.cluster.folder}
	for _, other := range others {
		folders = append(folders, other.cluster.folder)
	}
	return address(owner, owner, folders...) + "&target_session_attrs=read-write"
}

// Do runs a statement as the superuser, outside the server's database.
func (s *Cluster) Do(tb testing.TB, sql string) {
	tb.Helper()
	s.ask(tb, sql)
}

// Number is the first number that a query answers with, as the superuser and outside the
// server's database; 0 without a row.
func (s *Cluster) Number(tb testing.TB, sql string) (n int64) {
	tb.Helper()
	s.ask(tb, sql, &n)
	return n
}

// Within is Number within the server's database, as the superuser.
func (s *Cluster) Within(tb testing.TB, sql string) (n int64) {
	tb.Helper()
	s.askIn(tb, owner, sql, &n)
	return n
}

// ask runs a statement, and reads its first row into what is given for that.
func (s *Cluster) ask(tb testing.TB, sql string, into ...any) {
	tb.Helper()
	s.askIn(tb, administration, sql, into...)
}

func (s *Cluster) askIn(tb testing.TB, database, sql string, into ...any) {
	tb.Helper()
	conn, err := pgx.Connect(context.Background(), s.cluster.as(superuser, database))
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(context.Background(), sql)
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	if rows.Next() && len(into) > 0 {
		if err := rows.Scan(into...); err != nil {
			tb.Fatal(err)
		}
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

// Start starts the server again after StopImmediate, and waits until it answers.
func (s *Cluster) Start(tb testing.TB) {
	tb.Helper()
	if err := s.cluster.start(); err != nil {
		tb.Fatal(err)
	}
}

// StopImmediate stops the server as a crash does: what is under way is cut, and the next
// start recovers from the write-ahead log.
func (s *Cluster) StopImmediate(tb testing.TB) {
	tb.Helper()
	if err := s.cluster.stop("immediate"); err != nil {
		tb.Fatal(err)
	}
}

// Standby starts a server that follows this one by streaming, and which can be read.
func (s *Cluster) Standby(tb testing.TB) *Cluster {
	tb.Helper()
	c, err := s.cluster.follower()
	if err != nil {
		tb.Fatal(err)
	}
	standby := started(tb, c)
	s.await(tb, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
	return standby
}

// AwaitStandby waits until a standby shows what was committed.
func (s *Cluster) AwaitStandby(tb testing.TB) {
	tb.Helper()
	at := s.Number(tb, "SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint")
	s.await(tb, fmt.Sprintf("SELECT count(*) FROM pg_stat_replication WHERE replay_lsn - '0/0' >= %d", at))
}

// Synchronous makes a commit wait until a standby has it on its disk.
func (s *Cluster) Synchronous(tb testing.TB) {
	tb.Helper()
	s.Do(tb, "ALTER SYSTEM SET synchronous_standby_names = '*'")
	s.Do(tb, "SELECT pg_reload_conf()")
	s.await(tb, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
}

// Promote makes a standby a server that can be written to.
func (s *Cluster) Promote(tb testing.TB) {
	tb.Helper()
	if err := s.cluster.promote(); err != nil {
		tb.Fatal(err)
	}
}

// patience is how long a server may take for what it does between statements.
const patience = 30 * time.Second

// await asks until the answer is not 0.
func (s *Cluster) await(tb testing.TB, sql string) {
	tb.Helper()
	for deadline := time.Now().Add(patience); s.Number(tb, sql) == 0; {
		if time.Now().After(deadline) {
			tb.Fatalf("after %v this is still 0: %s", patience, sql)
		}
		s.Do(tb, "SELECT pg_sleep(0.01)")
	}
}
