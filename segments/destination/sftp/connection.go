package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// dialTimeout is how long it may take until a server is ready for files.
var dialTimeout = 30 * time.Second

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
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var first error
	for _, kinds := range trusted.kinds {
		c, err := f.dial(ctx, dialing, with, trusted.check, kinds)
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

// dial logs in while dialing lasts. The connection lasts as long as ctx.
func (f Folder) dial(ctx, dialing context.Context, with credentials, check ssh.HostKeyCallback, kinds []string) (*connection, error) {
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
	c.Client, err = c.openFiles()
	return err
}

// openFiles starts SFTP, with a view of its requests and answers for the line.
func (c *connection) openFiles() (*sftp.Client, error) {
	session, err := c.ssh.NewSession()
	if err != nil {
		return nil, err
	}
	if err := session.RequestSubsystem("sftp"); err != nil {
		return nil, err
	}
	to, err := session.StdinPipe()
	if err != nil {
		return nil, err
	}
	from, err := session.StdoutPipe()
	if err != nil {
		return nil, err
	}
	complaints, err := session.StderrPipe()
	if err != nil {
		return nil, err
	}
	go io.Copy(io.Discard, complaints) // until the connection is closed
	return sftp.NewClientPipe(&answers{Reader: from, line: c.line}, &requests{WriteCloser: to, line: c.line})
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
