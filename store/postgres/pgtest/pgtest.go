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
// server that runs, whose user may create databases, such as one of withpostgres: the
// databases that others were copied from stay there. Or it is [Required].
const Variable = "WINNOW_TEST_POSTGRES"

// Required, as the value of [Variable], makes tests fail that would be skipped because
// PostgreSQL is not installed.
const Required = "required"

// Database is the URL of a new empty database, which is dropped after the test. Its
// user owns it, and is not a superuser. The test is skipped where PostgreSQL is not
// installed.
func Database(tb testing.TB) string {
	tb.Helper()
	return copied(tb, func(*administered) (string, error) { return "template0", nil })
}

// Prepared is like [Database], of one in which prepare has made something. It is called
// for the first test of a binary, and the databases of the others are copies of that.
func Prepared(tb testing.TB, prepare func(url string) error) string {
	tb.Helper()
	return copied(tb, func(a *administered) (string, error) { return a.prepared(prepare) })
}

// copied is the URL of a new database, which is a copy.
func copied(tb testing.TB, template func(*administered) (string, error)) string {
	tb.Helper()
	name := newName()
	var at string
	err := administer(func(a *administered) error {
		from, err := template(a)
		if err != nil {
			return err
		}
		at = a.database(name)
		return a.create(name, from)
	})
	if err != nil {
		missing(tb, err)
	}
	tb.Cleanup(func() {
		if err := administer(func(a *administered) error { return a.drop(name) }); err != nil {
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

// Await repeats statements, of which the last is a query, until that has a row. Their connection
// stays until end is called, or the test ends.
func Await(tb testing.TB, at, statements string) (end func()) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, at)
		if err != nil {
			tb.Fatal(err)
		}
		tag, err := conn.Exec(ctx, statements)
		if err == nil && tag.RowsAffected() > 0 {
			end = sync.OnceFunc(func() { conn.Close(context.Background()) })
			tb.Cleanup(end)
			return end
		}
		conn.Close(context.Background())
		if ctx.Err() != nil {
			tb.Fatalf("after %v there is no row: %s: %v", 2*patience, statements, err)
		}
	}
}

// collation makes a database sort as people do, where winnow needs the order of bytes:
// that, it must ask for.
const collation = "LOCALE_PROVIDER icu ICU_LOCALE 'en' ENCODING 'UTF8'"

// strategy copies the files of the template: without fsync that takes half as long as
// writing them to the write-ahead log.
const strategy = " STRATEGY file_copy"

// administered is a server in which databases are created.
type administered struct {
	url      url.URL
	conn     *pgx.Conn
	template string // the database that was prepared; empty for none yet
}

// shared is the server in which databases are created, started when it is first asked for.
var shared = sync.OnceValues(func() (*administered, error) {
	location := os.Getenv(Variable)
	if location == "" || location == Required {
		c, err := newCluster(disposable)
		if err != nil {
			return nil, err
		}
		location = c.url(administration)
	}
	at, err := url.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL: %w", Variable, err)
	}
	conn, err := pgx.Connect(context.Background(), location)
	if err != nil {
		return nil, fmt.Errorf("the PostgreSQL for tests: %w", err)
	}
	return &administered{url: *at, conn: conn}, nil
})

// administer does something in the shared server.
func administer(do func(*administered) error) (err error) {
	outside(func() {
		var a *administered
		if a, err = shared(); err == nil {
			err = do(a)
		}
	})
	return err
}

// Shared is the URL of the server in which [Database] creates databases, which runs until
// this process ends. As the value of [Variable] it makes other processes create theirs
// there as well.
func Shared() (at string, err error) {
	err = administer(func(a *administered) error {
		at = a.url.String()
		return nil
	})
	return at, err
}

func newName() string { return "test_" + strings.ToLower(rand.Text()) }

// prepared is the database of which [Prepared] makes copies.
func (a *administered) prepared(prepare func(url string) error) (string, error) {
	if a.template != "" {
		return a.template, nil
	}
	name := newName()
	if err := a.create(name, "template0"); err != nil {
		return "", err
	}
	if err := prepare(a.database(name)); err != nil {
		return "", err
	}
	a.template = name
	return name, a.cut(name) // a database that is in use is not copied
}

// create creates a database that is a copy of another.
func (a *administered) create(name, from string) error {
	return a.do("CREATE DATABASE " + name + " TEMPLATE " + from + " " + collation + strategy)
}

// drop drops a database, and cuts the connections to it. It does so without FORCE, which
// fails beside an autovacuum worker: that is a superuser's, and the owner of a database must
// not end its process. A plain DROP DATABASE makes the worker stop.
func (a *administered) drop(name string) error {
	return errors.Join(a.cut(name), a.do("DROP DATABASE IF EXISTS "+name))
}

// do runs one statement.
func (a *administered) do(sql string) error {
	_, err := a.conn.Exec(context.Background(), sql)
	return err
}

// cut ends the connections that the user has to a database, and waits until they have ended.
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
