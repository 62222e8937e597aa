package load

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Request is a request as it is sent.
type Request struct {
	Method string
	Target string // path and query
	Header [][2]string
	Body   []byte
}

// Answer is what came of a request.
type Answer struct {
	Status int // 0 for none
	// Sent is set when all or a part of the request was sent. Without an answer it is not
	// known then what became of it.
	Sent bool
	Err  error // why there is no answer
}

// connection is a connection of HTTP/1.1 that is used for one request after the other. It is
// made anew when it was closed. net/http would take as much of the machine as the daemon does.
type connection struct {
	to      *url.URL
	connect func(context.Context) (net.Conn, error)
	timeout time.Duration
	conn    net.Conn
	reader  *bufio.Reader
	used    time.Time
	buffer  []byte
}

// idle is for how long a connection may be unused: servers close those that are longer.
const idle = 20 * time.Second

// do sends a request and reads the answer.
func (c *connection) do(ctx context.Context, r *Request) (a Answer) {
	if c.conn != nil && time.Since(c.used) > idle {
		c.close()
	}
	if c.conn == nil {
		if a.Err = c.dial(ctx); a.Err != nil {
			return a
		}
	}
	if a.Err = c.conn.SetDeadline(time.Now().Add(c.timeout)); a.Err != nil {
		c.close()
		return a
	}
	a.Sent = true
	_, wrote := c.conn.Write(c.encode(r))
	answer, err := http.ReadResponse(c.reader, nil) // also after an error: what is too large may be refused before it is read
	if err == nil {
		a.Status = answer.StatusCode
		_, err = io.Copy(io.Discard, answer.Body)
		err = errors.Join(err, answer.Body.Close())
	} else {
		a.Err = errors.Join(wrote, err)
	}
	if c.used = time.Now(); err != nil || wrote != nil || answer.Close {
		c.close()
	}
	return a
}

// dial connects to the host of a URL.
func dial(ctx context.Context, to *url.URL, config *tls.Config) (net.Conn, error) {
	host := to.Host
	if to.Port() == "" {
		host = net.JoinHostPort(to.Hostname(), map[string]string{"http": "80", "https": "443"}[to.Scheme])
	}
	if to.Scheme == "https" {
		return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", host)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", host)
}

func (c *connection) dial(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var err error
	if c.conn, err = c.connect(ctx); err != nil {
		c.conn = nil
		return err
	}
	c.reader = bufio.NewReader(c.conn)
	return nil
}

// encode writes the request into the connection's buffer.
func (c *connection) encode(r *Request) []byte {
	b := append(c.buffer[:0], r.Method...)
	b = append(append(b, ' '), r.Target...)
	b = append(append(b, " HTTP/1.1\r\nHost: "...), c.to.Host...)
	b = append(b, "\r\nUser-Agent: winnow-simulate\r\n"...)
	for _, h := range r.Header {
		b = append(append(append(append(b, h[0]...), ": "...), h[1]...), "\r\n"...)
	}
	if len(r.Body) > 0 || r.Method == http.MethodPost {
		b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(r.Body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(append(b, "\r\n"...), r.Body...)
	if c.buffer = b; cap(b) > 64<<10 {
		c.buffer = nil
	}
	return b
}

func (c *connection) close() {
	if c.conn != nil {
		c.conn.Close()
	}
	c.conn = nil
}
