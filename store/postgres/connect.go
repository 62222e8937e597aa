package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"winnow/store/engine"
)

// Waits. A server is tried for serverFor, unless the URL has a connect_timeout: one that
// was switched off answers nothing, and the next one of the URL is tried then. A store is
// opened, or a connection that was lost is opened again, by trying all servers for openFor
// or reconnectFor. A lock of the database is waited for so long as lockFor.
const (
	serverFor    = 3 * time.Second
	openFor      = 3 * time.Second
	reconnectFor = 15 * time.Second
	lockFor      = 15 * time.Second
	idleFor      = time.Minute // within a transaction; long enough to read much of the log meanwhile
)

// configOf is what a URL says, with what every connection needs.
func configOf(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	of := config.ConnConfig
	if of.ConnectTimeout == 0 {
		of.ConnectTimeout = serverFor
	}
	of.DialFunc = (&net.Dialer{Timeout: of.ConnectTimeout, Control: noticeSilence,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silentFor / 2, Interval: silentFor / 6, Count: 3}}).DialContext
	if of.RuntimeParams["application_name"] == "" {
		of.RuntimeParams["application_name"] = applicationName()
	}
	return config, nil
}

// silentFor is how long a server may be silent that has something to acknowledge, before its
// connection counts as lost.
const silentFor = 30 * time.Second

// noticeSilence sets that time for what was sent, which the probes of idle connections do
// not reach; see tcp(7), TCP_USER_TIMEOUT.
func noticeSilence(network, _ string, raw syscall.RawConn) (err error) {
	const userTimeout = 18
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	return errors.Join(raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, userTimeout, int(silentFor.Milliseconds()))
	}), err)
}

// settingsBeside is a query that sets what every connection needs and the URL does not set. A
// transaction that its process left open, because it was stopped, ends by itself, as others
// wait for it. Each query of the store is written for an index, and takes it whatever the
// server believes of the sizes of tables, which may be minutes old. They are set by a query,
// as a pooler refuses them at the start of a connection, or forgets them.
func settingsBeside(said map[string]string) string {
	var b strings.Builder
	b.WriteString("SELECT pg_is_in_recovery()::int, (current_setting('default_transaction_read_only')::bool)::int, coalesce(current_setting('" + sessionMark + "', true), ''), set_config('" + sessionMark + "', 'taken', false)")
	for _, s := range [][2]string{
		{"enable_seqscan", "off"},
		{"enable_bitmapscan", "off"},
		{"jit", "off"},                                      // a plan with a scan that is off counts as worth a second of compiling
		{"default_transaction_isolation", "read committed"}, // what waits for a lock reads what its holder wrote
		{"statement_timeout", "0"},                          // exports take as long as they take
		{"lock_timeout", fmt.Sprint(lockFor.Milliseconds())},
		{"idle_in_transaction_session_timeout", fmt.Sprint(idleFor.Milliseconds())},
	} {
		if _, said := said[s[0]]; !said {
			fmt.Fprintf(&b, ", set_config('%s', '%s', false)", s[0], s[1])
		}
	}
	return b.String()
}

// sessionMark is a setting that each session of winnow has. A new connection has none yet,
// unless a pooler has given it a session that is another's.
const sessionMark = "winnow.session"

// admit makes a new connection one that the store can use, or says why it can't.
func (e *Engine) admit(ctx context.Context, pg *pgconn.PgConn) error {
	if version := pg.ParameterStatus("server_version"); isOlder(version) {
		return errOld{version}
	}
	opened, sql := e.opened.Load(), e.settings
	if opened {
		sql += ", (SELECT max(version) FROM winnow_schema)"
	}
	results, err := pg.Exec(ctx, sql).ReadAll()
	switch {
	case err != nil:
		return err
	case string(results[0].Rows[0][0]) != "0":
		return errStandby
	case string(results[0].Rows[0][1]) != "0":
		return errReadOnly
	case string(results[0].Rows[0][2]) != "":
		return errPooled
	}
	if row := results[0].Rows[0]; opened && isNewer(string(row[len(row)-1])) {
		return errNewer
	}
	return nil
}

// isNewer reports whether a newer winnow has updated the tables, since they were looked at.
func isNewer(version string) bool {
	steps, err1 := schemaFiles()
	n, err2 := strconv.Atoi(version)
	return err1 == nil && err2 == nil && n > len(steps)
}

// isOlder reports whether a version, like 15.6 (Debian 15.6-1), is older than winnow needs.
func isOlder(version string) bool {
	major, err := strconv.Atoi(version[:len(version)-len(strings.TrimLeft(version, "0123456789"))])
	return err == nil && major < engine.OldestServer
}

// server is one of those that the URL names.
type server struct {
	name string                   // host and port, or its socket's folder
	ways []*pgconn.FallbackConfig // with TLS, without it, or first the one and then the other
}

// servers are those that the URL names. The one that was connected to last is tried first:
// after a failover those before it in the URL may be silent, which takes time to notice.
type servers struct {
	list []server
	last atomic.Int32
}

func (s *servers) read(of *pgx.ConnConfig) {
	ways := append([]*pgconn.FallbackConfig{{Host: of.Host, Port: of.Port, TLSConfig: of.TLSConfig}}, of.Fallbacks...)
	for i, way := range ways {
		if i == 0 || way.Host != ways[i-1].Host || way.Port != ways[i-1].Port {
			name := way.Host
			if !strings.HasPrefix(name, "/") {
				name = net.JoinHostPort(name, strconv.Itoa(int(way.Port)))
			}
			s.list = append(s.list, server{name: name})
		}
		last := &s.list[len(s.list)-1]
		last.ways = append(last.ways, way)
	}
}

// inOrder are the servers in the order in which they are tried.
func (s *servers) inOrder() []server {
	last := int(s.last.Load())
	return slices.Concat(s.list[last:], s.list[:last])
}

// arrange makes a config name the servers in that order.
func (s *servers) arrange(of *pgx.ConnConfig) { setServers(of, s.inOrder()) }

func setServers(of *pgx.ConnConfig, list []server) {
	var ways []*pgconn.FallbackConfig
	for _, s := range list {
		ways = append(ways, s.ways...)
	}
	of.Host, of.Port, of.TLSConfig, of.Fallbacks = ways[0].Host, ways[0].Port, ways[0].TLSConfig, ways[1:]
}

// connect opens a connection of its own.
func (e *Engine) connect() (*pgx.Conn, error) {
	var failed errNoServer
	for _, s := range e.servers.inOrder() {
		of := e.config.ConnConfig.Copy()
		setServers(of, []server{s})
		ctx, cancel := context.WithTimeout(e.ctx, of.ConnectTimeout)
		pg, err := pgx.ConnectConfig(ctx, of)
		cancel()
		if err == nil {
			e.servers.last.Store(int32(slices.IndexFunc(e.servers.list, func(one server) bool { return one.name == s.name })))
			return pg, nil
		}
		failed = append(failed, errServer{s.name, of.ConnectTimeout, err})
	}
	return nil, e.notConnected(failed)
}

// connectTwice opens a further connection, which shows whether a pooler shares the first one.
func (e *Engine) connectTwice() error {
	held, err := e.reads.Acquire(e.ctx)
	if err != nil {
		return e.notPooled(err)
	}
	held.Release()
	return nil
}

// notPooled is the error of a pool that could not connect.
func (e *Engine) notPooled(err error) error {
	var names []string
	for _, s := range e.servers.list {
		names = append(names, s.name)
	}
	return e.notConnected(errNoServer{{strings.Join(names, ","), e.config.ConnConfig.ConnectTimeout, err}})
}

func (e *Engine) notConnected(failed errNoServer) error {
	if e.opened.Load() {
		return fmt.Errorf("%w: %w", errLost, failed)
	}
	return failed
}

// patience is how long a connection is tried to be opened.
func (e *Engine) patience() time.Duration {
	if e.opened.Load() {
		return reconnectFor
	}
	return openFor
}

// Exists reports whether the database has a store. The error is that of a server that can't
// be asked.
func Exists(url string) (bool, error) {
	e, err := newEngine(url)
	if err != nil {
		return false, err
	}
	version := 0
	err = e.writer.use(e, func(c *conn) (err error) {
		version, err = versionOf(c)
		return c.began(err)
	})
	return version > 0, errors.Join(err, e.Close())
}

// applicationName is the name by which the server knows the connections of this process.
func applicationName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "-"
	}
	return fmt.Sprintf("winnow %d %.40s", os.Getpid(), host)
}

// processOf is the process of a name that [applicationName] made.
func processOf(name string) (p engine.Process, ok bool) {
	n, err := fmt.Sscanf(name, "winnow %d %s", &p.ID, &p.Host)
	return p, n == 2 && err == nil
}
