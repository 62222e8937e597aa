package destination

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

var (
	// dialLimit is how long it may take until a server is ready for files.
	dialLimit = 30 * time.Second
	// silenceLimit is how long nothing may move on a line.
	silenceLimit = 60 * time.Second
	// settleLimit is the same while a server brings a file to its disk, or copies
	// it to another name, as gateways to S3 do.
	settleLimit = 10 * time.Minute
)

// connection is a login at a server.
type connection struct {
	*sftp.Client
	server SFTP
	ctx    context.Context
	line   *line
	ssh    *ssh.Client
	unbind func() bool // lets the line outlive the context
}

// connect logs in. A server shows only one host key, so if it is not the expected
// one, connect tries again asking for the next kind of key.
func (s SFTP) connect(ctx context.Context) (*connection, error) {
	with, err := s.credentials()
	if err != nil {
		return nil, err
	}
	t, err := s.trusted()
	if err != nil {
		return nil, err
	}
	var first error
	for _, kinds := range t.kinds {
		c, err := s.dial(ctx, with, t.check, kinds)
		if err == nil {
			return c, nil
		}
		var wrong keyError
		if !errors.As(err, &wrong) && !offersNone(err) {
			return nil, err
		}
		if first == nil || offersNone(first) {
			first = err
		}
	}
	if offersNone(first) {
		return nil, fmt.Errorf("the server has no key of the kind that is expected (%s); ask its owner whether its key has changed", strings.Join(slices.Concat(t.kinds...), ", "))
	}
	return nil, first
}

// offersNone tells whether the server has no key of the kind that was asked for.
func offersNone(err error) bool {
	var none *ssh.AlgorithmNegotiationError
	return errors.As(err, &none) && strings.Contains(none.What, "host key")
}

func (s SFTP) dial(ctx context.Context, with credentials, check ssh.HostKeyCallback, kinds []string) (*connection, error) {
	soon, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(soon, "tcp", s.address())
	if err != nil {
		return nil, s.unreachable(ctx, err)
	}
	c := &connection{server: s, ctx: ctx, line: &line{Conn: conn}}
	stop := context.AfterFunc(soon, func() { conn.Close() })
	defer stop()
	var wrong error
	config := &ssh.ClientConfig{
		User: s.User, Auth: with.methods, HostKeyAlgorithms: kinds,
		HostKeyCallback: func(address string, remote net.Addr, key ssh.PublicKey) error {
			wrong = check(address, remote, key)
			return wrong
		},
	}
	if err := c.open(config); err != nil {
		conn.Close()
		switch {
		case wrong != nil:
			return nil, wrong
		case soon.Err() != nil:
			return nil, s.unreachable(ctx, soon.Err())
		case c.ssh == nil && denied(err):
			return nil, with.refused(s)
		}
		return nil, c.strange(err)
	}
	c.unbind = context.AfterFunc(ctx, func() { conn.Close() })
	return c, nil
}

// open speaks SSH and then SFTP on the line.
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
	c.line.Conn.Close() // with a server that does not answer, a goodbye would wait
	c.Client.Close()
	c.ssh.Close()
}

// knows tells whether the server knows the extension of the protocol.
func (c *connection) knows(extension string) bool {
	_, is := c.HasExtension(extension)
	return is
}

// unreachable says why there is no line to the server.
func (s SFTP) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("stopped: %w", context.Cause(ctx))
	}
	var name *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("it does not answer within %v", dialLimit)
	case errors.As(err, &name) && name.IsNotFound:
		err = errors.New("no server has that name")
	case errors.As(err, &name):
		err = errors.New("its name can't be looked up")
	case errors.As(err, &op):
		err = op.Err
		var call *os.SyscallError
		if errors.As(err, &call) {
			err = call.Err
		}
	}
	return fmt.Errorf("%s can't be reached: %w", s.address(), err)
}

// strange says what went wrong before the server was ready.
func (c *connection) strange(err error) error {
	var none *ssh.AlgorithmNegotiationError
	switch {
	case offersNone(err):
		return err
	case errors.As(err, &none):
		return fmt.Errorf("the server and winnow have no %s in common: the server's are %s", none.What, strings.Join(none.RequestedAlgorithms, ", "))
	case strings.Contains(err.Error(), "subsystem request failed"):
		return fmt.Errorf("the server lets %s in but offers no files: let its owner turn SFTP on", c.server.User)
	case strings.Contains(err.Error(), "overflow reading version"), strings.Contains(err.Error(), "invalid version"):
		return fmt.Errorf("%s does not speak SSH: look at the port", c.server.address())
	case c.ssh != nil && c.line.failed() != nil:
		return fmt.Errorf("the server lets %s in, and then closed the line before it offered files: its log says why; often others than root may write to the folder that it locks people into", c.server.User)
	case c.line.failed() != nil:
		return fmt.Errorf("%s closed the line before the login was done", c.server.address())
	}
	return fmt.Errorf("logging in: %s", strings.TrimPrefix(err.Error(), "ssh: "))
}

// patiently runs do with the longer timeout, for requests that a server may need
// minutes for.
func (c *connection) patiently(do func() error) error {
	c.line.settling.Store(true)
	defer c.line.settling.Store(false)
	return do()
}

// line is the connection below SSH. It ends when nothing moves for a while, and
// when more comes than is waited for.
type line struct {
	net.Conn
	settling          atomic.Bool
	received, allowed atomic.Int64 // allowed is 0 for anything

	mu  sync.Mutex
	end error // the first that went wrong
}

// Read implements [net.Conn].
func (l *line) Read(b []byte) (int, error) {
	if err := l.SetReadDeadline(l.deadline()); err != nil {
		return 0, l.note(err)
	}
	n, err := l.Conn.Read(b)
	if got, limit := l.received.Add(int64(n)), l.allowed.Load(); limit > 0 && got > limit {
		err = errEndless
		l.note(err)
		l.Close()
	}
	return n, l.note(err)
}

// Write implements [net.Conn]. What is written shows that the line lives, so it
// gives the answer more time too.
func (l *line) Write(b []byte) (int, error) {
	if err := l.SetDeadline(l.deadline()); err != nil {
		return 0, l.note(err)
	}
	n, err := l.Conn.Write(b)
	return n, l.note(err)
}

func (l *line) deadline() time.Time {
	if l.settling.Load() {
		return time.Now().Add(settleLimit)
	}
	return time.Now().Add(silenceLimit)
}

func (l *line) note(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end == nil {
		l.end = err
	}
	return err
}

func (l *line) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end
}
