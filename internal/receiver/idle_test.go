package receiver

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// oneConn is a listener with one connection.
type oneConn struct {
	conn   chan net.Conn
	closed chan struct{}
}

func (l oneConn) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l oneConn) Close() error   { close(l.closed); return nil }
func (l oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// exchange sends the pieces to a server with a pause between each two, and gives
// the answer and how long after the first piece it came.
func exchange(t *testing.T, h fixture, pause time.Duration, pieces []string) (answer string, took time.Duration) {
	t.Helper()
	client, conn := net.Pipe()
	l := oneConn{make(chan net.Conn, 1), make(chan struct{})}
	l.conn <- conn
	server := Server(h.Handler())
	go server.Serve(l)
	var sending sync.WaitGroup
	defer sending.Wait()
	// Close would leave a connection that is still being shut.
	defer server.Shutdown(t.Context())
	defer client.Close()
	began := time.Now()
	sending.Go(func() {
		for i, piece := range pieces {
			if i > 0 {
				time.Sleep(pause)
			}
			if _, err := io.WriteString(client, piece); err != nil {
				return
			}
		}
	})
	resp, err := http.ReadResponse(bufio.NewReader(client), nil)
	if err != nil {
		return err.Error(), time.Since(began)
	}
	return resp.Status, time.Since(began)
}

func TestSenderThatStopsTimesOut(t *testing.T) {
	announced := fmt.Sprintf("POST /callbacks/%s HTTP/1.1\r\nHost: winnow\r\nContent-Length: %d\r\n\r\n", token, len(event))
	chunked := "POST /callbacks/" + token + " HTTP/1.1\r\nHost: winnow\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, c := range map[string]struct {
		pause  time.Duration
		pieces []string
		want   string
		after  time.Duration
	}{
		"in one piece":          {0, []string{announced + event}, "200 OK", 0},
		"slow and steady":       {9 * time.Second, []string{announced, event[:5], event[5:20], event[20:]}, "200 OK", 27 * time.Second},
		"slow and steady parts": {9 * time.Second, []string{chunked, "5\r\n" + event[:5] + "\r\n", fmt.Sprintf("%x\r\n%s\r\n", len(event)-5, event[5:]), "0\r\n\r\n"}, "200 OK", 27 * time.Second},
		"nothing at all":        {0, []string{announced}, "400 Bad Request", bodyIdleTimeout},
		"nothing in chunks":     {0, []string{chunked}, "400 Bad Request", bodyIdleTimeout},
		"stops midway":          {9 * time.Second, []string{announced, event[:5]}, "400 Bad Request", 9*time.Second + bodyIdleTimeout},
		"trickles":              {2 * time.Second, append([]string{announced}, strings.Split(event, "")...), "400 Bad Request", bodyTimeout},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := open(t)
			answer, took := exchange(t, h, c.pause, c.pieces)
			if answer != c.want || took != c.after {
				t.Errorf("%s: %s after %s, want %s after %s", name, answer, took, c.want, c.after)
			}
			if stored := h.log.size() == 1; stored != (c.want == "200 OK") {
				t.Errorf("%s: %d stored", name, h.log.size())
			}
		})
	}
}

func TestIdleConnectionsTimeOut(t *testing.T) {
	s := Server(http.NotFoundHandler())
	if s.ReadHeaderTimeout != 5*time.Second || s.ReadTimeout != 10*time.Second || s.IdleTimeout != 90*time.Second || s.MaxHeaderBytes != 16<<10 {
		t.Errorf("limits %+v", s)
	}
	if s.WriteTimeout <= bodyTimeout {
		t.Errorf("a body may take %s to arrive, and its answer must be out after %s", bodyTimeout, s.WriteTimeout)
	}
}
