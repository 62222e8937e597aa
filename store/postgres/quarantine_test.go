package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"winnow/hygiene"
	"winnow/store/appender"
	"winnow/store/engine"
	"winnow/store/postgres/pgtest"
)

func TestABodyThatIsReadAgainWhileTheQuarantineOverflowsFailsNoCommit(t *testing.T) {
	at := pgtest.Database(t)
	e, other := open(t, at), open(t, at)
	log := appending(other)
	bad := []hygiene.Unreadable{{Source: "insider", Why: "no JSON", Body: []byte("x")}}
	if err := log.Commit(t.Context(), &appender.Batch{Bad: bad}); err != nil {
		t.Fatal(err)
	}
	after(t, e, 0)
	pgtest.Run(t, at, "UPDATE log_end SET keep_rows = 1") // of which the next body makes two

	hold, err := pgx.Connect(t.Context(), at) // keeps settle from going on once it has counted that body
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close(context.Background())
	for _, sql := range []string{"BEGIN", "INSERT INTO places (n, quarantined) VALUES (2, 2)"} {
		if _, err := hold.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.WriteLog(func(w engine.LogWriter) error { return w.Quarantine(bad, 1, 1<<20) }); err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() { read <- e.ReadLog(func(engine.LogReader) error { return nil }) }()
	await(t, at, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'SELECT settle%' AND datname = current_database()")
	again := make(chan error, 1)
	go func() { again <- log.Commit(context.Background(), &appender.Batch{Retried: []int64{1}}) }()
	await(t, at, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%quarantine_size%' AND query NOT LIKE '%pg_stat_activity%' AND datname = current_database()")
	if _, err := hold.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	for _, ended := range []chan error{read, again} {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	err = e.ReadLog(func(r engine.LogReader) error {
		left, err1 := r.Number("SELECT count(*) FROM quarantine")
		size, err2 := r.Size()
		if left != 1 || size.Quarantined != 1 {
			t.Errorf("%d bodies are left, and %d are counted", left, size.Quarantined)
		}
		return errors.Join(err1, err2)
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAFloodOfBodiesLeavesTheNewestInQuarantine(t *testing.T) {
	e := open(t, pgtest.Database(t))
	bad := make([]hygiene.Unreadable, 20_000)
	for i := range bad {
		bad[i] = hygiene.Unreadable{ReceivedAt: hygiene.Instant(i), Source: "insider", Why: "no JSON", Body: []byte("x")}
	}
	if err := e.WriteLog(func(w engine.LogWriter) error { return w.Quarantine(bad, 10, 1<<20) }); err != nil {
		t.Fatal(err)
	}
	err := e.ReadLog(func(r engine.LogReader) error {
		oldest, err1 := r.Number("SELECT min(received_at) FROM quarantine")
		size, err2 := r.Size()
		if oldest != 19_990 || size.Quarantined != 10 {
			t.Errorf("of the bodies %d are left, from the %dth on", size.Quarantined, oldest)
		}
		return errors.Join(err1, err2)
	})
	if err != nil {
		t.Error(err)
	}
}
