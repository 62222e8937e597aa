package postgres_test

import (
	"fmt"
	"testing"

	"winnow/store/engine"
	"winnow/store/postgres"
	"winnow/store/postgres/pgtest"
)

func TestRetentionForgetsProcessesThatHaveEnded(t *testing.T) {
	at := pgtest.Database(t)
	stays := open(t, at)
	commit(t, appending(stays), "stays")
	var ids []string
	for n := range 3 {
		e, err := postgres.Open(at)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, fmt.Sprint("ended-", n))
		commit(t, appending(e), ids[n])
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	end := func() {
		if err := stays.WriteLog(func(w engine.LogWriter) error { return w.EndPruning(1) }); err != nil {
			t.Fatal(err)
		}
	}
	end() // perhaps before their lines have a place
	storedOnce(t, append(ids, "stays"), after(t, stays, 0))
	end()
	commit(t, appending(stays), "later")
	storedOnce(t, append(ids, "stays", "later"), after(t, stays, 0))
	err := stays.Read(func(r engine.Reader) error {
		for _, table := range []string{"appenders", "settled"} {
			if n, err := r.Number("SELECT count(*) FROM " + table); n != 1 || err != nil {
				t.Errorf("%d rows are in %s, %v", n, table, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
