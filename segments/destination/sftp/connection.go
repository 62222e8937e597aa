package sftp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

var (
	// dialTimeout is how long it may take until a server is ready for files.
	dialTimeout = 30 * time.Second
	// idleTimeout is how long a connection may be silent.
	idleTimeout = 60 * time.Second
	// slowTimeout is the same while a server writes a file to its disk, or copies
	// it to another name, as gateways to S3 do.
	slowTimeout = 10 * time.Minute
)

// connection is a login at a server.
type connection struct {
	*sftp.Client
	server Folder
	ctx    context.Context
	line   *line
	ssh    *ssh.Client
	unbind func() bool // stops the context from closing the line
}

// connect logs in. A server shows only one host key, so if it is not the expected
// one, connect tries again and asks for the next kind of key.
func (f Folder) connect(ctx context.Context) (*connection, error) {
	with, err := f.credentials()
	if err != nil {
		return nil, err
	}
	trusted, err := f.trusted()
	if err != nil {
		return nil, err
	}
	var first error
	for _, kinds := range trusted.kinds {
		c, err := f.dial(ctx, with, trusted.check, kinds)
		if err == nil {
			return c, nil
		}
		var wrong hostKeyError
		if !errors.As(err, &wrong) && !lacksKeyKind(err) {
			return nil, err
		}
		if first == nil || lacksKeyKind(first) {
			first = err
		}
	}
	if lacksKeyKind(first) {
		return nil, fmt.Errorf("the server has no host key of the expected kind (%s); ask its owner whether its key has changed", strings.Join(slices.Concat(trusted.kinds...), ", "))
	}
	return nil, first
}

// lacksKeyKind reports whether the server has no host key of the requested kind.
func lacksKeyKind(err error) bool {
	var none *ssh.AlgorithmNegotiationError
	return errors.As(err, &none) && strings.Contains(none.What, "host key")
}

func (f Folder) dial(ctx context.Context, with credentials, check ssh.HostKeyCallback, kinds []string) (*connection, error) {
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(dialing, "tcp", f.address())
	if err != nil {
		return nil, f.unreachable(ctx, err)
	}
	c := &connection{server: f, ctx: ctx, line: &line{Conn: conn}}
	stop := context.AfterFunc(dialing, func() { conn.Close() })
	defer stop()
	var wrongKey error
	config := &ssh.ClientConfig{
		User: f.User, Auth: with.methods, HostKeyAlgorithms: kinds,
		HostKeyCallback: func(address string, remote net.Addr, key ssh.PublicKey) error {
			wrongKey = check(address, remote, key)
			return wrongKey
		},
	}
	if err := c.open(config); err != nil {
		conn.Close()
		switch {
		case wrongKey != nil:
			return nil, wrongKey
		case dialing.Err() != nil:
			return nil, f.unreachable(ctx, dialing.Err())
		case c.ssh == nil && isLoginRefused(err):
			return nil, with.refused(f)
		}
		return nil, c.explainOpening(err)
	}
	c.unbind = context.AfterFunc(ctx, func() { conn.Close() })
	return c, nil
}

// open starts SSH and then SFTP on the line.
func (c *connection) open(config *ssh.ClientConfig) error {
	conn, channels, requests, err := ssh.NewClientConn(c.line, c.server.address(), config)
	if err != nil {
		return err
	}
	c.ssh = ssh.NewClient(conn, channels, requests)
	c.Client, err = sftp.NewClient(c.ssh)
	return err
}

func (c *connection) close() {
	c.unbind()
	c.line.Conn.Close() // with a server that does not answer, an orderly end would wait
	c.Client.Close()
	c.ssh.Close()
}

// supports reports whether the server supports the extension of the protocol.
func (c *connection) supports(extension string) bool {
	_, is := c.HasExtension(extension)
	return is
}

// withLongTimeout runs do with the longer timeout, for requests that a server may need
// minutes for.
func (c *connection) withLongTimeout(do func() error) error {
	c.line.slow.Store(true)
	defer c.line.slow.Store(false)
	return do()
}

// line is the connection below SSH. It ends when it is silent for too long, and
// when more bytes arrive than are allowed.
type line struct {
	net.Conn
	slow              atomic.Bool
	received, allowed atomic.Int64 // allowed is 0 for no limit

	mu    sync.Mutex
	first error // the first that happened
}

// Read implements [net.Conn].
func (l *line) Read(b []byte) (int, error) {
	if err := l.SetReadDeadline(l.deadline()); err != nil {
		return 0, l.record(err)
	}
	n, err := l.Conn.Read(b)
	if got, limit := l.received.Add(int64(n)), l.allowed.Load(); limit > 0 && got > limit {
		err = errEndless
		l.record(err)
		l.Close()
	}
	return n, l.record(err)
}

// Write implements [net.Conn]. Progress in writing shows that the line lives, so
// it gives the answer more time too.
func (l *line) Write(b []byte) (int, error) {
	if err := l.SetDeadline(l.deadline()); err != nil {
		return 0, l.record(err)
	}
	n, err := l.Conn.Write(b)
	return n, l.record(err)
}

func (l *line) deadline() time.Time {
	if l.slow.Load() {
		return time.Now().Add(slowTimeout)
	}
	return time.Now().Add(idleTimeout)
}

func (l *line) record(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == nil {
		l.first = err
	}
	return err
}

// err is the first error of the line, nil while it works.
func (l *line) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}
