// Package pgtest gives tests a PostgreSQL: [Database] is a new empty database in a
// cluster that all tests of a binary share, and [Server] a cluster of the test's own,
// which may crash and be followed by a standby.
//
// The programs are those that Debian's package postgresql installs, version 15 or
// later. A cluster is a temporary folder; it listens on a socket in there, and not on
// the network. PostgreSQL refuses to run as root, so that root runs it as the user
// postgres or nobody. However a test binary ends, a process that waits for that
// stops its clusters and removes their folders, see [home].
//
// To change what a cluster is set to, see cluster.go; what a test may do to one,
// server.go; who runs its programs, and who clears up, folder.go.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Variable is the environment variable that says where PostgreSQL is: the URL of a
// server that runs, whose user may create databases; or [Required].
const Variable = "WINNOW_TEST_POSTGRES"

// Required, as the value of [Variable], makes tests fail that would be skipped because
// PostgreSQL is not installed.
const Required = "required"

// Database is the URL of a new empty database, which is dropped after the test. Its
// user owns it, and is not a superuser. The test is skipped where PostgreSQL is not
// installed.
func Database(tb testing.TB) string {
	tb.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	at, err := create(name)
	if err != nil {
		missing(tb, err)
	}
	tb.Cleanup(func() {
		if err := drop(name); err != nil {
			tb.Error(err)
		}
	})
	return at
}

// Run runs statements on a database.
func Run(tb testing.TB, at string, statements ...string) {
	tb.Helper()
	conn, err := pgx.Connect(context.Background(), at)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, statement := range statements {
		if _, err := conn.Exec(context.Background(), statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
}

// create creates a database in the shared server.
func create(name string) (at string, err error) {
	outside(func() {
		var server *administered
		if server, err = shared(); err == nil {
			at = server.database(name)
			err = server.do("CREATE DATABASE " + name + " TEMPLATE template0 " + collation + strategy)
		}
	})
	return at, err
}

// drop drops it again, and cuts the connections to it.
func drop(name string) (err error) {
	outside(func() {
		var server *administered
		if server, err = shared(); err == nil {
			err = errors.Join(server.cut(name), server.do("DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"))
		}
	})
	return err
}

// collation makes a database sort as people do, where winnow needs the order of bytes:
// that, it must ask for.
const collation = "LOCALE_PROVIDER icu ICU_LOCALE 'en' ENCODING 'UTF8'"

// strategy copies the files of the template: without fsync that takes half as long as
// writing them to the write-ahead log.
const strategy = " STRATEGY file_copy"

// administered is a server in which databases are created.
type administered struct {
	url  url.URL
	conn *pgx.Conn
}

// shared is the server in which [Database] creates databases, started when it is first
// asked for.
var shared = sync.OnceValues(func() (*administered, error) {
	location := os.Getenv(Variable)
	if location == "" || location == Required {
		c, err := newCluster(disposable)
		if err != nil {
			return nil, err
		}
		location = c.url(administration)
	}
	return administer(location)
})

// Shared is the URL of the server in which [Database] creates databases, which runs until
// this process ends. As the value of [Variable] it makes other processes create theirs
// there as well.
func Shared() (at string, err error) {
	outside(func() {
		var server *administered
		if server, err = shared(); err == nil {
			at = server.url.String()
		}
	})
	return at, err
}

// administer connects to the server at a URL.
func administer(location string) (*administered, error) {
	at, err := url.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL: %w", Variable, err)
	}
	conn, err := pgx.Connect(context.Background(), location)
	if err != nil {
		return nil, fmt.Errorf("the PostgreSQL for tests: %w", err)
	}
	return &administered{url: *at, conn: conn}, nil
}

// do runs one statement.
func (a *administered) do(sql string) error {
	_, err := a.conn.Exec(context.Background(), sql)
	return err
}

// cut ends the connections to a database, and waits until they have ended. DROP DATABASE
// does so as well, but waits a tenth of a second for one that is about to.
func (a *administered) cut(name string) error {
	const ending = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = current_user AND datname = $1"
	for {
		var n int64
		if err := a.conn.QueryRow(context.Background(), ending, name).Scan(&n); err != nil || n == 0 {
			return err
		}
		if err := a.do("SELECT pg_sleep(0.001)"); err != nil {
			return err
		}
	}
}

// database is the URL of one of the server's databases.
func (a *administered) database(name string) string {
	at := a.url
	at.Path = "/" + name
	return at.String()
}

// missing ends a test that has no server: where PostgreSQL is not installed it is
// skipped, unless [Variable] forbids that.
func missing(tb testing.TB, err error) {
	tb.Helper()
	if err == errNotInstalled && os.Getenv(Variable) != Required {
		tb.Skip(err)
	}
	tb.Fatal(err)
}
