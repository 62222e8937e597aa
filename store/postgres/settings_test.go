package postgres_test

import (
	"net/url"
	"strings"
	"testing"

	"winnow/store/engine"
	"winnow/store/postgres"
	"winnow/store/postgres/pgtest"
)

func TestAWriteThatWaitedReadsWhatWasWrittenWhateverTheDatabaseIsSetTo(t *testing.T) {
	at := pgtest.Database(t)
	name := strings.TrimPrefix(parsed(t, at).Path, "/")
	pgtest.Run(t, at, "ALTER DATABASE "+name+" SET default_transaction_isolation = 'repeatable read'")
	e, other := open(t, at), open(t, at)
	ended := make(chan error, 1)
	err := e.Write(func(w engine.Writer) error {
		go func() {
			ended <- other.Write(func(w engine.Writer) error {
				by, err := w.Number("SELECT value FROM counters WHERE name = 'by'")
				if err != nil {
					return err
				}
				return set(w, by+1)
			})
		}()
		await(t, at, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()")
		return set(w, 1)
	})
	if err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if by := writtenBy(t, e); by != 2 {
		t.Errorf("the counter is %d", by)
	}
}

func TestADatabaseThatCanNotStoreEveryTextIsRefused(t *testing.T) {
	at := pgtest.Database(t)
	u := parsed(t, at)
	name := strings.TrimPrefix(u.Path, "/") + "_ascii"
	pgtest.Run(t, at, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc")
	t.Cleanup(func() { pgtest.Run(t, at, "DROP DATABASE "+name+" WITH (FORCE)") })
	u.Path = "/" + name
	e, err := postgres.Open(u.String())
	if err == nil || !strings.Contains(err.Error(), "ENCODING 'UTF8'") {
		t.Errorf("opened: %v", err)
	}
	if err == nil {
		e.Close()
	}
}

func parsed(t *testing.T, at string) *url.URL {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
