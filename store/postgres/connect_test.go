package postgres_test

import (
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"winnow/store/postgres"
	"winnow/store/postgres/pgtest"
)

// opened is the error of opening a database.
func opened(t *testing.T, at string) error {
	t.Helper()
	e, err := postgres.OpenExisting(at)
	if err == nil {
		e.Close()
	}
	return err
}

// nobodyListens is an address at which nobody listens.
func nobodyListens(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// silent is an address at which connections are accepted and nothing is ever answered, and how
// many there were.
func silent(t *testing.T) (address string, connections *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections = &atomic.Int32{}
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			defer c.Close()
		}
	})
	t.Cleanup(func() {
		l.Close()
		accepting.Wait()
	})
	return l.Addr().String(), connections
}

func TestAServerThatCanNotBeReachedIsNamedWithWhatToDo(t *testing.T) {
	refuses := nobodyListens(t)
	answersNothing, _ := silent(t)
	server := pgtest.Database(t)
	with := func(change func(*url.URL)) string {
		u := parsed(t, server)
		change(u)
		return u.String()
	}
	for name, c := range map[string]struct {
		at   string
		want []string
	}{
		"nobody listens":     {"postgres://winnow@" + refuses + "/winnow?sslmode=disable", []string{refuses + ": connection refused; look whether PostgreSQL runs there"}},
		"nobody answers":     {"postgres://winnow@" + answersNothing + "/winnow", []string{answersNothing + ": no answer within 3s; look whether host and port are right"}},
		"no such name":       {"postgres://winnow@db.invalid/winnow", []string{"db.invalid:5432: the name can't be resolved", "correct the host in the store URL"}},
		"no socket":          {"postgres://winnow@/winnow?host=/nowhere", []string{"/nowhere: there is no socket; look whether PostgreSQL runs"}},
		"two, and neither":   {"postgres://winnow@" + refuses + ",db.invalid:5433/winnow?sslmode=disable", []string{refuses + ": connection refused", "db.invalid:5433: the name"}},
		"no such database":   {with(func(u *url.URL) { u.Path = "/none" }), []string{`database "none" does not exist; create it, or correct its name`}},
		"no such user":       {with(func(u *url.URL) { u.User = url.User("nobody") }), []string{`role "nobody" does not exist; let the user in`}},
		"it can not be read": {with(func(u *url.URL) { u.RawQuery += "&default_transaction_read_only=on" }), []string{"default_transaction_read_only is on, so nothing can be written; set it to off"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := opened(t, c.at)
			if err == nil {
				t.Fatal("it was opened")
			}
			for _, want := range append(c.want, "no connection to PostgreSQL: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in %q", want, err)
				}
			}
			if strings.Contains(err.Error(), "lost") || strings.Contains(err.Error(), "\n") {
				t.Errorf("a first connection: %q", err)
			}
		})
	}
}

func TestAServerThatIsTooOldIsRefused(t *testing.T) {
	p := through(t, pgtest.Database(t))
	p.version = "12.22 (Debian 12.22-1)"
	if err := opened(t, p.url); err == nil || !strings.Contains(err.Error(), "it is PostgreSQL 12.22 (Debian 12.22-1), and winnow needs 13 or later; upgrade it") {
		t.Errorf("opened: %v", err)
	}
}

func TestAStandbyIsRefused(t *testing.T) {
	primary := pgtest.Server(t)
	e := open(t, primary.URL())
	standby := primary.Standby(t)
	if err := opened(t, standby.URL()); err == nil || !strings.Contains(err.Error(), "it is a standby, which can only be read; name the primary") {
		t.Errorf("opened: %v", err)
	}
	if err := write(e, byOther); err != nil {
		t.Error(err)
	}
}

// As after a failover from a host that was switched off.
func TestASilentServerOfSeveralIsWaitedForOnce(t *testing.T) {
	at := pgtest.Database(t)
	socket := parsed(t, at).Query().Get("host")
	u := parsed(t, at)
	address, connections := silent(t)
	host, port, _ := net.SplitHostPort(address)
	u.RawQuery = url.Values{"host": {host + "," + socket}, "port": {port + ",5432"}, "sslmode": {"disable"}, "target_session_attrs": {"read-write"}, "connect_timeout": {"1"}}.Encode()
	e := open(t, u.String())
	snapshots, err := e.Snapshots(4)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range snapshots {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := write(e, byOther); err != nil {
		t.Error(err)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("the silent one was tried %d times", n)
	}
}

// A pooler knows few settings at the start of a connection.
func TestASessionHasItsSettingsWithoutNamingThemAtItsStart(t *testing.T) {
	e := open(t, pgtest.Database(t))
	snapshots, err := e.Snapshots(1)
	if err != nil {
		t.Fatal(err)
	}
	defer snapshots[0].Close()
	for name, want := range map[string]string{"enable_seqscan": "off", "lock_timeout": "15s", "default_transaction_isolation": "read committed"} {
		if got, err := snapshots[0].Text("SELECT current_setting(?)", name); got != want || err != nil {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
}

func TestAPoolerThatSharesSessionsIsRefused(t *testing.T) {
	at := pgtest.Database(t)
	open(t, at)
	if err := opened(t, at+"&options=-c%20winnow.session%3Dtaken"); err == nil || !strings.Contains(err.Error(), "set pool_mode = session for this database") {
		t.Errorf("opened: %v", err)
	}
}
