package pgtest

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// administration is the database that every cluster has.
const administration = "postgres"

// The roles of a cluster. Databases belong to owner, which may create them and nothing
// else; superuser is for standbys.
const (
	owner     = "winnow"
	superuser = "postgres"
)

// always is what each cluster is set to: small, reached only through its socket, and
// with an error log in English.
var always = []string{
	"listen_addresses=", "shared_buffers=16MB", "max_connections=200", "lc_messages=C",
}

// disposable are the settings of a cluster that no crash survives: an answer waits for
// the write-ahead log as ever, and the log for no disk. Its databases are too short-lived
// for vacuum.
var disposable = []string{
	"fsync=off", "full_page_writes=off", "synchronous_commit=on", "wal_level=minimal", "max_wal_senders=0", "autovacuum=off",
}

// cluster is a folder of databases, and the server that serves them.
type cluster struct {
	folder   string // of the data, the socket and the server's log
	settings []string
}

// newCluster makes a cluster and starts it. Its settings are name=value.
func newCluster(settings []string) (*cluster, error) {
	data, err := initialized()
	if err != nil {
		return nil, err
	}
	c, err := emptyCluster(settings)
	if err != nil {
		return nil, err
	}
	if err := execute("", "cp", "-a", data, c.data()); err != nil {
		return nil, err
	}
	return c, c.start()
}

// initialized is the data of a cluster that was never started, to be copied: initdb takes
// a second.
var initialized = sync.OnceValues(func() (string, error) {
	c, err := emptyCluster(nil)
	if err != nil {
		return "", err
	}
	if err := run("initdb", "--pgdata="+c.data(), "--username="+superuser, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions", "--wal-segsize=4"); err != nil {
		return "", err
	}
	// Without a server: one process that executes what it reads.
	return c.data(), runReading("CREATE ROLE "+owner+" LOGIN CREATEDB", "postgres", "--single", "-D", c.data(), administration)
})

// emptyCluster is a folder for a cluster.
func emptyCluster(settings []string) (*cluster, error) {
	folder, err := newFolder()
	return &cluster{folder: folder, settings: settings}, err
}

// follower makes a cluster of what is in this one, and starts it as its standby.
func (c *cluster) follower() (*cluster, error) {
	f, err := emptyCluster(c.settings)
	if err != nil {
		return nil, err
	}
	if err := run("pg_basebackup", "--pgdata="+f.data(), "--host="+c.folder, "--username="+superuser, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"); err != nil {
		return nil, err
	}
	return f, f.start()
}

func (c *cluster) data() string { return filepath.Join(c.folder, "data") }
func (c *cluster) log() string  { return filepath.Join(c.folder, "log") }

// start starts the server, and waits until it answers.
func (c *cluster) start() error {
	options := []string{"-c unix_socket_directories='" + c.folder + "'"}
	for _, setting := range append(always, c.settings...) {
		name, value, _ := strings.Cut(setting, "=")
		options = append(options, fmt.Sprintf("-c %s='%s'", name, value))
	}
	err := run("pg_ctl", "start", "--wait", "--silent", "--pgdata="+c.data(), "--log="+c.log(), "--options="+strings.Join(options, " "))
	if err != nil {
		log, _ := os.ReadFile(c.log())
		return fmt.Errorf("%w\n%s", err, log[max(0, len(log)-2000):])
	}
	return nil
}

// stop stops the server in one of pg_ctl's modes, and waits until it has ended.
func (c *cluster) stop(mode string) error {
	return run("pg_ctl", "stop", "--wait", "--silent", "--pgdata="+c.data(), "--mode="+mode)
}

// promote ends a standby's following.
func (c *cluster) promote() error {
	return run("pg_ctl", "promote", "--wait", "--silent", "--pgdata="+c.data())
}

// url is where a database of the cluster is.
func (c *cluster) url(database string) string { return c.as(owner, database) }

func (c *cluster) as(user, database string) string { return address(user, database, c.folder) }

// address is the URL of a database that is served from the sockets in those folders.
func address(user, database string, folders ...string) string {
	at := url.URL{Scheme: "postgres", User: url.User(user), Path: "/" + database, RawQuery: "host=" + strings.Join(folders, ",")}
	return at.String()
}
